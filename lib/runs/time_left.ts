/** How much longer a run is likely to take, where earlier runs agree. Pure. */

import type { TimeLeft } from "../events.ts";
import { type DurationEstimate, quantileMs } from "./durations.ts";

const MIN_EARLIER_RUNS = 5;
/** The middle half of the estimates may differ by this part of the time left, or by this time. */
const MAX_SPREAD = 1 / 2;
const MAX_SPREAD_MS = 10_000;

/** `null` where fewer than five runs are known, or where they do not agree. */
export function timeLeftOf(estimate: DurationEstimate, ageMs: number): TimeLeft | null {
  const earlierRuns = estimate.endedMs.length;
  if (earlierRuns < MIN_EARLIER_RUNS) return null;
  if (ageMs > (estimate.endedMs.at(-1) ?? Infinity)) return { type: "longer-than-all", earlierRuns };
  const [early = 0, middle = 0, late = 0] = [0.25, 0.5, 0.75].map((share) => quantileMs(estimate, share, ageMs));
  const leftMs = Math.round(middle - ageMs);
  if (late - early > Math.max(MAX_SPREAD * leftMs, MAX_SPREAD_MS)) return null;
  return { type: "about", leftMs, usualMs: Math.round(quantileMs(estimate, 0.5)), earlierRuns };
}
