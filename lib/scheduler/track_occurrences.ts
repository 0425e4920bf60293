/** What becomes of slots that have a run: they are followed to their end, told of when they take long, and cancelled. */

import { RunnerError } from "../errors.ts";
import { inParallel } from "../runs/in_parallel.ts";
import type { Owner } from "../account.ts";
import type { RunId } from "../run.ts";
import type { Submission } from "../submission.ts";
import type { Schedule } from "./schedule.ts";
import type { Service } from "./service.ts";
import { finishOccurrence, notificationFor } from "./finish_occurrence.ts";
import { type Ending, endOf, GONE } from "./occurrence_result.ts";
import { notify } from "./notifications.ts";
import { isOwnedBy } from "./open_submissions.ts";
import type { LockHandle, Read, StoredOccurrence } from "./scheduler_store.ts";

const CANCELS_AT_ONCE = 8;
/** Of all requests to cancel in a tick: who is asked in vain keeps nobody from being told. */
const CANCELLING_MS = 5_000;

/**
 * Looks into the ledger for how open slots are doing: ends them, tells, and cancels what takes too long.
 *
 * @param owner Whose key this is, where the platform has said so.
 */
export async function trackOccurrences(
  service: Service,
  lock: LockHandle,
  { owner, signal }: { readonly owner: Owner | undefined; readonly signal: AbortSignal },
): Promise<void> {
  const { deps, schedulerStore, schedules } = service;
  const toCancel: RunId[] = [];
  for (const read of await schedulerStore.openOccurrences()) {
    if (signal.aborted) return;
    const occurrence = read.value;
    if (occurrence.submissionId === null) continue;
    const record = await deps.store.get(occurrence.submissionId);
    const schedule = schedules.find(({ name }) => name === occurrence.schedule);
    const ended = record === undefined ? GONE : endOf(record) ?? endForeign(record, owner);
    if (ended !== undefined) {
      await finishOccurrence(service, lock, read, ended);
      continue;
    }
    const kept = await pastDeadline(service, lock, read, schedule);
    if (kept.state === "cancelling" && record?.state === "active" && record.run.platformStatus !== "canceling") {
      toCancel.push(record.runId);
    }
  }
  if (toCancel.length > 0) await cancelAll(service, toCancel, signal);
}

/** Nobody looks at a run of a key that was replaced by another account's: its slot would keep others back for ever. */
function endForeign(record: Submission, owner: Owner | undefined): Ending | undefined {
  if (owner === undefined || isOwnedBy(record, owner)) return undefined;
  const { host, user } = record.owner;
  return { status: "unknown", message: `Its run is ${user}'s on ${host}, which this key does not open` };
}

/** What can't be cancelled now is tried again at the next tick. */
async function cancelAll({ deps }: Service, runIds: readonly RunId[], signal: AbortSignal): Promise<void> {
  using deadline = deps.clock.timeout(CANCELLING_MS);
  const either = AbortSignal.any([signal, deadline.signal]);
  await inParallel(runIds, CANCELS_AT_ONCE, async (runId) => {
    if (either.aborted) return;
    try {
      await deps.client.cancelRun(runId, { signal: either });
    } catch (error) {
      if (!(error instanceof RunnerError) && !either.aborted) throw error;
      deps.log("WARNING", error instanceof Error ? error.message : String(error));
    }
  });
}

async function pastDeadline(
  service: Service,
  lock: LockHandle,
  read: Read<StoredOccurrence>,
  schedule: Schedule | undefined,
): Promise<StoredOccurrence> {
  const occurrence = read.value;
  const deadlineMs = schedule?.deadlineMs ?? null;
  if (deadlineMs === null || occurrence.isDeadlineReported || occurrence.submittedAtMs === null) return occurrence;
  if (service.deps.clock.now() - occurrence.submittedAtMs < deadlineMs) return occurrence;
  const state = schedule?.onDeadline === "cancel" ? "cancelling" : occurrence.state;
  const message = state === "cancelling" ? "It takes too long, and is cancelled" : "It takes too long, and goes on";
  const told: StoredOccurrence = { ...occurrence, state, isDeadlineReported: true };
  const notifications = [notificationFor(service, occurrence, { kind: "deadline", slug: null, message })];
  return await service.schedulerStore.move(lock, read, told, notify(schedule, ...notifications)) ? told : occurrence;
}
