// The occurrences of a schedule: when it fires, which occurrences a tick handles, and what it does with them while earlier
// ones are open. Pure: a late or repeated tick, or one in another isolate, gets the same answer.
//
// Clock changes follow Vixie cron, so that a crontab can be moved here unchanged:
// - Fixed times (no `*`, `?` or step in minute and hour, like `30 2 * * *` or `30 2,14 * * *`) fire once a day each. In a
//   repeated hour the first of the two fires; a time that the clocks skip fires right after the change.
// - Anything else is an interval, like `*/15 * * * *`: it fires at every real minute whose local time matches, so twice
//   in a repeated hour and never in a skipped one.
// - A whole day that a zone skips (Samoa in 2011) has no occurrences.

import { Cron } from "../deps/croner.ts";
import type { Backfill, Occurrence, Overlap, Schedule } from "./schedule.ts";

/** The fields that determine a schedule's occurrences. */
export type CronTiming = Pick<Schedule, "name" | "cron" | "timeZone">;

/** `(afterMs, toMs]`: consecutive windows share no occurrence and miss none. */
export interface TimeWindow {
  readonly afterMs: number;
  readonly toMs: number;
}

/** Fewer than `count` if the expression has no more. */
export function nextOccurrences(timing: CronTiming, afterMs: number, count: number): Occurrence[] {
  const times = readCronPattern(timing).nextRuns(count, new Date(afterMs));
  return times.map((at) => occurrenceAt(timing, at.getTime()));
}

/** The last occurrences of a window, at most `count`, earliest first. */
export function lastOccurrences(timing: CronTiming, { afterMs, toMs }: TimeWindow, count: number): Occurrence[] {
  const pattern = readCronPattern(timing);
  const occurrences: Occurrence[] = [];
  // `previousRuns` excludes the instant itself: one millisecond more includes it.
  for (let before = toMs + 1; occurrences.length < count;) {
    const [at] = pattern.previousRuns(1, new Date(before));
    if (at === undefined || at.getTime() <= afterMs) break;
    before = at.getTime();
    occurrences.unshift(occurrenceAt(timing, before));
  }
  return occurrences;
}

/** @throws TypeError or RangeError if the expression is invalid. */
export function readCronPattern({ cron, timeZone }: Pick<CronTiming, "cron" | "timeZone">): Cron {
  // A fixed offset avoids loading the time zone data.
  const zone = timeZone === "UTC" ? { utcOffset: 0 } : { timezone: timeZone };
  return new Cron(cron, { ...zone, mode: "5-part", fixedTimeRule: "no-wildcard" });
}

function occurrenceAt({ name }: Pick<CronTiming, "name">, scheduledAtMs: number): Occurrence {
  return { id: `${name}@${new Date(scheduledAtMs).toISOString().slice(0, 16)}Z`, schedule: name, scheduledAtMs };
}

/** Whether it was added by a request, and not by the schedule's times. */
export function isRequested({ id, schedule, scheduledAtMs }: Occurrence): boolean {
  return occurrenceAt({ name: schedule }, scheduledAtMs).id !== id;
}

/** Of a submission for an occurrence; of its end, nothing has been reported. */
export function originOf({ schedule, scheduledAtMs }: Occurrence, { suite = null }: Partial<Schedule> = {}) {
  const origin = { type: "schedule", schedule, scheduledAtMs, isDeadlineReported: false, isReported: false } as const;
  return suite === null ? origin : { ...origin, suite: { path: suite, end: null } };
}

/** How far a schedule has been processed; stored between ticks. */
export interface ScheduleProgress {
  /** The cron expression and time zone. If the schedule's differ, the schedule starts over. */
  readonly timing: string;
  /** Everything up to and including this instant is processed: the last occurrence, or when the schedule was added. */
  readonly processedUntilMs: number;
  /** The first occurrence after it, so that earlier ticks compute nothing; `null` if there is none. */
  readonly nextMs: number | null;
}

/** The fields that determine a schedule's occurrences and the treatment of late ones. */
type DueSchedule = Pick<Schedule, "name" | "cron" | "timeZone" | "backfill" | "jitterMs">;

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
 * @param sinceMs A new schedule, or one that starts over, starts with its next occurrence after this.
 */
export function findDueOccurrences(
  schedule: DueSchedule,
  stored: ScheduleProgress | null,
  nowMs: number,
  sinceMs: number = nowMs,
) {
  const progress = isCurrent(schedule, stored, nowMs) ? stored : scheduleProgressAt(schedule, sinceMs);
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
    /** To submit, subject to the overlap policy; earliest first. */
    due: occurrences.slice(missed.length),
    /** Not backfilled, to be reported; earliest first. */
    missed,
    /** True if more were missed, before the first of `missed`. */
    hasMoreMissed,
    /** To be stored once all of these are processed. Until then, the same call returns the same occurrences. */
    progress: last === undefined ? progress : scheduleProgressAt(schedule, last.scheduledAtMs),
  };
}

/** Like {@link findDueOccurrences}, but `undefined` if there is nothing to store. */
export function findDueUpdate(
  schedule: DueSchedule,
  progress: ScheduleProgress | null,
  nowMs: number,
  sinceMs: number = nowMs,
): ReturnType<typeof findDueOccurrences> | undefined {
  const continues = isCurrent(schedule, progress, nowMs);
  if (continues && progress.nextMs !== null && progress.nextMs > nowMs) return undefined;
  const found = findDueOccurrences(schedule, progress, nowMs, sinceMs);
  return !continues || found.due.length + found.missed.length > 0 ? found : undefined;
}

/** Otherwise the schedule starts over: its times have changed, or a clock that was ahead has processed what is to come. */
function isCurrent(
  schedule: DueSchedule,
  progress: ScheduleProgress | null,
  nowMs: number,
): progress is ScheduleProgress {
  return progress?.timing === timingOf(schedule) && progress.processedUntilMs <= nowMs + MAX_LATENESS_MS;
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

export interface OpenOccurrence extends Occurrence {
  /** `waiting`: not submitted; `open`: submitted, or possibly submitted; `cancelling`: its run is being cancelled. */
  readonly state: "waiting" | "open" | "cancelling";
}

export type OverlapDecision =
  /** `cancel` may name waiting occurrences: those are skipped. Submitting need not wait until the runs have ended. */
  | { readonly type: "submit"; readonly cancel: readonly string[] }
  | { readonly type: "skip"; readonly reason: SkipReason; readonly blockedBy: readonly string[] }
  /** The next tick decides again. */
  | { readonly type: "wait" }
  /** By an earlier tick. */
  | { readonly type: "already-submitted" };

type SkipReason = "still-open" | "queue-full" | "newer-open";

/** A day of hourly runs. In a longer queue, runs would start too late to be useful. */
export const MAX_QUEUE_LENGTH = 24;

/**
 * A repeated tick gets the same decision. Several due occurrences are decided one after the other, earliest first, each
 * with the result of those before it.
 *
 * @param open The open occurrences of the schedule, possibly including `occurrence` itself.
 */
export function decideOverlap(
  overlap: Overlap,
  occurrence: Occurrence,
  open: readonly OpenOccurrence[],
): OverlapDecision {
  const own = open.find(({ id }) => id === occurrence.id);
  if (own !== undefined && own.state !== "waiting") return { type: "already-submitted" };
  const others = open.filter(({ id }) => id !== occurrence.id);
  // A later occurrence that is waiting comes after this one.
  const ahead = others.filter(({ state, scheduledAtMs }) =>
    state !== "waiting" || scheduledAtMs < occurrence.scheduledAtMs
  );
  if (overlap === "cancel-previous") {
    const newer = others.filter(({ scheduledAtMs }) => scheduledAtMs > occurrence.scheduledAtMs);
    if (newer.length > 0) return { type: "skip", reason: "newer-open", blockedBy: idsOf(newer) };
    return { type: "submit", cancel: idsOf(others.filter(({ state }) => state !== "cancelling")) };
  }
  if (overlap === "allow" || ahead.length === 0) return { type: "submit", cancel: [] };
  if (overlap === "skip") return { type: "skip", reason: "still-open", blockedBy: idsOf(ahead) };
  // The number ahead only decreases: an occurrence that is in the queue stays in it.
  const waiting = ahead.filter(({ state }) => state === "waiting");
  if (waiting.length >= MAX_QUEUE_LENGTH) return { type: "skip", reason: "queue-full", blockedBy: idsOf(waiting) };
  return { type: "wait" };
}

/** By scheduled time. */
function idsOf(occurrences: readonly OpenOccurrence[]): string[] {
  return occurrences.toSorted((a, b) => a.scheduledAtMs - b.scheduledAtMs).map(({ id }) => id);
}
