/** What earlier runs of a suite show about its cases. */

import type { Verdict } from "./report.ts";

/** A case in one earlier run. */
export interface TrendPoint {
  /** When the run started, in milliseconds since the epoch. */
  readonly atMs: number;
  readonly verdict: Verdict;
  readonly isFailure: boolean;
  readonly isFlaky: boolean;
  /** Of the attempt that decided; `null` if it is not known. */
  readonly runSeconds: number | null;
  /** Of the attempt that decided; `null` if it is not known. */
  readonly queueSeconds: number | null;
  readonly metrics: Readonly<Record<string, number>>;
}

/** How a case compares with its last verdict; `null` for a case that was judged neither as a failure now nor before. */
export type Change = "new-failure" | "still-failing" | "recovered";

export interface CaseTrend {
  /** Oldest first, without this run. */
  readonly points: readonly TrendPoint[];
  readonly change: Change | null;
  /** When the first run of the current row of failures started; `null` if it does not fail. */
  readonly failingSinceMs: number | null;
  /** Among the runs that were judged, this one too: how many were flaky, or differ from the one before. In [0, 1]. */
  readonly flakinessRate: number;
  /** Median run time of the runs that passed; `null` without one. */
  readonly usualSeconds: number | null;
  /** How many runs in a row have skipped it, this one too. */
  readonly skipStreak: number;
}

/** By the id of the case. */
export type Trends = ReadonlyMap<string, CaseTrend>;
