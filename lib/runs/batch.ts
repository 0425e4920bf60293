/** Many runs in one process: `advance` in a loop, with limits on how many run at once. */

import { CredentialError, type RunnerError } from "../errors.ts";
import type { RunResult } from "../result.ts";
import { isAbandoned, isOpen, isRetry, type Submission, type UnconfirmedSubmission } from "../submission.ts";
import { keepObserved } from "./batch_limits.ts";
import { pollLoop } from "./batch_polling.ts";
import type { BatchEvent, BatchOptions, BatchOutcome, BatchState, BatchTask, TrackedTask } from "./batch_task.ts";
import { submitLoop } from "./batch_submitting.ts";
import { createJumpDetector, moveInstants } from "./clock_jump.ts";
import type { Deps } from "./deps.ts";
import { isServerBusy } from "./poll.ts";
import {
  type EndedAttempt,
  endedAttemptOf,
  endOfSubmission,
  isSuccess,
  NOTHING_OBSERVED,
  observedIn,
  retryDelayMs,
  type TaskEnd,
} from "./retry_policy.ts";

/**
 * Submits each task at most `control.jobs` at a time, and tracks all runs to their ends. A failed run is an end, not an
 * error; of a batch that ends early, the outcome states what continues.
 *
 * @throws The signal's reason.
 */
export async function* batch(
  deps: Deps,
  tasks: readonly BatchTask[],
  options: BatchOptions,
): AsyncGenerator<BatchEvent, BatchOutcome> {
  const queue = createEventQueue<BatchEvent>();
  const work = runBatch(deps, tasks, options, queue.push).finally(queue.close);
  // Its failure is thrown after the last event.
  work.catch(() => {});
  try {
    yield* queue;
  } finally {
    queue.close();
  }
  return await work;
}

async function runBatch(
  deps: Deps,
  tasks: readonly BatchTask[],
  options: BatchOptions,
  emit: (event: BatchEvent) => void,
): Promise<BatchOutcome> {
  const { clock, random } = deps;
  const { control, deadlineMs } = options;
  const stopping = new AbortController();
  const jumpSince = createJumpDetector(clock);
  let movedMs = 0;
  const tracked = tasks.map(trackedTask);
  let failure: RunnerError | null = null;
  let connection: "poll-delayed" | "connection-lost" | null = null;
  let waking = new AbortController();
  const open = new Set<TrackedTask>();
  const waiting: TrackedTask[] = [];
  const changed = () => {
    waking.abort();
    waking = new AbortController();
  };
  const counts = { ended: 0, now: 0, failed: 0 };
  const leave = (one: TrackedTask) => {
    open.delete(one);
    Object.assign(one, { submission: null, isCancelSent: false, ...NOTHING_OBSERVED });
  };
  const end = (one: TrackedTask, taskEnd: TaskEnd) => {
    one.end = taskEnd.type === "result" ? { ...taskEnd, result: withoutDetails(taskEnd.result) } : taskEnd;
    leave(one);
    counts.ended++;
  };
  const retryOf = ({ task }: TrackedTask) => task.retry ?? options.retry;
  const retryLater = (one: TrackedTask, delayMs: number) => {
    leave(one);
    one.isRetry = true;
    // A process that continues, perhaps for less than the delay, does not begin it anew.
    const passedMs = one.endedAtMs === null ? 0 : Math.max(0, clock.now() - one.endedAtMs);
    one.endedAtMs = null;
    one.notBeforeMs = clock.monotonic() + delayMs - passedMs;
    waiting.push(one);
  };
  /** Only what ends now counts: a batch that is continued was stopped by its failures before. */
  const stopIfNeeded = (taskEnd: TaskEnd) => {
    if (taskEnd.type === "not-submitted") return;
    const { until, maxFailures, canary } = options;
    const hasFailed = !isSuccess(taskEnd);
    counts.now++;
    if (hasFailed) counts.failed++;
    if (hasFailed && until === "fail-fast") control.stop("fail-fast");
    if (!hasFailed && until === "any") control.stop("any");
    if (maxFailures !== null && counts.failed >= maxFailures) control.stop("max-failures", `${counts.failed} failed`);
    if (canary !== null && counts.failed === canary && counts.now === canary && tasks.length > canary) {
      control.stop("canary", `the first ${canary} runs to end have all failed`);
    }
  };
  const judgements = new Set<Promise<void>>();
  let judgeFailure: { readonly error: unknown } | undefined;
  const settleAttempt = (one: TrackedTask, taskEnd: TaskEnd, ended: EndedAttempt) => {
    one.ended.push(ended);
    const delayMs = control.stopped === null && failure === null ? retryDelayMs(one.ended, retryOf(one), random) : null;
    const retryAtMs = delayMs === null ? null : Math.round(clock.now() + delayMs);
    emit({ type: "attempt-ended", key: one.task.key, attempt: one.attempt, end: taskEnd, retryAtMs });
    if (delayMs === null) {
      end(one, taskEnd);
      stopIfNeeded(taskEnd);
    } else retryLater(one, delayMs);
    one.task.onEnd?.(delayMs !== null);
    changed();
  };
  const state: BatchState = {
    deps,
    options,
    open,
    waiting,
    signal: AbortSignal.any([options.signal, stopping.signal]),
    endMs: deadlineMs === null ? null : clock.monotonic() + deadlineMs,
    pausedUntilMs: -Infinity,
    emit,
    reportConnection(loss) {
      const before = connection;
      connection = loss === null ? null : isServerBusy(loss) ? "poll-delayed" : "connection-lost";
      if (connection === before) return;
      if (before === "connection-lost") emit({ type: "connection-restored" });
      if (loss !== null && connection !== null) emit({ type: connection, reason: loss.message });
    },
    followClock() {
      const jumpMs = jumpSince();
      for (const one of open) {
        if (one.submission !== null) one.submission = moveInstants(one.submission, jumpMs);
        if (one.workingSinceMs !== null) one.workingSinceMs += jumpMs;
      }
      return movedMs += jumpMs;
    },
    changed,
    async sleepUntil(instantMs) {
      const wake = waking.signal;
      const untilMs = Math.min(instantMs, state.endMs ?? Infinity);
      try {
        const signal = AbortSignal.any([state.signal, wake]);
        await clock.sleep(Math.min(untilMs - clock.monotonic(), MAX_SLEEP_MS), { signal });
      } catch (error) {
        if (!wake.aborted || state.signal.aborted) throw error;
      }
      if (state.endMs !== null && clock.monotonic() >= state.endMs) control.stop("deadline");
    },
    endAttempt(one, taskEnd) {
      const { task: { judge }, isRetry, submission } = one;
      if (taskEnd.type === "error" && taskEnd.error instanceof CredentialError) state.fail(taskEnd.error);
      if (judge === undefined || taskEnd.type === "not-submitted") {
        return settleAttempt(one, taskEnd, endedAttemptOf(taskEnd, isRetry));
      }
      leave(one);
      const judging = judge(taskEnd, submission).then((judged) => settleAttempt(one, taskEnd, { ...judged, isRetry }));
      // Its failure ends the batch, like that of a loop.
      judging.catch((error: unknown) => {
        judgeFailure ??= { error };
        stopping.abort(error);
      });
      judgements.add(judging);
      judging.finally(() => judgements.delete(judging)).catch(() => {});
      changed();
    },
    isDone() {
      const { reason } = control.stopped ?? {};
      if (failure !== null || reason === "deadline" || reason === "cancelled") return true;
      if (counts.ended === tracked.length) return true;
      return control.stopped !== null && open.size === 0 && judgements.size === 0;
    },
    fail(error) {
      failure ??= error;
      changed();
    },
  };
  control.onChange(() => {
    if (control.stopped !== null) emit({ type: "stopped", ...control.stopped });
    changed();
  });
  // Continues where an earlier process stopped.
  for (const one of tracked) {
    const { last, attempt, ended } = one.task.previous;
    const taskEnd = last === null ? undefined : endOfSubmission(last, { attempt });
    if (last === null) waiting.push(one);
    else if (one.task.judge !== undefined && taskEnd !== undefined && (!isOpen(last) || isGivenUp(last))) {
      if (!isOpen(last)) one.ended.pop();
      Object.assign(one, { submission: last, isRetry: isRetry(last), endedAtMs: last.updatedAtMs });
      state.endAttempt(one, taskEnd);
    } else if (taskEnd === undefined || isOpen(last)) {
      Object.assign(one, { submission: last, isAttached: true, isRetry: isRetry(last), ...observedIn(last) });
      if (one.workingSinceMs !== null) one.task.onWork?.(one.workingSinceMs);
      open.add(one);
    } else {
      const delayMs = retryDelayMs(ended, retryOf(one), random);
      if (delayMs === null) end(one, taskEnd);
      else retryLater(one, delayMs);
    }
  }
  const loops = [submitLoop(state), pollLoop(state)];
  try {
    await Promise.all(loops);
    while (judgements.size > 0) await Promise.all(judgements);
  } catch (error) {
    stopping.abort(error);
    await Promise.allSettled([...loops, ...judgements]);
    for (const one of open) if (one.queueMs !== null && one.workingSinceMs === null) await keepObserved(state, one);
    throw judgeFailure === undefined ? error : judgeFailure.error;
  }
  return { ends: tracked.map(endOf), stopped: control.stopped, error: failure };
}

/** It was judged without a run, and is not searched for again. */
function isGivenUp(last: Submission): last is UnconfirmedSubmission {
  return isAbandoned(last) && "judged" in last.origin && last.origin.judged !== undefined;
}

/** Timers of the runtime are limited, and a sleeping machine stops its monotonic clock. */
const MAX_SLEEP_MS = 60_000;

function trackedTask(task: BatchTask): TrackedTask {
  return {
    task,
    attempt: task.previous.attempt,
    isRetry: false,
    isAttached: false,
    ended: [...task.previous.ended],
    notBeforeMs: -Infinity,
    submission: null,
    endedAtMs: null,
    isCancelSent: false,
    ...NOTHING_OBSERVED,
    end: null,
  };
}

function endOf({ end, submission, attempt }: TrackedTask): TaskEnd {
  if (end !== null) return end;
  return submission === null ? { type: "not-submitted" } : { type: "open", attempt, submission };
}

/** Thousands of ends are kept: the rest is in the store, and was in the event. */
function withoutDetails({ jobs: _jobs, links: _links, failure, ...result }: RunResult): RunResult {
  return { ...result, ...(failure && { failure: { ...failure, failedJobs: [] } }), outputs: {} };
}

/** Events that several loops push and one generator yields. */
export function createEventQueue<T>() {
  const events: T[] = [];
  let isClosed = false;
  let wake = () => {};
  return {
    push(event: T) {
      events.push(event);
      wake();
    },
    /** Ends the iteration once all events are consumed. */
    close() {
      isClosed = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      while (true) {
        yield* events.splice(0);
        if (events.length > 0) continue;
        if (isClosed) return;
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
  };
}
