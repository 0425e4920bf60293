/** What earlier runs show, in the terms of CTRF: rates and times over all known runs, this one too. Pure. */

import { ctrfStatus } from "./ctrf_status.ts";
import type { ReportCase } from "./report.ts";
import type { TrendPoint, Trends } from "./trends.ts";

type Run = Pick<TrendPoint, "verdict" | "isFailure" | "runSeconds">;

/** Of one case; `undefined` if no earlier run is known. */
export function caseInsights(one: ReportCase, trends: Trends) {
  const runs = runsOf(one, trends);
  return runs.length < 2 ? undefined : { ...ratesOf(runs), executedInRuns: runs.length };
}

/** Of all cases of a report; `undefined` if no earlier run is known. */
export function reportInsights(cases: readonly ReportCase[], trends: Trends) {
  const times = new Set(cases.flatMap(({ id }) => trends.get(id)?.points.map(({ atMs }) => atMs) ?? []));
  if (times.size === 0) return undefined;
  return { ...ratesOf(cases.flatMap((one) => runsOf(one, trends))), runsAnalyzed: times.size + 1 };
}

function runsOf(one: ReportCase, trends: Trends): readonly Run[] {
  const { verdict, isFailure, attempts } = one;
  const now = { verdict, isFailure, runSeconds: attempts.at(-1)?.runSeconds ?? null };
  return [...trends.get(one.id)?.points ?? [], now];
}

function ratesOf(runs: readonly Run[]) {
  const rate = (status: string) => {
    const matching = runs.filter((run) => ctrfStatus({ ...run, isQuarantined: !run.isFailure }) === status);
    return { current: Number((matching.length / runs.length).toFixed(4)) };
  };
  const totalMs = runs.reduce((sum, { runSeconds }) => sum + Math.round((runSeconds ?? 0) * 1_000), 0);
  return {
    passRate: rate("passed"),
    failRate: rate("failed"),
    averageTestDuration: { current: Number((totalMs / runs.length).toFixed(2)) },
  };
}
