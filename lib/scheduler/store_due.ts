/** Stores the occurrences that are due, and how far their schedules have come. */

import { scheduleProgressAt } from "./due.ts";
import { scheduleProgressKey, waitingKey, type WaitingOccurrence } from "./scheduler_store.ts";
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
  { service: { kv }, lock, signal }: TickContext,
  pending: readonly PendingSchedule[],
): Promise<readonly WaitingOccurrence[]> {
  const stored: WaitingOccurrence[] = [];
  const left = pending.map((item) => ({ ...item, versionstamp: item.read.versionstamp, occurrences: waitingOf(item) }));
  while (left.length > 0 && !signal.aborted) {
    const change = kv.atomic().check(lock);
    const step: WaitingOccurrence[] = [];
    let split: typeof left = [];
    for (let count = 0; count < MAX_SCHEDULES && step.length < MAX_OCCURRENCES; count++) {
      const item = left.shift();
      if (item === undefined) break;
      const { schedule, update, versionstamp, occurrences } = item;
      const part = occurrences.slice(0, MAX_OCCURRENCES - step.length);
      const last = part.length < occurrences.length ? part.at(-1) : undefined;
      const key = scheduleProgressKey(schedule.name);
      change.check({ key, versionstamp });
      if (update === null) change.delete(key);
      else change.set(key, last === undefined ? update.progress : scheduleProgressAt(schedule, last.scheduledAtMs));
      for (const occurrence of part) change.set(waitingKey(occurrence), occurrence);
      step.push(...part);
      if (last !== undefined) split = [{ ...item, occurrences: occurrences.slice(part.length) }];
    }
    const versionstamp = await change.commit();
    // The lock is lost: another tick does the rest.
    if (versionstamp === undefined) return stored;
    stored.push(...step);
    left.unshift(...split.map((item) => ({ ...item, versionstamp })));
  }
  return stored;
}

function waitingOf({ update }: PendingSchedule): readonly WaitingOccurrence[] {
  if (update === null) return [];
  const message = `No tick came in time${update.hasMoreMissed ? ", nor for many before it" : ""}`;
  return [
    ...update.missed.map((occurrence) => ({ ...occurrence, missed: message })),
    ...update.due.map((occurrence) => ({ ...occurrence, missed: null })),
  ];
}
