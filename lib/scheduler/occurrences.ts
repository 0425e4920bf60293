// The instants that a schedule names.
//
// Over a change of clocks, the rule of Vixie cron, so that a crontab can be moved here as it is:
// - Times of day (no `*`, `?` or step in minute and hour, like `30 2 * * *` or `30 2,14 * * *`) come once a day each. In
//   a repeated hour that is the first of the two; what the clocks leap over comes the moment they have leapt.
// - Anything else is an interval, like `*/15 * * * *`: it comes at every real minute whose local time fits, so twice in
//   a repeated hour, and not at all in one that is leapt over.
// - A whole day that a zone leaves out (Samoa in 2011) has no slots.

import { Cron } from "../deps/croner.ts";
import type { Occurrence, Schedule } from "./schedule.ts";

/** What a schedule's slots depend on. */
export type Timing = Pick<Schedule, "name" | "cron" | "timeZone">;

/** `(afterMs, toMs]`: windows that follow each other share no slot and lose none. */
export interface Window {
  readonly afterMs: number;
  readonly toMs: number;
}

/** The slots of a window, in their order. A wide one is costly: a day of minutes takes some 80 ms. */
export function occurrencesWithin(timing: Timing, { afterMs, toMs }: Window): Occurrence[] {
  const occurrences: Occurrence[] = [];
  for (const occurrence of occurrencesAfter(timing, afterMs)) {
    if (occurrence.atMs > toMs) break;
    occurrences.push(occurrence);
  }
  return occurrences;
}

/** The next few slots after an instant; fewer where the expression has no more. */
export function nextOccurrences(timing: Timing, afterMs: number, count: number): Occurrence[] {
  return occurrencesAfter(timing, afterMs).take(count).toArray();
}

/** The last slots of a window, at most `count`, in their order. */
export function lastOccurrences(timing: Timing, { afterMs, toMs }: Window, count: number): Occurrence[] {
  const occurrences: Occurrence[] = [];
  for (const occurrence of occurrencesUpTo(timing, toMs)) {
    if (occurrence.atMs <= afterMs || occurrences.length === count) break;
    occurrences.unshift(occurrence);
  }
  return occurrences;
}

/** @throws TypeError or RangeError when the expression can't be read. */
export function readPattern({ cron, timeZone }: Pick<Timing, "cron" | "timeZone">): Cron {
  // Where there is nothing to look up, no time zones need to be loaded.
  const zone = timeZone === "UTC" ? { utcOffset: 0 } : { timezone: timeZone };
  return new Cron(cron, { ...zone, mode: "5-part", fixedTimeRule: "no-wildcard" });
}

function* occurrencesAfter(timing: Timing, afterMs: number): Generator<Occurrence, undefined> {
  const pattern = readPattern(timing);
  for (let at = pattern.nextRun(new Date(afterMs)); at !== null; at = pattern.nextRun(at)) {
    yield occurrenceAt(timing, at.getTime());
  }
}

/** Backwards. */
function* occurrencesUpTo(timing: Timing, toMs: number): Generator<Occurrence, undefined> {
  const pattern = readPattern(timing);
  // What is asked for comes before the instant that is given: a millisecond later lets it be the instant itself.
  for (let before = toMs + 1;;) {
    const [at] = pattern.previousRuns(1, new Date(before));
    if (at === undefined) return;
    before = at.getTime();
    yield occurrenceAt(timing, before);
  }
}

function occurrenceAt({ name }: Timing, atMs: number): Occurrence {
  return { id: `${name}@${new Date(atMs).toISOString().slice(0, 16)}Z`, schedule: name, atMs };
}
