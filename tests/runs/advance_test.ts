import assert from "node:assert/strict";
import { advance } from "../../lib/runs/advance.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { createSubmission } from "../../lib/runs/create_submission.ts";
import { isOpen, type Submission } from "../../lib/submission.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const OPTIONS = { ...DEFAULT_EXECUTE, submitted: "yes", signal: new AbortController().signal } as const;

Deno.test("advance() submits each pending submission once, and polls twenty runs with one list request", async () => {
  await using stage = await aStage("never-ending", 20);
  let submissions = await stage.advance(stage.submissions);
  assert.equal(stage.simulator.received("submit").length, 20);
  assert.ok(submissions.every(({ state }) => state === "active"));
  stage.clock.advance(60_000);
  submissions = await stage.advance(submissions);
  assert.equal(stage.simulator.received("list-runs").filter(({ path }) => path.includes("status=running")).length, 1);
  assert.equal(stage.simulator.received("get-run").length, 0);
  assert.equal(stage.simulator.received("submit").length, 20);
});

Deno.test("advance() polls only the runs that are no longer listed as running, and finishes them", async () => {
  await using stage = await aStage("never-ending", 6);
  const submissions = await stage.advance(stage.submissions);
  const [first] = stage.simulator.runs();
  stage.simulator.cancelExternally(first?.slug ?? "");
  stage.clock.advance(60_000);
  const finished = (await stage.advance(submissions)).filter((submission) => !isOpen(submission));
  assert.equal(stage.simulator.received("get-run").length, 1);
  assert.deepEqual(finished.map((submission) => submission.state === "finished" && submission.result.kind), [
    "cancelled",
  ]);
});

Deno.test("advance() polls each run when listing fails", async () => {
  await using stage = await aStage("never-ending", 5);
  const submissions = await stage.advance(stage.submissions);
  stage.simulator.addFaults({ on: "list-runs", status: 500, times: Infinity });
  stage.clock.advance(60_000);
  await stage.advance(submissions);
  assert.equal(stage.simulator.received("get-run").length, 5);
});

Deno.test("advance() returns submissions unchanged that are not due or have ended", async () => {
  await using stage = await aStage("quick", 1);
  const submissions = await stage.advance(stage.submissions);
  assert.deepEqual(await stage.advance(submissions), submissions);
  assert.equal(stage.simulator.received("get-run").length, 0);
  stage.clock.advance(60_000);
  const ended = await stage.advance(submissions);
  stage.clock.advance(60_000);
  assert.deepEqual(await stage.advance(ended), ended);
  assert.equal(stage.simulator.received("get-run").length, 1);
});

async function aStage(workflow: string, count: number) {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  const submissions: Submission[] = [];
  for (let index = 0; index < count; index++) {
    submissions.push(await createSubmission(deps, aRequest({ workflow, inputs: {} }), OPTIONS));
  }
  return {
    clock,
    simulator,
    submissions,
    async advance(before: readonly Submission[]): Promise<Submission[]> {
      return (await advance(deps, before, OPTIONS)).map(({ submission }) => submission);
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}
