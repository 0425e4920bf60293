/** How often to list the runs of a batch: one list serves many of them. Pure. */

import { type DurationEstimate, hazardAt } from "./durations.ts";

/** Half a gap is the delay in noticing an end. */
const USUAL_GAP_MS = 10_000;
/** How far a gap may be from the usual one. */
const MIN_FACTOR = 1 / 2;
const MAX_FACTOR = 3;
/** Nothing waits for the end of a run: it is noticed later. */
const IDLE_WEIGHT = 0.2;
/** The end of the last runs is the end of the whole. */
const LAST_RUNS = 5;

/**
 * How long to wait before the next round of list requests.
 *
 * The least delay for a number of requests has gaps of √(c / Σ w·h): h each run's hazard, w what a delay costs. Here c is the
 * price at which a usual moment, with each run at the mean hazard of its like, has the usual gap. The root is concave, so the
 * mean of the requests is not above what usual gaps would take.
 *
 * @param agesMs Of the runs, at least one: since each has started.
 * @param estimate How long their like take; `undefined` as long as none has ended.
 * @param areRowsWaiting Whether rows wait to be submitted: every end that is noticed late then delays another run.
 */
export function manyRunsGapMs(
  agesMs: readonly number[],
  estimate: DurationEstimate | undefined,
  areRowsWaiting: boolean,
): number {
  const weight = areRowsWaiting || agesMs.length <= LAST_RUNS ? 1 : IDLE_WEIGHT;
  /** Of the runs, in that of a usual moment. */
  const hazard = estimate === undefined
    ? 1
    : agesMs.reduce((sum, ageMs) => sum + hazardAt(estimate, ageMs), 0) * estimate.meanMs / agesMs.length;
  return USUAL_GAP_MS * Math.min(MAX_FACTOR, Math.max(MIN_FACTOR, 1 / Math.sqrt(weight * hazard)));
}
