/** How often to list the runs when one list serves many of them. Pure. */

import { type DurationEstimate, hazardAt } from "./durations.ts";

/** A run that is tracked together with others. */
export interface TrackedAge {
  /** Since the run started, milliseconds. */
  readonly ageMs: number;
  /** How long its like take; `undefined` without history. */
  readonly estimate: DurationEstimate | undefined;
}

export interface ListPace {
  /** How many requests one round takes, at least 1. */
  readonly pages: number;
  /** What the rounds may take on average. */
  readonly requestsPerMinute: number;
  /** True while rows wait to be submitted: every end that is noticed late then delays another run. */
  readonly areRowsWaiting: boolean;
}

const MIN_GAP_MS = 2_000;
/** No list is needed more seldom, unless the budget demands it. */
const MAX_GAP_MS = 60_000;
/** How far a gap may be from the one that spends the budget evenly. */
const MIN_FACTOR = 1 / 2;
const MAX_FACTOR = 3;
/** Nothing waits for the end of a run: it is noticed later. */
const IDLE_WEIGHT = 0.2;
/** The end of the last runs is the end of the whole. */
const LAST_RUNS = 5;
/** The usual duration that is assumed of a young run without history. */
const MIN_UNKNOWN_MS = 60_000;

/**
 * How long to wait before the next round of list requests.
 *
 * The least delay for a number of requests has gaps of √(2cP / Σ w·h): P pages, h each run's hazard, w what a delay costs.
 * Here c is the price at which a usual moment, with each run at the mean hazard of its like, has the gap that spends the
 * budget evenly. The root is concave, so the mean of the requests stays within the budget.
 */
export function manyRunsGapMs(runs: readonly TrackedAge[], pace: ListPace): number {
  const evenGapMs = Math.max(MIN_GAP_MS, 60_000 * Math.max(1, pace.pages) / pace.requestsPerMinute);
  const weight = pace.areRowsWaiting || runs.length <= LAST_RUNS ? 1 : IDLE_WEIGHT;
  let [usual, present] = [0, 0];
  for (const { ageMs, estimate } of runs) {
    const unknown = 1 / Math.max(MIN_UNKNOWN_MS, ageMs);
    usual += estimate === undefined ? unknown : 1 / estimate.meanMs;
    present += estimate === undefined ? unknown : hazardAt(estimate, ageMs);
  }
  const factor = Math.sqrt(usual / (weight * present));
  const gapMs = evenGapMs * Math.min(MAX_FACTOR, Math.max(MIN_FACTOR, Number.isNaN(factor) ? 1 : factor));
  return Math.max(MIN_GAP_MS, Math.min(gapMs, Math.max(evenGapMs, MAX_GAP_MS)));
}
