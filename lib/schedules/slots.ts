// The instants that a schedule names.
//
// Over a change of clocks, the rule of Vixie cron, so that a crontab can be moved here as it is:
// - Times of day (no `*`, `?` or step in minute and hour, like `30 2 * * *` or `30 2,14 * * *`) come once a day each. In
//   a repeated hour that is the first of the two; what the clocks leap over comes the moment they have leapt.
// - Anything else is an interval, like `*/15 * * * *`: it comes at every real minute whose local time fits, so twice in
//   a repeated hour, and not at all in one that is leapt over.
// - A whole day that a zone leaves out (Samoa in 2011) has no slots.

import { Cron } from "../deps/croner.ts";
import type { Schedule, Slot } from "./schedule.ts";

/** What a schedule's slots depend on. */
export type Timing = Pick<Schedule, "name" | "cron" | "timeZone">;

/** `(afterMs, toMs]`: windows that follow each other share no slot and lose none. */
export interface Window {
  readonly afterMs: number;
  readonly toMs: number;
}

/** The slots of a window, in their order. A wide one is costly: a day of minutes takes some 80 ms. */
export function slotsWithin(timing: Timing, { afterMs, toMs }: Window): Slot[] {
  const slots: Slot[] = [];
  for (const slot of slotsAfter(timing, afterMs)) {
    if (slot.atMs > toMs) break;
    slots.push(slot);
  }
  return slots;
}

/** The next few slots after an instant; fewer where the expression has no more. */
export function nextSlots(timing: Timing, afterMs: number, count: number): Slot[] {
  return slotsAfter(timing, afterMs).take(count).toArray();
}

/** The last slots of a window, at most `count`, in their order. */
export function lastSlots(timing: Timing, { afterMs, toMs }: Window, count: number): Slot[] {
  const slots: Slot[] = [];
  for (const slot of slotsUpTo(timing, toMs)) {
    if (slot.atMs <= afterMs || slots.length === count) break;
    slots.unshift(slot);
  }
  return slots;
}

/** @throws TypeError or RangeError when the expression can't be read. */
export function readPattern({ cron, timeZone }: Pick<Timing, "cron" | "timeZone">): Cron {
  // Where there is nothing to look up, no time zones need to be loaded.
  const zone = timeZone === "UTC" ? { utcOffset: 0 } : { timezone: timeZone };
  return new Cron(cron, { ...zone, mode: "5-part", fixedTimeRule: "no-wildcard" });
}

function* slotsAfter(timing: Timing, afterMs: number): Generator<Slot, undefined> {
  const pattern = readPattern(timing);
  for (let at = pattern.nextRun(new Date(afterMs)); at !== null; at = pattern.nextRun(at)) {
    yield slotAt(timing, at.getTime());
  }
}

/** Backwards. */
function* slotsUpTo(timing: Timing, toMs: number): Generator<Slot, undefined> {
  const pattern = readPattern(timing);
  // What is asked for comes before the instant that is given: a millisecond later lets it be the instant itself.
  for (let before = toMs + 1;;) {
    const [at] = pattern.previousRuns(1, new Date(before));
    if (at === undefined) return;
    before = at.getTime();
    yield slotAt(timing, before);
  }
}

function slotAt({ name }: Timing, atMs: number): Slot {
  return { id: `${name}@${new Date(atMs).toISOString().slice(0, 16)}Z`, schedule: name, atMs };
}
