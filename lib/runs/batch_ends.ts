/** What the end of an attempt leads to: it is judged, then retried or the end of its task, which may stop the batch. */

import { CredentialError } from "../errors.ts";
import type { RunResult } from "../result.ts";
import { NOTHING_OBSERVED } from "../submission.ts";
import type { BatchState } from "./batch_state.ts";
import type { TrackedTask } from "./batch_task.ts";
import { type EndedAttempt, endedAttemptOf, isSuccess, retryDelayMs, type TaskEnd } from "./retry_policy.ts";

/** Whether nothing more happens to the tasks of a batch here. */
export function isDone({ options: { control }, tasks, open, judging, counts, failure }: BatchState): boolean {
  const { reason } = control.stopped ?? {};
  if (failure() !== null || reason === "deadline" || reason === "cancelled" || counts.ended === tasks.length) {
    return true;
  }
  return control.stopped !== null && open.size === 0 && judging.size === 0;
}

/** Ends the current attempt of a task. Others go on while it is judged. */
export function endAttempt(state: BatchState, one: TrackedTask, end: TaskEnd): void {
  const { task: { judge }, isRetry, submission } = one;
  if (end.type === "error" && end.error instanceof CredentialError) state.fail(end.error);
  if (judge === undefined || end.type === "not-submitted") {
    return settleAttempt(state, one, end, endedAttemptOf(end, isRetry));
  }
  leave(state, one);
  const judging = judge(end, submission).then((judged) => {
    state.judging.delete(judging);
    settleAttempt(state, one, end, { ...judged, isRetry });
  });
  state.judging.add(judging);
  // Its failure ends the batch, like that of a loop.
  judging.catch(state.abort);
  state.changed();
}

function settleAttempt(state: BatchState, one: TrackedTask, end: TaskEnd, ended: EndedAttempt): void {
  const { deps: { clock }, options: { control } } = state;
  one.ended.push(ended);
  const delayMs = control.stopped === null && state.failure() === null ? delayOfRetry(state, one) : null;
  const retryAtMs = delayMs === null ? null : Math.round(clock.now() + delayMs);
  state.emit({ type: "attempt-ended", key: one.task.key, attempt: one.attempt, end, retryAtMs });
  endOrRetry(state, one, end, delayMs);
  if (delayMs === null) stopIfNeeded(state, end);
  one.task.onEnd?.(delayMs !== null);
  state.changed();
}

/** `null` if the last attempt is final. */
export function delayOfRetry({ deps, options }: BatchState, { task, ended }: TrackedTask): number | null {
  return retryDelayMs(ended, task.retry ?? options.retry, deps.random);
}

/** @param delayMs As {@link delayOfRetry} returns it. */
export function endOrRetry(state: BatchState, one: TrackedTask, end: TaskEnd, delayMs: number | null): void {
  leave(state, one);
  if (delayMs === null) {
    one.end = end.type === "result" ? { ...end, result: withoutDetails(end.result) } : end;
    state.counts.ended++;
    return;
  }
  const { clock } = state.deps;
  one.isRetry = true;
  // A process that continues, perhaps for less than the delay, does not begin it anew.
  const passedMs = one.endedAtMs === null ? 0 : Math.max(0, clock.now() - one.endedAtMs);
  one.endedAtMs = null;
  one.notBeforeMs = clock.monotonic() + delayMs - passedMs;
  // Before tasks that have not run: whether failures stop the batch is decided by the last attempts.
  state.waiting.splice(state.waiting.findLastIndex(({ isRetry }) => isRetry) + 1, 0, one);
}

function leave({ open }: BatchState, one: TrackedTask): void {
  open.delete(one);
  Object.assign(one, { submission: null, isCancelSent: false, ...NOTHING_OBSERVED });
}

/** Thousands of ends are kept: the rest is in the store, and was in the event. */
function withoutDetails({ jobs: _jobs, links: _links, failure, ...result }: RunResult): RunResult {
  return { ...result, ...(failure && { failure: { ...failure, failedJobs: [] } }), outputs: {} };
}

/** Only what ends now counts: a batch that is continued was stopped by its failures before. */
function stopIfNeeded({ options, tasks, counts }: BatchState, end: TaskEnd): void {
  if (end.type === "not-submitted") return;
  const { control, until, maxFailures, canary } = options;
  const hasFailed = !isSuccess(end);
  counts.now++;
  if (hasFailed) counts.failed++;
  if (hasFailed && until === "fail-fast") control.stop("fail-fast");
  if (!hasFailed && until === "any") control.stop("any");
  if (maxFailures !== null && counts.failed >= maxFailures) control.stop("max-failures", `${counts.failed} failed`);
  if (canary !== null && counts.failed === canary && counts.now === canary && tasks.length > canary) {
    control.stop("canary", `the first ${canary} runs to end have all failed`);
  }
}
