import assert from "node:assert/strict";
import { fastClock, systemClock } from "../../lib/clock.ts";
import { toEnd } from "../../lib/runs/execute.ts";
import { runWorkflow, type RunWorkflowOptions } from "../../lib/runs/run_workflow.ts";
import { trackRun } from "../../lib/runs/track_run.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";

for (
  const [name, options] of Object.entries<Omit<RunWorkflowOptions, "deps">>({
    timeoutMs: { timeoutMs: NaN },
    unreachableTimeoutMs: { unreachableTimeoutMs: NaN },
    submitTimeoutMs: { submitTimeoutMs: NaN },
    pollIntervalMs: { pollInterval: { pollIntervalMs: NaN, maxPollIntervalMs: 1_000 } },
    maxPollIntervalMs: { pollInterval: { pollIntervalMs: 1_000, maxPollIntervalMs: Infinity } },
    firstPollMs: { pollInterval: { pollIntervalMs: 1_000, maxPollIntervalMs: 1_000, firstPollMs: -1 } },
  })
) {
  Deno.test(`${name} is refused by name if it is not a time, before a request is sent`, async () => {
    await using simulator = await startSimulator();
    const deps = await depsFor(simulator, { clock: fastClock(systemClock, 60) });
    const refusal = { name: "RangeError", message: new RegExp(`^${name} must be a number of milliseconds`) };
    await assert.rejects(runWorkflow("never-ending", { deps, timeoutMs: 60_000, ...options }), refusal);
    await assert.rejects(toEnd(trackRun(deps, { type: "slug", slug: "any" }, options)), refusal);
    assert.equal(simulator.received().length, 0);
  });
}
