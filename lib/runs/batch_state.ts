/** What the loops of a batch share: where its tasks stand, and what wakes and stops the loops. */

import type { RunnerError } from "../errors.ts";
import type { BatchEvent, BatchOptions, BatchTask, TrackedTask } from "./batch_task.ts";
import { createJumpDetector, moveInstants } from "./clock_jump.ts";
import type { Deps } from "./deps.ts";
import { isServerBusy } from "./poll.ts";
import { NOTHING_OBSERVED } from "../submission.ts";

export type BatchState = ReturnType<typeof createBatchState>;

/** Timers of the runtime are limited, and a sleeping machine stops its monotonic clock. */
const MAX_SLEEP_MS = 60_000;

export function createBatchState(
  deps: Deps,
  tasks: readonly BatchTask[],
  options: BatchOptions,
  emit: (event: BatchEvent) => void,
) {
  const { clock } = deps;
  const { control, deadlineMs } = options;
  const stopping = new AbortController();
  /** Aborts both loops: detached, or stopped. */
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  /** On the monotonic clock. */
  const endMs = deadlineMs === null ? Infinity : clock.monotonic() + deadlineMs;
  /** Those with a submission that has not ended. */
  const open = new Set<TrackedTask>();
  const jumpSince = createJumpDetector(clock);
  let movedMs = 0;
  let waking = new AbortController();
  let connection: "poll-delayed" | "connection-lost" | null = null;
  let failure: RunnerError | null = null;
  /** Wakes the loops. */
  const changed = () => {
    waking.abort();
    waking = new AbortController();
  };
  control.onChange(() => {
    if (control.stopped !== null) emit({ type: "stopped", ...control.stopped });
    changed();
  });
  return {
    deps,
    options,
    emit,
    signal,
    endMs,
    tasks: tasks.map(trackedTask),
    open,
    /** In the order of the tasks; those to be retried come last. */
    waiting: new Array<TrackedTask>(),
    /** Ends of attempts that are being judged. */
    judging: new Set<Promise<void>>(),
    /** Of tasks: those that have ended, those of them that have ended now, and those of these that have failed. */
    counts: { ended: 0, now: 0, failed: 0 },
    changed,
    /** Sleeps until an instant of the monotonic clock, or until something has changed. */
    async sleepUntil(instantMs: number): Promise<void> {
      const wake = waking.signal;
      const waitMs = Math.min(Math.min(instantMs, endMs) - clock.monotonic(), MAX_SLEEP_MS);
      try {
        await clock.sleep(waitMs, { signal: AbortSignal.any([signal, wake]) });
      } catch (error) {
        if (!wake.aborted || signal.aborted) throw error;
      }
      if (clock.monotonic() >= endMs) control.stop("deadline");
    },
    /**
     * When the machine's clock was set, moves along the instants that elapsed times of what is open are computed from.
     *
     * @returns By how much it was set since the start, milliseconds.
     */
    followClock(): number {
      const jumpMs = jumpSince();
      for (const one of open) {
        if (one.submission !== null) one.submission = moveInstants(one.submission, jumpMs);
        if (one.workingSinceMs !== null) one.workingSinceMs += jumpMs;
      }
      return movedMs += jumpMs;
    },
    /** Reports once that no poll succeeds, or with `null` that this has ended. */
    reportConnection(loss: RunnerError | null): void {
      const before = connection;
      connection = loss === null ? null : isServerBusy(loss) ? "poll-delayed" : "connection-lost";
      if (connection === before) return;
      if (before === "connection-lost") emit({ type: "connection-restored" });
      if (loss !== null && connection !== null) emit({ type: connection, reason: loss.message });
    },
    /** Why the batch ends before its runs do; `null` if it does not. */
    failure: () => failure,
    /** Ends the batch: what runs continues. */
    fail(error: RunnerError): void {
      failure ??= error;
      changed();
    },
    /** Ends both loops, which throw this. */
    abort: (error: unknown) => stopping.abort(error),
  };
}

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
