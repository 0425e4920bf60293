/** Stores the occurrences that are due, and how far their schedules have come. */

import { findDueUpdate, scheduleProgressAt } from "./due.ts";
import { readScheduleProgress, scheduleProgressKey, waitingKey, type WaitingOccurrence } from "./scheduler_store.ts";
import type { PendingSchedule, TickContext } from "./tick_context.ts";

/** An atomic change holds 90 checks, 900 mutations and 60,000 bytes of keys on every backend. */
const MAX_SCHEDULES = 80;
const MAX_OCCURRENCES = 200;

/**
 * Stores as many schedules per atomic change as it holds. After an outage one schedule may have more than that: it is
 * stored in steps, the earliest first. What is missed comes before what is backfilled, so that a tick which continues
 * after a step finds what was left.
 *
 * @returns The occurrences that now wait to be submitted, or to be reported as missed.
 */
export async function storeDue(
  { service: { kv, deps }, lock, signal }: TickContext,
  pending: readonly PendingSchedule[],
): Promise<readonly WaitingOccurrence[]> {
  const stored: WaitingOccurrence[] = [];
  let left = pending.map((item) => ({ ...item, occurrences: waitingOf(item) }));
  while (left.length > 0 && !signal.aborted) {
    const count = countThatFit(left);
    const change = kv.atomic().check(lock);
    const step: WaitingOccurrence[] = [];
    for (const { schedule, read, update, occurrences } of left.slice(0, count)) {
      const key = scheduleProgressKey(schedule.name);
      change.check({ key, versionstamp: read.versionstamp });
      const part = occurrences.slice(0, MAX_OCCURRENCES);
      const last = part.length < occurrences.length ? part.at(-1) : undefined;
      if (update === null) change.delete(key);
      else change.set(key, last === undefined ? update.progress : scheduleProgressAt(schedule, last.scheduledAtMs));
      for (const occurrence of part) change.set(waitingKey(occurrence), occurrence);
      step.push(...part);
    }
    // The lock is lost: another tick does the rest.
    if (await change.commit() === undefined) return stored;
    stored.push(...step);
    const [first] = left;
    left = left.slice(count);
    if (first === undefined || first.occurrences.length <= MAX_OCCURRENCES) continue;
    const [read] = await readScheduleProgress(kv, [first.schedule.name]);
    const update = read && findDueUpdate(first.schedule, read.value, deps.clock.now());
    if (read === undefined || update === undefined) continue;
    const rest = { schedule: first.schedule, read, update };
    left = [{ ...rest, occurrences: waitingOf(rest) }, ...left];
  }
  return stored;
}

/** At least one, which may be too large for one change. */
function countThatFit(pending: readonly { readonly occurrences: readonly unknown[] }[]): number {
  let room = MAX_OCCURRENCES;
  const end = pending.slice(0, MAX_SCHEDULES).findIndex(({ occurrences }) => (room -= occurrences.length) < 0);
  return end === -1 ? Math.min(pending.length, MAX_SCHEDULES) : Math.max(1, end);
}

function waitingOf({ update }: PendingSchedule): readonly WaitingOccurrence[] {
  if (update === null) return [];
  const message = `No tick came in time${update.hasMoreMissed ? ", nor for many before it" : ""}`;
  return [
    ...update.missed.map((occurrence) => ({ ...occurrence, missed: message })),
    ...update.due.map((occurrence) => ({ ...occurrence, missed: null })),
  ];
}
