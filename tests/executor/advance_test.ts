/** One turn for many records: few requests, and each run's own next thing. */

import assert from "node:assert/strict";
import { advance } from "../../lib/executor/advance.ts";
import { DEFAULT_EXECUTE } from "../../lib/executor/execute.ts";
import { intend } from "../../lib/executor/intend.ts";
import { isOver } from "../../lib/executor/lifecycle.ts";
import type { RunRecord } from "../../lib/model.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const OPTIONS = { ...DEFAULT_EXECUTE, submitted: "yes", signal: new AbortController().signal } as const;

Deno.test("advance() submits each intended record once, and looks at twenty runs with one list", async () => {
  await using stage = await aStage("never-ending", 20);
  let records = await stage.turn(stage.records);
  assert.equal(stage.simulator.received("submit").length, 20);
  assert.ok(records.every(({ state }) => state === "seen"));
  stage.clock.advance(60_000);
  records = await stage.turn(records);
  assert.equal(stage.simulator.received("list-runs").filter(({ path }) => path.includes("status=running")).length, 1);
  assert.equal(stage.simulator.received("get-run").length, 0);
  assert.equal(stage.simulator.received("submit").length, 20);
});

Deno.test("advance() asks by name only for the runs that left the list, and settles them", async () => {
  await using stage = await aStage("never-ending", 6);
  const records = await stage.turn(stage.records);
  const [first] = stage.simulator.runs();
  stage.simulator.cancelFromOutside(first?.slug ?? "");
  stage.clock.advance(60_000);
  const settled = (await stage.turn(records)).filter(isOver);
  assert.equal(stage.simulator.received("get-run").length, 1);
  assert.deepEqual(settled.map((record) => record.state === "settled" && record.result.kind), ["cancelled"]);
});

Deno.test("advance() asks for each by name when the list can't be had", async () => {
  await using stage = await aStage("never-ending", 5);
  const records = await stage.turn(stage.records);
  stage.simulator.addFaults({ on: "list-runs", status: 500, times: Infinity });
  stage.clock.advance(60_000);
  await stage.turn(records);
  assert.equal(stage.simulator.received("get-run").length, 5);
});

Deno.test("advance() leaves alone what is not due, and what is over", async () => {
  await using stage = await aStage("quick", 1);
  const records = await stage.turn(stage.records);
  assert.deepEqual(await stage.turn(records), records);
  assert.equal(stage.simulator.received("get-run").length, 0);
  stage.clock.advance(60_000);
  const ended = await stage.turn(records);
  stage.clock.advance(60_000);
  assert.deepEqual(await stage.turn(ended), ended);
  assert.equal(stage.simulator.received("get-run").length, 1);
});

async function aStage(workflow: string, count: number) {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  const records: RunRecord[] = [];
  for (let index = 0; index < count; index++) {
    records.push(await intend(deps, aRequest({ workflow, inputs: {} }), OPTIONS));
  }
  return {
    clock,
    simulator,
    records,
    async turn(before: readonly RunRecord[]): Promise<RunRecord[]> {
      return (await advance(deps, before, OPTIONS)).map(({ record }) => record);
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}
