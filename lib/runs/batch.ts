/** Many runs in one process: `advance` in a loop, with limits on how many run at once. */

import { isAbandoned, isOpen, isRetry, observedIn, type Submission } from "../submission.ts";
import { delayOfRetry, endAttempt, endOrRetry } from "./batch_ends.ts";
import { keepObserved } from "./batch_limits.ts";
import { pollLoop } from "./batch_polling.ts";
import { type BatchState, createBatchState } from "./batch_state.ts";
import { submitLoop } from "./batch_submitting.ts";
import type { BatchEvent, BatchOptions, BatchOutcome, BatchTask, TrackedTask } from "./batch_task.ts";
import type { Deps } from "./deps.ts";
import { endOfSubmission, type TaskEnd } from "./retry_policy.ts";

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
  const work = runBatch(createBatchState(deps, tasks, options, queue.push)).finally(queue.close);
  // Its failure is thrown after the last event.
  work.catch(() => {});
  try {
    yield* queue;
  } finally {
    queue.close();
  }
  return await work;
}

async function runBatch(state: BatchState): Promise<BatchOutcome> {
  const { options: { control }, tasks, open, judging } = state;
  for (const one of tasks) resumeTask(state, one);
  const loops = [submitLoop(state), pollLoop(state)];
  try {
    await Promise.all(loops);
    while (judging.size > 0) await Promise.all(judging);
  } catch (error) {
    state.abort(error);
    await Promise.allSettled([...loops, ...judging]);
    for (const one of open) if (one.queueMs !== null && one.workingSinceMs === null) await keepObserved(state, one);
    // One that failed may be what ended the loops.
    await Promise.all(judging);
    throw error;
  }
  return { ends: tasks.map(endOf), stopped: control.stopped, error: state.failure() };
}

/** Continues a task where an earlier process stopped. */
function resumeTask(state: BatchState, one: TrackedTask): void {
  const { task: { previous: { last, attempt }, judge, onWork } } = one;
  if (last === null) return void state.waiting.push(one);
  const end = endOfSubmission(last, { attempt });
  one.isRetry = isRetry(last);
  if (judge !== undefined && end !== undefined && (!isOpen(last) || wasJudged(last))) {
    if (!isOpen(last)) one.ended.pop();
    Object.assign(one, { submission: last, endedAtMs: last.updatedAtMs });
    endAttempt(state, one, end);
  } else if (end === undefined || isOpen(last)) {
    Object.assign(one, { submission: last, isAttached: true, ...observedIn(last) });
    if (one.workingSinceMs !== null) onWork?.(one.workingSinceMs);
    state.open.add(one);
  } else endOrRetry(state, one, end, delayOfRetry(state, one));
}

/** Without a run, which is not searched for again. */
function wasJudged(last: Submission): boolean {
  return isAbandoned(last) && "judged" in last.origin && last.origin.judged !== undefined;
}

function endOf({ end, submission, attempt }: TrackedTask): TaskEnd {
  if (end !== null) return end;
  return submission === null ? { type: "not-submitted" } : { type: "open", attempt, submission };
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
