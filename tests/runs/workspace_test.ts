import assert from "node:assert/strict";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE, type ExecuteOptions } from "../../lib/runs/options.ts";
import type { RunEvent } from "../../lib/events.ts";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const OFF = { workspace: "Off", workspaceErrorStatus: 400 } as const;

for (
  const [submitTimeoutMs, submits] of [
    [14_999, 1],
    [15_000, 2],
    [29_999, 2],
    [30_000, 3],
  ] as const
) {
  Deno.test(`a workspace that stays off is asked ${submits} times, every 15 s, within a submit timeout of ${submitTimeoutMs} ms`, async () => {
    await using stage = await aStage({ behavior: OFF });
    await assert.rejects(stage.execute({ submitTimeoutMs }), {
      kind: "not_submitted",
      message: /^Cannot submit quick: your workspace is Off \(server response: .*\)$/,
      commandHint: /^Nothing was started\. Start your workspace with `pw-workflow-runner workspace start`/,
    });
    const timesMs = stage.simulator.received("submit").map(({ atMs }) => atMs);
    assert.equal(timesMs.length, submits);
    for (const [index, atMs] of timesMs.entries()) assert.equal(atMs - (timesMs[0] ?? 0), index * 15_000);
    assert.deepEqual(
      stage.events.flatMap((event) => event.type === "submit-delayed" ? [event.untilMs - event.atMs] : []),
      Array.from({ length: submits - 1 }, () => 15_000),
    );
    const [stored] = await stage.deps.store.listRecent({ limit: 1 });
    assert.equal(stored?.state, "rejected");
  });
}

Deno.test("a refused submit is final where the status of the workspace cannot be read", async () => {
  await using stage = await aStage({
    behavior: OFF,
    faults: [{ on: "workspace-status", status: 500, times: Infinity }],
  });
  await assert.rejects(stage.execute({}), { kind: "rejected" });
  assert.deepEqual(
    ["submit", "workspace-status"].map((operation) =>
      stage.simulator.received().filter((request) => request.operation === operation).length
    ),
    [1, 1],
  );
});

async function aStage(options: SimulatorOptions) {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, ...options });
  const deps = await depsFor(simulator, { clock });
  const events: RunEvent[] = [];
  return {
    simulator,
    deps,
    events,
    execute: async (parts: Partial<ExecuteOptions>) => {
      const request = aRequest({ workflow: "quick", inputs: {} });
      const run = execute(deps, request, { ...DEFAULT_EXECUTE, signal: new AbortController().signal, ...parts });
      return await toEnd(run, (event) => void events.push(event));
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}
