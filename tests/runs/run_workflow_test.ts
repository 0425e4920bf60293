import assert from "node:assert/strict";
import { runNow } from "../../functions/mod.ts";
import { type Clock, fastClock, systemClock } from "../../lib/clock.ts";
import { InvalidInputs } from "../../lib/errors.ts";
import type { RunEvent } from "../../lib/events.ts";
import type { Log } from "../../lib/log.ts";
import { runWorkflow } from "../../lib/runs/run_workflow.ts";
import { Secret } from "../../lib/secret.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { submittedTo } from "../support/received.ts";

const FORM = `permissions: [clusters:read]
configurations: { small: { inputs: { nodes: 2 } } }
on: { execute: { inputs: { nodes: { type: integer, default: 1 }, note: { type: string, optional: true } } } }
jobs: { main: { steps: [{ name: solve, run: "true" }] } }
`;

async function aStage() {
  const clock = fastClock(systemClock, 60);
  const simulator = await startSimulator({
    clock,
    behavior: { consent: "always" },
    workflows: { solver: FORM },
  });
  const warnings: string[] = [];
  const log: Log = (level, message) => void (level === "WARNING" && warnings.push(message));
  const deps = await depsFor(simulator, { clock, log });
  return { simulator, deps, warnings, [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose]() };
}

Deno.test("runWorkflow() takes a preset, a display name and the consent, and logs warnings about the inputs", async () => {
  await using stage = await aStage();
  const { simulator, deps, warnings } = stage;
  await assert.rejects(runWorkflow("solver", { deps }), { kind: "consent_required" });
  const settings = { preset: "small", displayName: "nightly", isTrusted: true, inputs: { note: "n", nots: "n" } };
  const { status } = await runWorkflow("solver", { deps, ...settings });
  assert.equal(status, "completed");
  assert.deepEqual(submittedTo(simulator).at(-1)?.inputs, { nodes: 2, note: "n", nots: "n" });
  const { runs } = await deps.client.listRuns();
  assert.match(runs[0]?.displayName ?? "", /^nightly /);
  assert.deepEqual(warnings, ['solver: nots unknown field: did you mean "note"?']);
});

Deno.test("runWorkflow() with strict checking refuses a field that the form does not have", async () => {
  await using stage = await aStage();
  const settings = { checking: "strict", isTrusted: true, inputs: { nots: "n" } } as const;
  await assert.rejects(runWorkflow("solver", { deps: stage.deps, ...settings }), { name: "InvalidInputs" });
  assert.equal(stage.simulator.received("submit").length, 0);
});

Deno.test("runNow() takes the same settings", async () => {
  await using stage = await aStage();
  const { deps, warnings } = stage;
  const { state } = await runNow(deps, "solver", { key: "a", preset: "small", isTrusted: true, inputs: { nots: 1 } });
  assert.equal(state, "active");
  assert.equal(submittedTo(stage.simulator)[0]?.inputs["nodes"], 2);
  assert.deepEqual(warnings, ['solver: nots unknown field: did you mean "note"?']);
});

Deno.test("runWorkflow() logs what it chooses for the caller, like the only cluster that fits", async () => {
  const clock = fastClock(systemClock, 60);
  const form = `on: { execute: { inputs: { resource: { type: compute-clusters, autoselect: true } } } }
jobs: { main: { steps: [{ name: solve, run: "true" }] } }
`;
  const clusters = { narwhal: { schedulerType: "slurm", type: "existing" } };
  await using simulator = await startSimulator({ clock, workflows: { solver: form }, clusters });
  const infos: string[] = [];
  const deps = await depsFor(simulator, { clock, log: (level, text) => void (level === "INFO" && infos.push(text)) });
  await runWorkflow("solver", { deps });
  assert.match(infos.join("\n"), /^solver: .*narwhal/);
});

/** As a program in JavaScript may pass it. */
const untyped = (value: unknown) => value as never;

Deno.test("inputs that are no JSON object are refused with the path, before anything is submitted", async () => {
  await using stage = await aStage();
  for (
    const [inputs, path, message] of [
      ["note=n", "", "must be an object: got a string"],
      [null, "", "must be an object: got null"],
      [["n"], "", "must be an object: got a list"],
      [new Map([["note", "n"]]), "", "must be an object: got a class instance"],
      [{ note: () => "n" }, "note", "must be JSON: got a function"],
      [{ note: undefined }, "note", "must be JSON: got nothing"],
      [{ list: [1, 2n] }, "list[1]", "must be JSON: got a bigint"],
      [{ at: { any: new Secret("hunter2") } }, "at.any", "must be JSON: got a class instance"],
    ] as const
  ) {
    await assert.rejects(runWorkflow("solver", { deps: stage.deps, inputs: untyped(inputs) }), (error) => {
      assert.ok(error instanceof InvalidInputs, Deno.inspect(error));
      assert.deepEqual(error.problems, [{ origin: "inputs", path, message }]);
      return true;
    });
  }
  const cyclic: Record<string, unknown> = {};
  cyclic["rows"] = [{ of: cyclic }];
  const problems = [{ origin: "inputs", path: "rows[0].of", message: "must be JSON: it contains itself" }];
  await assert.rejects(runWorkflow("solver", { deps: stage.deps, inputs: untyped(cyclic) }), { problems });
  const shared = [null];
  const inputs = untyped({ note: "n", own: Object.assign(Object.create(null), { a: shared, b: shared }) });
  await runWorkflow("solver", { deps: stage.deps, isTrusted: true, inputs });
  assert.deepEqual(submittedTo(stage.simulator)[0]?.inputs, { nodes: 1, note: "n", own: { a: [null], b: [null] } });
});

Deno.test("a callback of runWorkflow() that fails ends the call with its error, and what was started for it", async () => {
  await using stage = await aStage();
  const open = new Set<AbortSignal>();
  const clock: Clock = {
    ...stage.deps.clock,
    timeout(durationMs) {
      const { signal, ...deadline } = stage.deps.clock.timeout(durationMs);
      open.add(signal);
      return { signal, [Symbol.dispose]: () => (open.delete(signal), deadline[Symbol.dispose]()) };
    },
  };
  const failure = new Error("own");
  const fail = (type: string) => {
    if (type === "status") throw failure;
  };
  for (
    const callbacks of [
      { onStatus: ({ type }: RunEvent) => fail(type) },
      { onEvent: ({ type }: RunEvent) => fail(type) },
      // deno-lint-ignore require-await
      { onEvent: async ({ type }: RunEvent) => fail(type) },
      // Of two that fail, none may remain as an unhandled rejection.
      { onStatus: () => Promise.reject(failure), onEvent: ({ type }: RunEvent) => fail(type) },
    ]
  ) {
    const call = runWorkflow("quick", { deps: { ...stage.deps, clock }, ...callbacks });
    await assert.rejects(call, (error) => error === failure);
    assert.equal(open.size, 0);
  }
});

Deno.test("a signal ends runWorkflow() while it waits for a callback", async () => {
  await using stage = await aStage();
  const controller = new AbortController();
  const call = runWorkflow("quick", {
    deps: stage.deps,
    signal: controller.signal,
    onStatus: () => {
      controller.abort("stopped");
      return Promise.withResolvers().promise;
    },
  });
  await assert.rejects(call, (error) => error === "stopped");
});
