/** Which slots a tick has to see to. Pure: a tick that comes late, twice or in two isolates at once gets one answer. */

import type { CatchUp, Occurrence, Schedule } from "./schedule.ts";
import { lastOccurrences, nextOccurrences } from "./occurrences.ts";

/** How far a schedule has come: what is kept of it between ticks. */
export interface Progress {
  /** The expression and zone that this was kept under: with others, the schedule begins anew. */
  readonly timing: string;
  /** Everything up to and with this instant has been seen to: the last slot, or when the schedule was first seen. */
  readonly seenToMs: number;
  /** The slot after it, so that nothing need be computed before then; `null` when none comes. */
  readonly nextMs: number | null;
}

export interface Due {
  /** To be submitted, if nothing else speaks against it; the earliest first. */
  readonly due: readonly Occurrence[];
  /** Passed over and not made up for, to be reported; the earliest first. */
  readonly missed: readonly Occurrence[];
  /** True when even more were missed than are told: those before the first of them. */
  readonly areMoreMissed: boolean;
  /** To be kept once all of these have been seen to; until then, the same question gets the same slots. */
  readonly progress: Progress;
}

/** What a schedule's slots, and what becomes of the late ones, depend on. */
export type Dated = Pick<Schedule, "name" | "cron" | "timeZone" | "catchUp" | "jitterMs">;

/** How late a tick may come for a slot and still be in time: it may ring a little late, or skip a beat. */
export const IN_TIME_MS = 5 * 60_000;

/** More than anybody wants to be told of, and quickly found: after an outage of a year, a tick still is short. */
const MAX_NOTIFICATIONS = 500;

/**
 * What is due of a schedule at an instant. Slots that come in time are due, whatever the policy; `catchUp` decides about
 * the late ones. With `last`, a late one is due only when none is in time.
 *
 * The progress of a schedule that is switched off is to be forgotten: what passed in the meantime is not missed.
 *
 * @param progress As it was kept last; `null` for a schedule never seen, of which only later slots count.
 */
export function findDue(schedule: Dated, progress: Progress | null, nowMs: number): Due {
  if (progress === null || progress.timing !== timingOf(schedule)) {
    return { due: [], missed: [], areMoreMissed: false, progress: progressAt(schedule, nowMs) };
  }
  const found = lastOccurrences(schedule, { afterMs: progress.seenToMs, toMs: nowMs }, MAX_NOTIFICATIONS + 1);
  const areMoreMissed = found.length > MAX_NOTIFICATIONS;
  const occurrences = firedBy(schedule, areMoreMissed ? found.slice(1) : found, nowMs);
  const firstInTime = occurrences.findIndex((occurrence) => nowMs - firesAtMs(schedule, occurrence) <= IN_TIME_MS);
  const late = firstInTime === -1 ? occurrences : occurrences.slice(0, firstInTime);
  const inTime = occurrences.slice(late.length);
  const missed = late.slice(0, Math.max(0, late.length - madeUpFor(schedule.catchUp, inTime)));
  return {
    due: occurrences.slice(missed.length),
    missed,
    areMoreMissed,
    progress: occurrences.length === 0 ? progress : progressAt(schedule, occurrences.at(-1)?.atMs ?? nowMs),
  };
}

/** What is to be noted of a schedule at an instant; `undefined` when it stands where it stood. */
export function findNews(schedule: Dated, progress: Progress | null, nowMs: number): Due | undefined {
  const isKnown = progress?.timing === timingOf(schedule);
  if (isKnown && progress.nextMs !== null && progress.nextMs > nowMs) return undefined;
  const found = findDue(schedule, progress, nowMs);
  return !isKnown || found.due.length + found.missed.length > 0 ? found : undefined;
}

/** What is to be kept once everything up to and with an instant has been seen to. */
export function progressAt(schedule: Dated, seenToMs: number): Progress {
  const [next] = nextOccurrences(schedule, seenToMs, 1);
  return { timing: timingOf(schedule), seenToMs, nextMs: next?.atMs ?? null };
}

function timingOf({ cron, timeZone }: Dated): string {
  return `${cron} ${timeZone}`;
}

/** When a slot is to be submitted: a while after it that only its id decides. */
export function firesAtMs({ jitterMs }: Pick<Schedule, "jitterMs">, { id, atMs }: Occurrence): number {
  return atMs + Math.floor(fractionOf(id) * jitterMs);
}

/** Slots keep their order: one whose turn has come waits for those before it. */
function firedBy(schedule: Dated, occurrences: readonly Occurrence[], nowMs: number): readonly Occurrence[] {
  const first = occurrences.findIndex((occurrence) => firesAtMs(schedule, occurrence) > nowMs);
  return first === -1 ? occurrences : occurrences.slice(0, first);
}

/** How many late slots are made up for. */
function madeUpFor(catchUp: CatchUp, inTime: readonly Occurrence[]): number {
  if (catchUp === "none") return 0;
  if (catchUp === "last") return inTime.length === 0 ? 1 : 0;
  return catchUp.all;
}

/** A number in [0, 1) that every isolate draws alike: FNV-1a, then mixed, since ids differ in their last letters alone. */
function fractionOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
