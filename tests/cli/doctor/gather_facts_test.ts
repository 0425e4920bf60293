import assert from "node:assert/strict";
import { Stopped } from "../../../lib/cli/context.ts";
import { examine } from "../../../lib/cli/doctor/gather_facts.ts";
import { createOutput } from "../../../lib/cli/output.ts";
import type { Check } from "../../../lib/cli/doctor/check.ts";
import { keyFor } from "../../platform/support/servers.ts";
import { aContext } from "../../support/cli_context.ts";
import { virtualClock } from "../../support/virtual_clock.ts";

const URL_OF_HOST = "http://127.0.0.1:9";

/** What is found where a request never ends; `onRequest` is told of each. */
async function examineSilence(onRequest: () => void, { clock = virtualClock(), signal = unstopped() } = {}) {
  // No place for a history: no file is being looked at when it ends.
  const env = new Map([["PW_API_KEY", keyFor(URL_OF_HOST)]]);
  const context = aContext({
    clock,
    env: (name) => env.get(name),
    fetch: () => {
      queueMicrotask(onRequest);
      return new Promise(() => {});
    },
  });
  const output = createOutput(context, { mode: "text", level: "INFO", mayColor: false });
  const checks: Check[] = [];
  for await (const check of examine(context, output, { values: {}, signal })) checks.push(check);
  return new Map(checks.map((check) => [check.name, check]));
}

const unstopped = () => new AbortController().signal;

Deno.test("a host that never answers is given up after ten seconds", async () => {
  const clock = virtualClock();
  const checks = await examineSilence(() => clock.advance(10_000), { clock });
  assert.equal(checks.get("connection")?.status, "failed");
  assert.match(checks.get("connection")?.detail ?? "", /no answer within 10 s$/);
  assert.equal(checks.get("account")?.status, "skipped");
});

Deno.test("who asks it to stop is not told of a failure instead", async () => {
  const stopping = new AbortController();
  const stopped = new Stopped("SIGINT");
  await assert.rejects(
    examineSilence(() => stopping.abort(stopped), { signal: stopping.signal }),
    (error) => error === stopped,
  );
});
