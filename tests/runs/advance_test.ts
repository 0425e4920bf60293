import assert from "node:assert/strict";
import { advance } from "../../lib/runs/advance.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { createSubmission } from "../../lib/runs/create_submission.ts";
import { isOpen, type RunRequest, type Submission } from "../../lib/submission.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { memoryRunStore } from "../../lib/store/memory_kv.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const OPTIONS = { ...DEFAULT_EXECUTE, signal: new AbortController().signal } as const;

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

Deno.test("advance() does not submit what was removed from the run store since it was read", async () => {
  await using stage = await aStage("quick", 1);
  const cleared = { ...stage.deps, store: memoryRunStore() };
  await assert.rejects(advance(cleared, stage.submissions, OPTIONS), {
    kind: "not_submitted",
    message: "Cannot submit quick: its record was removed from the run store",
    hint: "Nothing was started: trying again is safe",
  });
  assert.equal(stage.simulator.received("submit").length, 0);
});

Deno.test("advance() does not submit what another process has submitted, and keeps the inputs that it knows", async () => {
  await using stage = await aStage("quick", 1, { inputs: { password: "hunter2x" }, secretPaths: ["password"] });
  const [other] = await stage.advance(stage.submissions);
  assert.equal((await stage.deps.store.get(other?.submissionId ?? ""))?.request.inputs, null);
  const [advanced] = await advance(stage.deps, stage.submissions, OPTIONS);
  assert.deepEqual([advanced?.submission.state, advanced?.wasAdvancedElsewhere], ["active", true]);
  assert.deepEqual(advanced?.events, []);
  assert.deepEqual(advanced?.submission.request.inputs, { password: "hunter2x" });
  assert.equal(stage.simulator.received("submit").length, 1);
});

for (
  const [pausedForMs, deadlineInMs, polls, nextPollInMs] of [
    [60_000, undefined, 0, 60_000],
    [300_000, undefined, 0, 300_000],
    // Longer than any server may ask for: the clock was set since.
    [300_001, undefined, 1, undefined],
    [0, undefined, 1, undefined],
    [60_000, 20_000, 0, 20_000],
    [60_000, 0, 1, undefined],
  ] as const
) {
  Deno.test(`advance() sends ${polls} polls to a server that asked for a pause of ${pausedForMs} ms, ${deadlineInMs === undefined ? "without a deadline" : `${deadlineInMs} ms before the deadline`}`, async () => {
    await using stage = await aStage("never-ending", 1);
    const submissions = await stage.advance(stage.submissions);
    stage.clock.advance(60_000);
    const nowMs = stage.clock.now();
    await stage.deps.store.updateCapabilities(stage.deps.client.host, { pausedUntilMs: nowMs + pausedForMs });
    const deadlineAtMs = deadlineInMs === undefined ? undefined : nowMs + deadlineInMs;
    const [advanced] = await advance(stage.deps, submissions, { ...OPTIONS, deadlineAtMs });
    assert.equal(stage.simulator.received("get-run").length, polls);
    if (nextPollInMs !== undefined) assert.equal(advanced?.submission.nextPollAtMs, nowMs + nextPollInMs);
  });
}

Deno.test("advance() polls the eight runs that were polled longest ago when listing fails, and the others count as failed polls", async () => {
  await using stage = await aStage("never-ending", 12);
  const submissions = (await stage.advance(stage.submissions)).map((submission, index): Submission => {
    assert.ok(submission.state === "active");
    // The first four were polled last.
    return { ...submission, lastPolledAtMs: submission.lastPolledAtMs + (index < 4 ? 1 : 0) };
  });
  stage.simulator.addFaults({ on: "list-runs", status: 500, times: Infinity });
  stage.clock.advance(60_000);
  const errors: unknown[] = [];
  const onList = (_pages: number, error: unknown) => void errors.push(error);
  const advanced = await advance(stage.deps, submissions, { ...OPTIONS, onList });
  assert.equal(stage.simulator.received("get-run").length, 8);
  assert.equal(errors.length, 1);
  assert.deepEqual(
    advanced.map(({ submission, error }) => [
      submission.state === "active" && submission.unreachableSinceMs !== null,
      error === errors[0],
    ]),
    submissions.map((_submission, index) => [index < 4, index < 4]),
  );
});

async function aStage(workflow: string, count: number, parts: Partial<RunRequest> = {}) {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  const submissions: Submission[] = [];
  for (let index = 0; index < count; index++) {
    submissions.push(await createSubmission(deps, aRequest({ workflow, inputs: {}, ...parts }), OPTIONS));
  }
  return {
    clock,
    simulator,
    deps,
    submissions,
    async advance(before: readonly Submission[]): Promise<Submission[]> {
      return (await advance(deps, before, OPTIONS)).map(({ submission }) => submission);
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}
