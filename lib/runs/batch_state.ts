/** What the two loops of a batch share. */

import type { RunnerError } from "../errors.ts";
import type { ObservedRun, Submission } from "../submission.ts";
import type { BatchEvent, BatchOptions, BatchTask, TaskEnd } from "./batch_task.ts";
import type { Deps } from "./deps.ts";
import type { EndedAttempt } from "./retry_policy.ts";

/** A task and where it stands. */
export interface TrackedTask {
  readonly task: BatchTask;
  /** Of the current or the last submission. */
  attempt: number;
  isRetry: boolean;
  /** True if its run existed before. */
  isAttached: boolean;
  readonly ended: EndedAttempt[];
  /** On the monotonic clock: not submitted before. */
  notBeforeMs: number;
  submission: Submission | null;
  /** When its last attempt ended, if an earlier process has seen that, milliseconds since the epoch; otherwise `null`. */
  endedAtMs: number | null;
  /** Of the current submission, where it matters. */
  workingSinceMs: ObservedRun["workingSinceMs"];
  queueMs: ObservedRun["queueMs"];
  exceeded: ObservedRun["exceeded"];
  /** The run is being cancelled because of a limit. */
  isCancelSent: boolean;
  end: TaskEnd | null;
}

export interface BatchState {
  readonly deps: Deps;
  readonly options: BatchOptions;
  /** Those with a submission that has not ended. */
  readonly open: Set<TrackedTask>;
  /** In the order of the tasks; those to be retried come last. */
  readonly waiting: TrackedTask[];
  /** Aborts both loops: detached, or {@link BatchState.fail}. */
  readonly signal: AbortSignal;
  /** On the monotonic clock; `null` for never. */
  readonly endMs: number | null;
  /** Nothing is submitted until then, on the monotonic clock. */
  pausedUntilMs: number;
  emit(event: BatchEvent): void;
  /** Reports an outage once, or with `null` its end. */
  reportConnection(loss: RunnerError | null): void;
  /** Wakes the loops. */
  changed(): void;
  /** Sleeps until an instant of the monotonic clock, or until something has changed. */
  sleepUntil(instantMs: number): Promise<void>;
  endAttempt(one: TrackedTask, end: TaskEnd): void;
  isDone(): boolean;
  /** Ends the batch: what runs continues. */
  fail(error: RunnerError): void;
}
