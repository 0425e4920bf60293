/** What earlier runs of a suite show about its cases, and what has changed since. */

import { counted } from "../text.ts";
import type { ReportAttempt, ReportCase, ReportChanges } from "./report.ts";

/** A case in one earlier run, with the times of the attempt that decided. */
export interface TrendPoint
  extends Pick<ReportCase, "verdict" | "isFailure" | "isFlaky">, Pick<ReportAttempt, "runSeconds" | "queueSeconds"> {
  /** When the run started, in milliseconds since the epoch. */
  readonly atMs: number;
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

/** Named in a line. */
const MAX_NAMES = 10;

/** What changed, each with the first of its cases, like `3 still failing since 2026-01-02` and `nightly: solve, …`. */
export function changeLists(changes: ReportChanges): readonly { readonly title: string; readonly names: string }[] {
  const { regressions, recovered, stillFailing, unjudgedFailures, failingSinceMs } = changes;
  const since = failingSinceMs === null ? "" : ` since ${new Date(failingSinceMs).toISOString().slice(0, 10)}`;
  const lists = [
    [counted(regressions.length, "new failure"), regressions],
    [`${stillFailing.length} still failing${since}`, stillFailing],
    [`${unjudgedFailures.length} not judged, failed before`, unjudgedFailures],
    [`${recovered.length} recovered`, recovered],
  ] as const;
  return lists.filter(([, names]) => names.length > 0).map(([title, names]) => {
    const more = names.length > MAX_NAMES ? [`${names.length - MAX_NAMES} more`] : [];
    return { title, names: [...names.slice(0, MAX_NAMES), ...more].join(", ") };
  });
}
