/** What the two loops of a batch share. */

import type { RunnerError } from "../errors.ts";
import type { Submission } from "../submission.ts";
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
  /** When its first step was seen, milliseconds since the epoch; `null` before, and where it does not matter. */
  workingSinceMs: number | null;
  /** How long it was seen waiting for that, milliseconds; `null` before a poll with details. */
  queueMs: number | null;
  /** Set when it was cancelled because of a limit. */
  exceeded: { readonly limit: "run" | "queue"; readonly message: string } | null;
  end: TaskEnd | null;
}

export interface BatchState {
  readonly deps: Deps;
  readonly options: BatchOptions;
  readonly tracked: readonly TrackedTask[];
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
  /** Wakes the loops. */
  changed(): void;
  /** Sleeps until an instant of the monotonic clock, or until something has changed. */
  sleepUntil(instantMs: number): Promise<void>;
  endAttempt(one: TrackedTask, end: TaskEnd): void;
  isDone(): boolean;
  /** Ends the batch: what runs continues. */
  fail(error: RunnerError): void;
}
