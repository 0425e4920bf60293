/** Which occurrences a tick handles. Pure: a late or repeated tick, or one in another isolate, gets the same answer. */

import type { Backfill, Occurrence, Schedule } from "./schedule.ts";
import { lastOccurrences, nextOccurrences } from "./occurrences.ts";

/** How far a schedule has been processed; stored between ticks. */
export interface ScheduleProgress {
  /** The cron expression and time zone. If the schedule's differ, the schedule starts over. */
  readonly timing: string;
  /** Everything up to and including this instant is processed: the last occurrence, or when the schedule was added. */
  readonly processedUntilMs: number;
  /** The first occurrence after it, so that earlier ticks compute nothing; `null` if there is none. */
  readonly nextMs: number | null;
}

export interface DueOccurrences {
  /** To submit, subject to the overlap policy; earliest first. */
  readonly due: readonly Occurrence[];
  /** Missed and not backfilled, to be reported; earliest first. */
  readonly missed: readonly Occurrence[];
  /** True if more occurrences were missed, before the first of `missed`. */
  readonly hasMoreMissed: boolean;
  /** To be stored once all of these are processed. Until then, the same call returns the same occurrences. */
  readonly progress: ScheduleProgress;
}

/** The fields that determine a schedule's occurrences and the treatment of late ones. */
export type DueSchedule = Pick<Schedule, "name" | "cron" | "timeZone" | "backfill" | "jitterMs">;

/** An occurrence counts as on time if its tick comes within this time: a trigger may fire late or skip a minute. */
export const MAX_LATENESS_MS = 5 * 60_000;

/** Keeps notifications readable and a tick short after an outage of a year. */
const MAX_PER_SCHEDULE = 500;

/**
 * The due and missed occurrences of a schedule at an instant. Occurrences that are on time are due with any policy;
 * `backfill` decides about late ones. With `last`, a late one is due only if none is on time.
 *
 * Remove the progress of a disabled schedule: occurrences while it is disabled are not missed.
 *
 * @param stored `null` for a new schedule.
 * @param sinceMs A new schedule, or one whose times changed, starts with its next occurrence after this.
 */
export function findDueOccurrences(
  schedule: DueSchedule,
  stored: ScheduleProgress | null,
  nowMs: number,
  sinceMs: number = nowMs,
): DueOccurrences {
  const progress = stored?.timing === timingOf(schedule) ? stored : scheduleProgressAt(schedule, sinceMs);
  const found = lastOccurrences(schedule, { afterMs: progress.processedUntilMs, toMs: nowMs }, MAX_PER_SCHEDULE + 1);
  const hasMoreMissed = found.length > MAX_PER_SCHEDULE;
  // In their order: an occurrence whose jitter is over waits for those before it.
  const occurrences = before(hasMoreMissed ? found.slice(1) : found, (occurrence) => {
    return firesAtMs(schedule, occurrence) > nowMs;
  });
  const late = before(occurrences, (occurrence) => nowMs - firesAtMs(schedule, occurrence) <= MAX_LATENESS_MS);
  const onTime = occurrences.slice(late.length);
  const missed = late.slice(0, Math.max(0, late.length - backfillCount(schedule.backfill, onTime)));
  const last = occurrences.at(-1);
  return {
    due: occurrences.slice(missed.length),
    missed,
    hasMoreMissed,
    progress: last === undefined ? progress : scheduleProgressAt(schedule, last.scheduledAtMs),
  };
}

/** Like {@link findDueOccurrences}, but `undefined` if there is nothing to store. */
export function findDueUpdate(
  schedule: DueSchedule,
  progress: ScheduleProgress | null,
  nowMs: number,
  sinceMs: number = nowMs,
): DueOccurrences | undefined {
  const isCurrent = progress?.timing === timingOf(schedule);
  if (isCurrent && progress.nextMs !== null && progress.nextMs > nowMs) return undefined;
  const found = findDueOccurrences(schedule, progress, nowMs, sinceMs);
  return !isCurrent || found.due.length + found.missed.length > 0 ? found : undefined;
}

export function scheduleProgressAt(schedule: DueSchedule, processedUntilMs: number): ScheduleProgress {
  const [next] = nextOccurrences(schedule, processedUntilMs, 1);
  return { timing: timingOf(schedule), processedUntilMs, nextMs: next?.scheduledAtMs ?? null };
}

function timingOf({ cron, timeZone }: DueSchedule): string {
  return `${cron} ${timeZone}`;
}

/** When to submit an occurrence: its scheduled time plus a jitter derived from its id. */
export function firesAtMs({ jitterMs }: Pick<Schedule, "jitterMs">, { id, scheduledAtMs }: Occurrence): number {
  return scheduledAtMs + Math.floor(jitterFractionOf(id) * jitterMs);
}

function before<T>(items: readonly T[], isAfter: (item: T) => boolean): readonly T[] {
  const first = items.findIndex(isAfter);
  return first === -1 ? items : items.slice(0, first);
}

function backfillCount(backfill: Backfill, onTime: readonly Occurrence[]): number {
  if (backfill === "none") return 0;
  if (backfill === "last") return onTime.length === 0 ? 1 : 0;
  return backfill.all;
}

/** A number in [0, 1), the same in every isolate: FNV-1a, then mixed, since ids differ only in their last characters. */
export function jitterFractionOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
