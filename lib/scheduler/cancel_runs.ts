/** Cancels runs of schedules: past their deadline, or replaced by a later occurrence. */

import { RunnerError } from "../errors.ts";
import { inParallel } from "../runs/in_parallel.ts";
import type { ActiveSubmission, Submission } from "../submission.ts";
import { isOverdue } from "./report_occurrences.ts";
import type { TickContext } from "./tick_context.ts";

const CANCELS_AT_ONCE = 8;
/** Of all cancels in a tick: a request without a response must not keep notifications from being sent. */
const CANCEL_TIMEOUT_MS = 5_000;

/** What can't be cancelled now is tried again by the next tick: the runs' own state says what is left to do. */
export async function cancelOverdue({ service, signal }: TickContext, open: readonly Submission[]): Promise<void> {
  const { deps, schedules } = service;
  const nowMs = deps.clock.now();
  const toCancel = open.filter((submission): submission is ActiveSubmission => {
    const { state, origin, createdAtMs } = submission;
    if (state !== "active" || origin.type !== "schedule" || submission.run.platformStatus === "canceling") return false;
    const schedule = schedules.find(({ name }) => name === origin.schedule);
    if (schedule?.onDeadline === "cancel" && isOverdue(schedule, createdAtMs, nowMs)) return true;
    return schedule?.overlap === "cancel-previous" &&
      open.some((other) =>
        other.origin.type === "schedule" && other.origin.schedule === origin.schedule &&
        other.origin.scheduledAtMs > origin.scheduledAtMs
      );
  });
  if (toCancel.length === 0) return;
  using deadline = deps.clock.timeout(CANCEL_TIMEOUT_MS);
  const either = AbortSignal.any([signal, deadline.signal]);
  await inParallel(toCancel, CANCELS_AT_ONCE, async ({ runId }) => {
    if (either.aborted) return;
    try {
      await deps.client.cancelRun(runId, { signal: either });
    } catch (error) {
      if (!(error instanceof RunnerError) && !either.aborted) throw error;
      deps.log("WARNING", error instanceof Error ? error.message : String(error));
    }
  });
}
