/** The limits of a run of a batch, which count from what was seen of it. That stays with its submission. */

import { formatExactDuration } from "../duration.ts";
import { expected, RunnerError, StorageError } from "../errors.ts";
import type { RunResult } from "../result.ts";
import { isBeingCancelled, type Job, type Run, type RunDetail } from "../run.ts";
import { WriteConflict } from "../store/run_store.ts";
import type { ActiveSubmission, ObservedRun, Submission } from "../submission.ts";
import type { BatchState } from "./batch_state.ts";
import type { TrackedTask } from "./batch_task.ts";
import { cancelRun } from "./cancel.ts";
import type { Deps } from "./deps.ts";
import { hasWorked } from "./retry_policy.ts";

export interface ActiveTask {
  readonly one: TrackedTask;
  readonly submission: ActiveSubmission;
}

/** Only a suite counts from what was seen. A batch counts from the start of a run, and keeps why it cancels one. */
export async function keepObserved({ deps }: BatchState, one: TrackedTask): Promise<void> {
  const { submission, workingSinceMs, queueMs, exceeded } = one;
  if (submission === null || !("batchId" in submission.origin)) return;
  if (submission.origin.type === "batch" && exceeded === null) return;
  const origin = { ...submission.origin, observed: { workingSinceMs, queueMs, exceeded } };
  one.submission = await storeQuietly(deps, { ...submission, origin });
}

/** What can't be stored, or was written by another process meanwhile, is known to this process only. */
export async function storeQuietly<S extends Submission>({ store, log }: Deps, submission: S): Promise<S> {
  return await store.put(submission).catch((error: unknown) => {
    if (!(error instanceof StorageError || error instanceof WriteConflict)) throw error;
    log("WARNING", error.message);
    return submission;
  });
}

/** The time in the queue is what was seen of it: a run whose first poll shows a step has not waited. */
export async function observeQueue(state: BatchState, { one, submission }: ActiveTask): Promise<void> {
  const { run, startedAtMs } = submission;
  if (one.workingSinceMs !== null || !("jobs" in run)) return;
  const nowMs = state.deps.clock.now();
  if (hasWorked(jobsOf(run))) {
    one.workingSinceMs = nowMs;
    one.task.onWork?.(nowMs);
    one.queueMs ??= 0;
    await keepObserved(state, one);
  } else one.queueMs = Math.max(0, nowMs - startedAtMs);
}

/** A run whose first poll shows its end has not waited either. */
export async function observeEnd(state: BatchState, one: TrackedTask, { jobs = [] }: RunResult): Promise<void> {
  if (one.queueMs !== null || !hasWorked(jobs)) return;
  one.queueMs = 0;
  await keepObserved(state, one);
}

function jobsOf(run: Run | RunDetail): readonly Job[] {
  return "jobs" in run ? run.jobs : [];
}

/** Until the run exceeds a limit. */
export function untilLimitMs({ one: { task, workingSinceMs, exceeded }, submission }: ActiveTask, nowMs: number) {
  const { timeoutMs, queueTimeoutMs } = task;
  if (exceeded !== null) return Infinity;
  const sinceMs = queueTimeoutMs === undefined ? submission.startedAtMs : workingSinceMs;
  // It may have left the queue since the last poll that succeeded.
  if (sinceMs === null && submission.unreachableSinceMs !== null) return Infinity;
  const limitMs = sinceMs === null ? queueTimeoutMs : timeoutMs;
  return limitMs === undefined || limitMs === null ? Infinity : (sinceMs ?? submission.startedAtMs) + limitMs - nowMs;
}

/** Cancels a run that exceeds a limit. @returns True if its task ends with that, because its run is kept. */
export async function enforceLimits(state: BatchState, { one, submission }: ActiveTask): Promise<boolean> {
  const { deps, options: { onTimeout } } = state;
  if (one.isCancelSent) return false;
  const known = one.exceeded;
  one.exceeded ??= exceededLimit({ one, submission }, deps.clock.now());
  if (one.exceeded === null) return false;
  // It may have ended in time, since the last poll that succeeded.
  if (onTimeout === "keep") return submission.unreachableSinceMs === null && !isBeingCancelled(submission.run);
  // Before the request: after it, the platform shows only that the run was cancelled.
  if (known === null) await keepObserved(state, one);
  const cancelled = await cancelRun(deps, submission.runId, { signal: state.signal }).catch(expected(RunnerError));
  // After an error, it is tried again in the next round.
  if (!(cancelled instanceof RunnerError)) one.isCancelSent = true;
  return false;
}

function exceededLimit(item: ActiveTask, nowMs: number): ObservedRun["exceeded"] {
  if (untilLimitMs(item, nowMs) > 0) return null;
  const { task: { timeoutMs, queueTimeoutMs }, workingSinceMs } = item.one;
  if (queueTimeoutMs !== undefined && workingSinceMs === null) {
    return { limit: "queue", message: `Waited ${formatExactDuration(queueTimeoutMs)} in the queue` };
  }
  return { limit: "run", message: `Still running after ${formatExactDuration(timeoutMs ?? 0)}` };
}
