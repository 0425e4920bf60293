/** Open occurrences that have a submission: finishes them, reports missed deadlines, and cancels runs. */

import { RunnerError } from "../errors.ts";
import { inParallel } from "../runs/in_parallel.ts";
import type { Owner } from "../account.ts";
import type { RunId } from "../run.ts";
import type { Submission } from "../submission.ts";
import type { Schedule } from "./schedule.ts";
import type { Service } from "./service.ts";
import { finishOccurrence, notificationFor } from "./finish_occurrence.ts";
import { type OccurrenceOutcome, outcomeOf, SUBMISSION_MISSING } from "./occurrence_result.ts";
import { notify } from "./notifications.ts";
import { isOwnedBy } from "./open_submissions.ts";
import type { Lock, StoredOccurrence, Versioned } from "./scheduler_store.ts";

const MAX_PARALLEL_CANCELS = 8;
/** For all cancel requests of a tick, so that an unresponsive platform does not delay notifications. */
const CANCEL_BUDGET_MS = 5_000;

/**
 * Updates open occurrences from their stored submissions.
 *
 * @param owner The owner of the API key, if the platform has reported it.
 */
export async function trackOccurrences(
  service: Service,
  lock: Lock,
  { owner, signal }: { readonly owner: Owner | undefined; readonly signal: AbortSignal },
): Promise<void> {
  const { deps, schedulerStore, schedules } = service;
  const toCancel: RunId[] = [];
  for (const entry of await schedulerStore.listOpenOccurrences()) {
    if (signal.aborted) return;
    const occurrence = entry.value;
    if (occurrence.submissionId === null) continue;
    const submission = await deps.store.get(occurrence.submissionId);
    const schedule = schedules.find(({ name }) => name === occurrence.schedule);
    const outcome = submission === undefined
      ? SUBMISSION_MISSING
      : outcomeOf(submission) ?? outcomeForOtherAccount(submission, owner);
    if (outcome !== undefined) {
      await finishOccurrence(service, lock, entry, outcome);
      continue;
    }
    const { state } = await checkDeadline(service, lock, entry, schedule);
    if (state === "cancelling" && submission?.state === "active" && submission.run.platformStatus !== "canceling") {
      toCancel.push(submission.runId);
    }
  }
  if (toCancel.length > 0) await cancelAll(service, toCancel, signal);
}

/** After a switch to another account's API key, an earlier run is never polled and would block later occurrences forever. */
function outcomeForOtherAccount(submission: Submission, owner: Owner | undefined): OccurrenceOutcome | undefined {
  if (owner === undefined || isOwnedBy(submission, owner)) return undefined;
  const { host, user } = submission.owner;
  return { status: "unknown", message: `Its run belongs to ${user} on ${host}: this API key has no access to it` };
}

/** A failed request is repeated by the next tick. */
async function cancelAll({ deps }: Service, runIds: readonly RunId[], signal: AbortSignal): Promise<void> {
  using deadline = deps.clock.timeout(CANCEL_BUDGET_MS);
  const either = AbortSignal.any([signal, deadline.signal]);
  await inParallel(runIds, MAX_PARALLEL_CANCELS, async (runId) => {
    if (either.aborted) return;
    try {
      await deps.client.cancelRun(runId, { signal: either });
    } catch (error) {
      if (!(error instanceof RunnerError) && !either.aborted) throw error;
      deps.log("WARNING", error instanceof Error ? error.message : String(error));
    }
  });
}

/** Reports a missed deadline once, and returns the occurrence as it is stored afterwards. */
async function checkDeadline(
  service: Service,
  lock: Lock,
  entry: Versioned<StoredOccurrence>,
  schedule: Schedule | undefined,
): Promise<StoredOccurrence> {
  const occurrence = entry.value;
  const deadlineMs = schedule?.deadlineMs ?? null;
  if (deadlineMs === null || occurrence.isDeadlineReported || occurrence.submittedAtMs === null) return occurrence;
  if (service.deps.clock.now() - occurrence.submittedAtMs < deadlineMs) return occurrence;
  const state = schedule?.onDeadline === "cancel" ? "cancelling" : occurrence.state;
  const message = state === "cancelling" ? "Deadline exceeded; cancelling" : "Deadline exceeded; still running";
  const updated: StoredOccurrence = { ...occurrence, state, isDeadlineReported: true };
  const notifications = [notificationFor(service, occurrence, { kind: "deadline", slug: null, message })];
  const isStored = await service.schedulerStore.updateOccurrence(
    lock,
    entry,
    updated,
    notify(schedule, ...notifications),
  );
  return isStored ? updated : occurrence;
}
