/** Cancels runs of schedules: past their deadline, or replaced by a later occurrence. */

import { RunnerError } from "../errors.ts";
import { redactingDeps } from "../runs/redacting.ts";
import { inParallel } from "../runs/in_parallel.ts";
import type { ListedOpenRow } from "../store/run_store.ts";
import { isOverdue } from "./report_occurrences.ts";
import { listReplaced, removeReplaced } from "./scheduler_store.ts";
import type { TickContext } from "./tick_context.ts";

const CANCELS_AT_ONCE = 8;
/** Of all cancels in a tick: a request without a response must not keep notifications from being sent. */
const CANCEL_TIMEOUT_MS = 5_000;

/** Requested again by each tick until the run shows that it is canceling, or has ended. */
export async function cancelRuns(
  { service: { deps, kv }, schedules, lock, signal }: TickContext,
  open: readonly ListedOpenRow[],
): Promise<void> {
  const replaced = new Set(await listReplaced(kv));
  const nowMs = deps.clock.now();
  const ids = open.filter(({ id, state, occurrence, createdAtMs }) => {
    if (state !== "running") return false;
    const schedule = schedules.get(occurrence?.schedule ?? "");
    return replaced.has(id) || (schedule?.onDeadline === "cancel" && isOverdue(schedule, createdAtMs, nowMs));
  }).map(({ id }) => id);
  for (const { id } of open) replaced.delete(id);
  if (replaced.size > 0) await removeReplaced(kv, lock, [...replaced]);
  if (ids.length === 0) return;
  using deadline = deps.clock.timeout(CANCEL_TIMEOUT_MS);
  const either = AbortSignal.any([signal, deadline.signal]);
  await inParallel(await deps.store.getMany(ids), CANCELS_AT_ONCE, async (submission) => {
    if (either.aborted || submission.state !== "active") return;
    try {
      await redactingDeps(deps, submission).client.cancelRun(submission.runId, { signal: either });
    } catch (error) {
      if (!(error instanceof RunnerError) && (!either.aborted || error !== either.reason)) throw error;
      deps.log("WARNING", error instanceof Error ? error.message : String(error));
    }
  });
}
