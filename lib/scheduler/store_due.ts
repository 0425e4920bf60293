/** Stores the occurrences that are due of a schedule, and how far the schedule has come. */

import type { Found } from "../store/kv.ts";
import { findDueUpdate, type Progress, progressAt } from "./due.ts";
import { readProgress, setWaiting, type WaitingOccurrence } from "./scheduler_store.ts";
import type { PendingSchedule, TickContext } from "./tick_context.ts";

/** Deno KV takes 1000 changes and 80 KiB of keys at once. */
const MAX_PER_COMMIT = 200;

/**
 * After an outage there may be more than one atomic change holds. They are stored in steps, the earliest first: what is
 * missed comes before what is backfilled, so that a tick which continues after a step finds what was left.
 *
 * @returns The occurrences that now wait to be submitted, or to be reported as missed.
 */
export async function storeDue(
  { service, lock, signal }: TickContext,
  { schedule, read: firstRead, update: firstNews }: PendingSchedule,
): Promise<WaitingOccurrence[]> {
  const { kv, deps } = service;
  const key = ["progress", schedule.name];
  if (firstNews === null) {
    await kv.atomic().check(lock).delete(key).commit();
    return [];
  }
  const stored: WaitingOccurrence[] = [];
  let read: Found<Progress> = firstRead;
  let update = firstNews;
  while (true) {
    const message = `No tick came in time${update.hasMoreMissed ? ", nor for many before it" : ""}`;
    const all = [
      ...update.missed.map((occurrence): WaitingOccurrence => ({ ...occurrence, missed: message })),
      ...update.due.map((occurrence): WaitingOccurrence => ({ ...occurrence, missed: null })),
    ];
    const step = all.slice(0, MAX_PER_COMMIT);
    const isLast = step.length === all.length;
    const change = kv.atomic().check(lock, { key, versionstamp: read.versionstamp });
    change.set(
      key,
      isLast ? update.progress : progressAt(schedule, step.at(-1)?.scheduledAtMs ?? update.progress.processedUntilMs),
    );
    for (const occurrence of step) setWaiting(change, occurrence);
    if (await change.commit() === undefined) return stored;
    stored.push(...step);
    if (isLast || signal.aborted) return stored;
    const [next] = await readProgress(kv, [schedule.name]);
    const rest = next && findDueUpdate(schedule, next.value, deps.clock.now());
    if (next === undefined || rest === undefined) return stored;
    read = next;
    update = rest;
  }
}
