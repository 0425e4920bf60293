import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { cancelRun } from "../../lib/runs/cancel.ts";
import { toEnd } from "../../lib/runs/execute.ts";
import { findRun } from "../../lib/runs/find.ts";
import { runWorkflow, type RunWorkflowOptions } from "../../lib/runs/run_workflow.ts";
import { trackRun } from "../../lib/runs/track_run.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";

/** As a program in JavaScript may pass it. */
const untyped = (value: unknown) => value as never;

for (
  const [name, value, message] of [
    ["signal", new AbortController(), "signal must be an AbortSignal: got a class instance"],
    ["pollInterval", null, "pollIntervalMs must be a number of milliseconds of at least 0: got undefined"],
    ["isWaiting", "false", "isWaiting must be true or false: got a string"],
    ["onStatus", "console.log", "onStatus must be a function: got a string"],
    ["onEvent", null, "onEvent must be a function: got null"],
    ["isTrusted", "false", "isTrusted must be true or false: got a string"],
    ["checking", "Strict", 'checking must be lenient, strict or none: got "Strict"'],
    ["displayName", 1, "displayName must be a text or null: got a number"],
    ["idempotencyKey", null, 'idempotencyKey must be like { text: "nightly-2026-01-31", policy: "attach" }'],
    ["idempotencyKey", "nightly", 'idempotencyKey must be like { text: "nightly-2026-01-31", policy: "attach" }'],
    [
      "idempotencyKey",
      { text: "nightly", policy: "new-if-faild" },
      'idempotencyKey.policy must be attach, reject or new-if-failed: got "new-if-faild"',
    ],
    [
      "idempotencyKey",
      { text: "nightly" },
      "idempotencyKey.policy must be attach, reject or new-if-failed: got undefined",
    ],
    ["timeout", 5_000, 'Unknown option "timeout". Did you mean "timeoutMs"?'],
    ["key", "nightly", /^Unknown option "key"\. Known: timeoutMs, .*, idempotencyKey, .*, inputs, /],
    [
      "idempotencyKey",
      { text: "nightly", policy: "attach", attempt: 0 },
      "idempotencyKey.attempt must be a whole number of at least 1: got 0",
    ],
  ] as const
) {
  Deno.test(`${name} of another type is refused by name, and nothing is sent`, async () => {
    await using simulator = await startSimulator();
    const deps = await depsFor(simulator, { clock: fastClock(systemClock, 60) });
    const refused = runWorkflow("quick", untyped({ deps, [name]: value }));
    await assert.rejects(refused, { message });
    assert.equal(simulator.received().length, 0);
  });
}

for (const name of [undefined, 7, { workflow: "quick" }]) {
  Deno.test(`${Deno.inspect(name)} is refused as the name of a workflow`, async () => {
    await using simulator = await startSimulator();
    const deps = await depsFor(simulator, { clock: systemClock });
    await assert.rejects(runWorkflow(untyped(name), { deps }), { kind: "usage", message: /is not a valid name$/ });
  });
}

Deno.test("an empty name is refused without a gap in the message", async () => {
  await using simulator = await startSimulator();
  const deps = await depsFor(simulator, { clock: systemClock });
  const message = 'Cannot read workflow: "" is not a valid name';
  await assert.rejects(runWorkflow("", { deps }), { kind: "usage", message });
});

Deno.test("options that are no object are refused before a request is sent", async () => {
  await using simulator = await startSimulator();
  const deps = await depsFor(simulator, { clock: systemClock });
  const refusal = { name: "TypeError", message: /^Unknown option "0"/ };
  await assert.rejects(toEnd(trackRun(deps, { type: "slug", slug: "any" }, untyped("timeout=5"))), refusal);
  assert.equal(simulator.received().length, 0);
});

const NO_RUNS = [
  "quick-00001",
  undefined,
  { slug: "quick-00001" },
  { type: "last" },
  { type: "slug" },
  { type: "slug", slug: 7 },
  { type: "number", workflow: "quick" },
  { type: "number", workflow: "quick", number: "1" },
  { type: "number", workflow: "quick", number: NaN },
];
for (const runId of NO_RUNS) {
  Deno.test(`${Deno.inspect(runId)} is refused as a run, with the form that it must have`, async () => {
    await using simulator = await startSimulator();
    const deps = await depsFor(simulator, { clock: systemClock });
    const refusal = { name: "TypeError", message: /^A run must be \{ type: "slug", slug \} or \{ type: "number",/ };
    await assert.rejects(toEnd(trackRun(deps, untyped(runId))), refusal);
    await assert.rejects(cancelRun(deps, untyped(runId)), refusal);
    await assert.rejects(deps.client.getRun(untyped(runId)), refusal);
    if (JSON.stringify(runId) !== '{"type":"last"}') await assert.rejects(findRun(deps, untyped(runId)), refusal);
    assert.equal(simulator.received("get-run").length, 0);
  });
}

for (
  const [name, options] of Object.entries<Omit<RunWorkflowOptions, "deps">>({
    timeoutMs: { timeoutMs: NaN },
    "timeoutMs below 0": { timeoutMs: -5 },
    "timeoutMs in a text": { timeoutMs: untyped("60000") },
    unreachableTimeoutMs: { unreachableTimeoutMs: NaN },
    "unreachableTimeoutMs below 0": { unreachableTimeoutMs: -Infinity },
    submitTimeoutMs: { submitTimeoutMs: NaN },
    "submitTimeoutMs null": { submitTimeoutMs: untyped(null) },
    pollIntervalMs: { pollInterval: { pollIntervalMs: NaN, maxPollIntervalMs: 1_000 } },
    maxPollIntervalMs: { pollInterval: { pollIntervalMs: 1_000, maxPollIntervalMs: Infinity } },
    firstPollMs: { pollInterval: { pollIntervalMs: 1_000, maxPollIntervalMs: 1_000, firstPollMs: -1 } },
  })
) {
  Deno.test(`${name} is refused by name if it is not a time, before a request is sent`, async () => {
    await using simulator = await startSimulator();
    const deps = await depsFor(simulator, { clock: fastClock(systemClock, 60) });
    const refusal = {
      name: "RangeError",
      message: new RegExp(`^${name.split(" ")[0]} must be a number of milliseconds`),
    };
    await assert.rejects(runWorkflow("never-ending", { deps, timeoutMs: 60_000, ...options }), refusal);
    await assert.rejects(toEnd(trackRun(deps, { type: "slug", slug: "any" }, options)), refusal);
    assert.equal(simulator.received().length, 0);
  });
}
