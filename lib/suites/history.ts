/** Compares a run of suites with earlier ones. Pure. */

import type { Report, ReportCase, ReportChanges, Verdict } from "../reports/report.ts";
import type { CaseTrend, Change, TrendPoint, Trends } from "../reports/trends.ts";

/** Older runs no longer count. */
export const MAX_EARLIER_RUNS = 30;

/** The newest of each suite that ran in the environment, oldest first, each run once, without those on the same run. */
export function earlierRuns(
  reports: readonly Report[],
  { environment, startedAtMs }: Pick<Report, "environment"> & { readonly startedAtMs?: number | null | undefined },
): readonly Report[] {
  const others = reports.filter((report) =>
    report.kind === "suite" && report.environment === environment && report.startedAtMs !== startedAtMs
  );
  // A folder may have a report that was written there beside the one that is kept.
  const runs = [...new Map(others.map((report) => [`${report.startedAtMs} ${report.title}`, report])).values()]
    .toSorted((a, b) => (a.startedAtMs ?? 0) - (b.startedAtMs ?? 0));
  const kept = [...Map.groupBy(runs, ({ title }) => title).values()].flatMap((own) => own.slice(-MAX_EARLIER_RUNS));
  return runs.filter((run) => kept.includes(run));
}

/**
 * How each case of a report compares with the runs before it.
 *
 * @param earlier Oldest first.
 */
export function trendsOf(earlier: readonly Report[], report: Report): Trends {
  if (earlier.length === 0) return new Map();
  const points = pointsById(earlier);
  return new Map(report.cases.map((one) => [one.id, trendOf(points.get(one.id) ?? [], one, report.startedAtMs ?? 0)]));
}

/** What is known of each case, oldest first. A run that did not select a case is not among its points. */
export function pointsById(reports: readonly Report[]): ReadonlyMap<string, readonly TrendPoint[]> {
  const all = reports.flatMap(({ cases, startedAtMs }) => cases.map((one) => ({ one, atMs: startedAtMs ?? 0 })));
  const byId = Map.groupBy(all, ({ one }) => one.id);
  return new Map([...byId].map(([id, own]) => [id, own.map(({ one, atMs }) => pointOf(one, atMs))]));
}

function pointOf({ verdict, isFailure, isFlaky, attempts, metrics }: ReportCase, atMs: number): TrendPoint {
  const last = attempts.at(-1);
  const known = metrics.flatMap(({ name, value }) => value === null ? [] : [[name, value] as const]);
  return {
    atMs,
    verdict,
    isFailure,
    isFlaky,
    runSeconds: last?.runSeconds ?? null,
    queueSeconds: last?.queueSeconds ?? null,
    metrics: Object.fromEntries(known),
  };
}

function trendOf(points: readonly TrendPoint[], one: ReportCase, nowMs: number): CaseTrend {
  const all = [...points, pointOf(one, nowMs)];
  const judged = all.filter(({ verdict }) => isJudged(verdict));
  const lastGood = judged.findLastIndex(({ isFailure }) => !isFailure);
  return {
    points,
    change: changeOf(points, one),
    failingSinceMs: one.isFailure ? judged[lastGood + 1]?.atMs ?? null : null,
    flakinessRate: flakinessOf(judged),
    usualSeconds: usualSeconds(points),
    skipStreak: all.length - 1 - all.findLastIndex(({ verdict }) => verdict !== "skipped"),
  };
}

/** What a case usually takes: the median run time of the runs that passed; `null` without one. */
export function usualSeconds(points: readonly TrendPoint[]): number | null {
  return median(
    points.flatMap(({ verdict, runSeconds }) => verdict === "passed" && runSeconds !== null ? [runSeconds] : []),
  );
}

/** Of a repetition that is new, what the case itself usually takes. */
export function usualSecondsOf(id: string, earlier: ReadonlyMap<string, readonly TrendPoint[]>): number | null {
  return usualSeconds(earlier.get(id) ?? earlier.get(caseIdOf(id)) ?? []);
}

/** Of a repetition, the id of the case itself. */
export function caseIdOf(id: string): string {
  return id.replace(/-\d+$/, "");
}

/** Whether a verdict is about what is tested. */
function isJudged(verdict: Verdict): boolean {
  return verdict === "passed" || verdict === "failed" || verdict === "unexpected-pass" || verdict === "known-failure";
}

function hasFailedBefore(points: readonly TrendPoint[]): boolean {
  return points.findLast(({ verdict }) => isJudged(verdict))?.isFailure === true;
}

function changeOf(points: readonly TrendPoint[], { verdict, isFailure }: ReportCase): Change | null {
  if (!isJudged(verdict) && !isFailure) return null;
  const hasFailed = hasFailedBefore(points);
  if (isFailure) return hasFailed ? "still-failing" : "new-failure";
  return hasFailed ? "recovered" : null;
}

/** A single change is a regression or a fix: only further ones are flakiness. */
function flakinessOf(judged: readonly TrendPoint[]): number {
  const changes =
    judged.filter(({ isFailure }, index) => index > 0 && judged[index - 1]?.isFailure !== isFailure).length;
  const flaky = judged.filter(({ isFlaky }) => isFlaky).length;
  return judged.length === 0 ? 0 : Math.min(1, (flaky + Math.max(0, changes - 1)) / judged.length);
}

/** `null` without values. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** Values of the runs that passed, oldest first. `duration` and `queue` are in seconds. */
export function metricValues(points: readonly TrendPoint[], metric: string): readonly number[] {
  return points.filter(({ verdict }) => verdict === "passed").flatMap(({ metrics, runSeconds, queueSeconds }) => {
    const builtIn = metric === "duration" ? runSeconds : metric === "queue" ? queueSeconds : null;
    return (Object.hasOwn(metrics, metric) ? metrics[metric] : builtIn) ?? [];
  });
}

/**
 * Whether `--last-failed` selects a case: it failed, could not be judged, or never ran.
 *
 * @param points Also of its repetitions.
 */
export function hasLastFailed(points: readonly TrendPoint[]): boolean {
  const ran = points.filter(({ verdict }) => verdict !== "skipped");
  const lastAtMs = Math.max(...ran.map(({ atMs }) => atMs));
  const hasFailed = ({ atMs, verdict, isFailure }: TrendPoint) =>
    atMs === lastAtMs && (isFailure || !isJudged(verdict) || verdict === "failed");
  return points.length === 0 || ran.some(hasFailed);
}

export function changesOf({ cases }: Report, trends: Trends): ReportChanges {
  const namesOf = (some: readonly ReportCase[]) => some.map(({ suite, name }) => `${suite}: ${name}`);
  const having = (change: Change) => namesOf(cases.filter(({ id }) => trends.get(id)?.change === change));
  const since = cases.flatMap(({ id }) => trends.get(id)?.failingSinceMs ?? []);
  const isUnjudged = ({ verdict }: ReportCase) => verdict === "not-judged" || verdict === "error";
  return {
    // Without history, each failure is new.
    regressions: trends.size === 0 ? namesOf(cases.filter(({ isFailure }) => isFailure)) : having("new-failure"),
    recovered: having("recovered"),
    stillFailing: having("still-failing"),
    unjudgedFailures: namesOf(
      cases.filter(({ id, verdict, isFailure }) =>
        !isFailure && !isJudged(verdict) && hasFailedBefore(trends.get(id)?.points ?? [])
      ),
    ),
    failingSinceMs: since.length === 0 ? null : Math.min(...since),
    isInfraOnly: cases.every(({ isFailure }) => !isFailure) && cases.some(isUnjudged),
  };
}
