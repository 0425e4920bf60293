// The firing times of a schedule.
//
// Clock changes follow Vixie cron, so that a crontab can be moved here unchanged:
// - Fixed times (no `*`, `?` or step in minute and hour, like `30 2 * * *` or `30 2,14 * * *`) fire once a day each. In a
//   repeated hour the first of the two fires; a time that the clocks skip fires right after the change.
// - Anything else is an interval, like `*/15 * * * *`: it fires at every real minute whose local time matches, so twice
//   in a repeated hour and never in a skipped one.
// - A whole day that a zone skips (Samoa in 2011) has no occurrences.

import { Cron } from "../deps/croner.ts";
import type { Occurrence, Schedule } from "./schedule.ts";

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

function occurrenceAt({ name }: CronTiming, scheduledAtMs: number): Occurrence {
  return { id: `${name}@${new Date(scheduledAtMs).toISOString().slice(0, 16)}Z`, schedule: name, scheduledAtMs };
}
