/** Two processes with the same submission, and waits whose run started before. */

import assert from "node:assert/strict";
import { advance } from "../../lib/runs/advance.ts";
import { createSubmission } from "../../lib/runs/create_submission.ts";
import { toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE, type ExecuteOptions } from "../../lib/runs/options.ts";
import { trackSubmission } from "../../lib/runs/track.ts";
import type { RunEvent } from "../../lib/events.ts";
import type { Submission } from "../../lib/submission.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const MINUTE_MS = 60_000;
const OPTIONS = { ...DEFAULT_EXECUTE, signal: new AbortController().signal };

Deno.test("trackSubmission() attaches to the run of a submission that another process has sent", async () => {
  await using stage = await aStage("quick");
  await stage.submitElsewhere();
  const { result, events } = await stage.track(stage.submission);
  assert.deepEqual([result.kind, result.submitted], ["completed", "no"]);
  assert.deepEqual(events.map((event) => event.type === "started" && event.isAttached).filter(Boolean), [true]);
  assert.equal(stage.simulator.received("submit").length, 1);
});

Deno.test("trackSubmission() reports the result that another process stored, without a request", async () => {
  await using stage = await aStage("quick");
  const active = await stage.submitElsewhere();
  stage.clock.advance(MINUTE_MS);
  await advance(stage.deps, [active], OPTIONS);
  const before = stage.simulator.received().length;
  const { result, events } = await stage.track(stage.submission);
  assert.deepEqual([result.kind, result.submitted], ["completed", "no"]);
  assert.deepEqual(events.map(({ type }) => type), ["finished"]);
  assert.equal(stage.simulator.received().length, before);
});

for (
  const [timeoutMinutes, waitedMinutes] of [
    [15, 5],
    [10, 0],
    [5, 0],
  ] as const
) {
  Deno.test(`trackSubmission() waits ${waitedMinutes} min for a run that another process started 10 min ago, of ${timeoutMinutes} min in all`, async () => {
    await using stage = await aStage("never-ending");
    await stage.submitElsewhere();
    stage.clock.advance(10 * MINUTE_MS);
    const attachedMs = stage.clock.now();
    const { result, events } = await stage.track(stage.submission, { timeoutMs: timeoutMinutes * MINUTE_MS });
    assert.deepEqual([result.kind, result.submitted], ["timeout", "no"]);
    assert.equal(stage.clock.now() - attachedMs, waitedMinutes * MINUTE_MS);
    const deadlines = events.flatMap((event) => event.type === "started" ? [event.deadlineAtMs] : []);
    assert.deepEqual(deadlines, [attachedMs + (timeoutMinutes - 10) * MINUTE_MS]);
  });
}

Deno.test("trackSubmission() leaves a run alone that another process started, without waiting", async () => {
  await using stage = await aStage("never-ending");
  await stage.submitElsewhere();
  const { result, events } = await stage.track(stage.submission, { isWaiting: false });
  assert.deepEqual([result.kind, result.submitted], ["submitted", "no"]);
  assert.deepEqual(events.map((event) => event.type === "started" && event.deadlineAtMs), [null]);
  const stored = await stage.deps.store.get(stage.submission.submissionId);
  assert.equal(stored?.state === "active" && stored.isDetached, true);
});

Deno.test("trackSubmission() returns a run that was deleted while it was awaited, and submits it no second time", async () => {
  await using stage = await aStage("never-ending");
  const { result } = await stage.track(stage.submission, {}, (event) => {
    if (event.type === "started") stage.simulator.deleteExternally(event.slug ?? "");
  });
  assert.deepEqual([result.kind, result.status, result.submitted], ["run_deleted", "unknown", "yes"]);
  assert.equal(stage.simulator.received("submit").length, 1);
  assert.equal((await stage.deps.store.get(stage.submission.submissionId))?.state, "finished");
});

async function aStage(workflow: string) {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const deps = await depsFor(simulator, { clock });
  return {
    clock,
    simulator,
    deps,
    submission: await createSubmission(deps, aRequest({ workflow, inputs: {} }), OPTIONS),
    async submitElsewhere(): Promise<Submission> {
      const [advanced] = await advance(deps, [this.submission], OPTIONS);
      assert.equal(advanced?.submission.state, "active");
      return advanced.submission;
    },
    async track(
      start: Submission,
      parts: Partial<ExecuteOptions> = {},
      onEvent: (event: RunEvent) => void = () => {},
    ) {
      const events: RunEvent[] = [];
      const result = await toEnd(trackSubmission(deps, start, { ...OPTIONS, ...parts }), (event) => {
        events.push(event);
        onEvent(event);
      });
      return { result, events };
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}
