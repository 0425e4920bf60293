import { type CronTiming, nextOccurrences, type TimeWindow } from "../../../lib/scheduler/occurrences.ts";
import type { Occurrence } from "../../../lib/scheduler/schedule.ts";

const PART = 500;

/** All occurrences of a window, earliest first, found by a forward search. */
export function occurrencesWithin(timing: CronTiming, { afterMs, toMs }: TimeWindow): readonly Occurrence[] {
  const part = nextOccurrences(timing, afterMs, PART);
  const inside = part.filter(({ scheduledAtMs }) => scheduledAtMs <= toMs);
  const last = inside.at(-1);
  if (inside.length < PART || last === undefined) return inside;
  return [...inside, ...occurrencesWithin(timing, { afterMs: last.scheduledAtMs, toMs })];
}
