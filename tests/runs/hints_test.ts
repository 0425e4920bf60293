/** Hints name the options of those who read them: of the library for its callers, of the command line for its users. */

import assert from "node:assert/strict";
import { RunnerError } from "../../lib/errors.ts";
import { findCredential } from "../../lib/platform/credentials/credentials.ts";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { findRun } from "../../lib/runs/find.ts";
import { prepareInputs } from "../../lib/runs/run_workflow.ts";
import { runWorkflow } from "../../lib/runs/run_workflow.ts";
import type { ServerBehavior } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { Deps } from "../../lib/runs/deps.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();
const LEGACY = { apiVersion: "legacy" } as const;
const KEY = { text: "night", policy: "attach" } as const;
const HOSTS = { PW_API_KEY: "pwt_cmVhbC5leGFtcGxl.c2VjcmV0", PW_PLATFORM_HOST: "other.example" };

for (
  const [what, call, behavior, hint, commandHint] of [
    [
      "a consent",
      (deps) => runWorkflow("needs-consent", { deps }),
      { consent: "third-party" },
      /isTrusted: true/,
      /--trust$/,
    ],
    [
      "a key on a legacy server",
      (deps) => toEnd(execute(deps, aRequest({ workflow: "quick" }), { idempotencyKey: KEY }), () => {}),
      { ...LEGACY, legacyRead: "run" },
      /run without a key$/,
      /--idempotency-key$/,
    ],
    [
      "a run that a legacy server does not show",
      (deps) => toEnd(execute(deps, aRequest({ workflow: "quick" }), DEFAULT_EXECUTE), () => {}),
      LEGACY,
      /isWaiting: false/,
      /--no-wait$/,
    ],
    [
      "an unknown workflow",
      (deps) => runWorkflow("something-else", { deps }),
      {},
      undefined,
      /`pw-workflow-runner list`/,
    ],
    ["a file for a workflow", (deps) => runWorkflow("a.json", { deps }), {}, /by its name$/, /the input file with -i$/],
    [
      "an unknown run",
      (deps) => findRun(deps, { type: "slug", slug: "absent" }, { signal }),
      {},
      undefined,
      /`pw-workflow-runner runs`/,
    ],
    [
      "invalid inputs",
      (deps) => prepareInputs(deps, "hello-world", { inputs: { hello: { message: [] } } }, { signal }),
      {},
      undefined,
      /`pw-workflow-runner show hello-world`/,
    ],
    [
      "a host that the environment names",
      () =>
        findCredential({
          env: (name) => Object.entries(HOSTS).find(([known]) => known === name)?.[1],
          readTextFile: () => Promise.reject(new Deno.errors.NotFound()),
        }, {}),
      {},
      /allowHost to "other\.example"/,
      /--allow-host other\.example/,
    ],
  ] as const satisfies readonly (readonly [
    string,
    (deps: Deps) => Promise<unknown>,
    Partial<ServerBehavior>,
    RegExp | undefined,
    RegExp,
  ])[]
) {
  Deno.test(`the hint about ${what} names the library's option to its callers, and the command line's to its users`, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock, behavior });
    const deps = await depsFor(simulator, { clock });
    await assert.rejects(call(deps), (error) => {
      assert.ok(error instanceof RunnerError);
      if (hint === undefined) assert.equal(error.hint, undefined);
      else assert.match(error.hint ?? "", hint);
      assert.match(error.commandHint ?? "", commandHint);
      // As an error that is not caught.
      assert.doesNotMatch(Deno.inspect(error), / --[a-z]|pw-workflow-runner/);
      return true;
    });
  });
}
