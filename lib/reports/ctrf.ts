/**
 * Renders a report as CTRF (Common Test Report Format, https://ctrf.io). Pure.
 *
 * The standard fields are for other readers. What the format has no field for is in `extra`, so that shards can be merged
 * and earlier reports compared. A log is there once, as the `stdout` of its attempt.
 */

import { allSteps, formatPath } from "../runs/view.ts";
import { VERSION } from "../version.ts";
import { ctrfStatus, type Status, unmetText } from "./cases.ts";
import type { Report, ReportAttempt, ReportCase } from "./report.ts";
import type { TrendPoint, Trends } from "./trends.ts";

export const CTRF_TOOL = "pw-workflow-runner";

export interface CtrfOptions {
  /** Shared by the shards of one run; `null` if it is not known. */
  readonly runId?: string | null;
  /** Facts of the CI system. */
  readonly ci?: CiFacts;
  readonly trends?: Trends;
}

export interface CiFacts {
  readonly buildUrl?: string | undefined;
  readonly commit?: string | undefined;
  readonly branchName?: string | undefined;
}

export function renderCtrf(report: Report, { runId = null, ci = {}, trends = new Map() }: CtrfOptions = {}): string {
  const { title, cases, startedAtMs, endedAtMs, environment, shard } = report;
  const count = (status: Status) => cases.filter((one) => ctrfStatus(one) === status).length;
  const start = startedAtMs ?? 0;
  const document = {
    reportFormat: "CTRF",
    specVersion: "0.0.0",
    ...runId === null ? {} : { runId },
    ...endedAtMs === null ? {} : { timestamp: new Date(endedAtMs).toISOString() },
    generatedBy: `${CTRF_TOOL} ${VERSION}`,
    results: {
      tool: { name: CTRF_TOOL, version: VERSION },
      summary: {
        tests: cases.length,
        passed: count("passed"),
        failed: count("failed"),
        skipped: count("skipped"),
        pending: 0,
        other: count("other"),
        flaky: cases.filter(({ isFlaky }) => isFlaky).length,
        suites: new Set(cases.map(({ suite }) => suite)).size,
        start,
        stop: Math.max(start, endedAtMs ?? 0),
      },
      tests: cases.map((one) => testOf(one, trends)),
      environment: {
        reportName: title,
        ...environment === null ? {} : { testEnvironment: environment },
        ...shard === null ? {} : { shardId: `${shard.index}/${shard.count}` },
        ...ci,
      },
      extra: { report: { ...report, cases: [] } },
    },
    ...reportInsights(cases, trends),
  };
  return `${JSON.stringify(document, null, 1)}\n`;
}

const RAW_STATUS: Readonly<Record<string, string>> = { "known-failure": "xfail", "unexpected-pass": "xpass" };

function testOf(one: ReportCase, trends: Trends) {
  const { attempts, reason, expectations, file, tags, inputs, parameters, isFlaky } = one;
  const last = attempts.at(-1);
  const unmet = expectations.filter(({ isMet }) => !isMet);
  const resources = [...new Set(attempts.flatMap(({ resources }) => resources))];
  return {
    ...one.id === "" ? {} : { testId: one.id },
    ...last?.slug ? { executionId: last.slug } : {},
    name: one.name,
    status: ctrfStatus(one),
    rawStatus: RAW_STATUS[one.verdict] ?? one.verdict,
    ...timesOf(last),
    duration: milliseconds(last?.runSeconds),
    suite: [one.suite],
    ...reason === null ? {} : { message: reason },
    ...unmet.length === 0 ? {} : { trace: unmet.map(unmetText).join("\n") },
    ...file === null ? {} : { filePath: file.path, line: file.line },
    ...tags.length === 0 ? {} : { tags },
    labels: { workflow: one.workflow, ...resources.length === 0 ? {} : { resource: resources } },
    parameters: inputs ?? parameters,
    flaky: isFlaky,
    retries: Math.max(0, attempts.length - 1),
    ...attempts.length < 2 ? {} : { retryAttempts: attempts.map(attemptOf) },
    ...last === undefined ? {} : { stdout: last.logTail, steps: stepsOf(last) },
    ...caseInsights(one, trends),
    extra: { case: { ...one, attempts: attempts.map(withoutLogs) } },
  };
}

function attemptOf(attempt: ReportAttempt, index: number) {
  return {
    attempt: index + 1,
    ...attempt.slug === null ? {} : { attemptId: attempt.slug },
    status: attempt.reason === null ? "passed" : "failed",
    ...timesOf(attempt),
    duration: milliseconds(attempt.runSeconds),
    ...attempt.reason === null ? {} : { message: attempt.reason },
    stdout: attempt.logTail,
  };
}

/** The format takes whole milliseconds only. */
function milliseconds(seconds: number | null | undefined): number {
  return Math.max(0, Math.round((seconds ?? 0) * 1_000));
}

function timesOf(attempt: ReportAttempt | undefined) {
  const result = attempt?.end.type === "result" ? attempt.end.result : undefined;
  const time = (text: string | null | undefined) => Date.parse(text ?? "");
  const [start, stop] = [time(result?.startedAt), time(result?.completedAt)];
  return { ...Number.isNaN(start) ? {} : { start }, ...Number.isNaN(stop) ? {} : { stop } };
}

const STEP_STATUS: Readonly<Record<string, Status>> = { completed: "passed", error: "failed", skipped: "skipped" };

function stepsOf({ end }: ReportAttempt) {
  const jobs = end.type === "result" ? end.result.jobs ?? [] : [];
  return allSteps(jobs).map(({ path, step }) => ({
    name: formatPath([...path, step.name]),
    status: STEP_STATUS[step.status] ?? "other",
  }));
}

/** The log tails of failed steps are the log tail of the attempt. */
function withoutLogs(attempt: ReportAttempt): ReportAttempt {
  const { end } = attempt;
  if (end.type === "error" || end.result.failure === undefined) return { ...attempt, logTail: [] };
  const failedJobs = end.result.failure.failedJobs.map((job) => ({
    ...job,
    failedSteps: job.failedSteps.map((step) => ({ ...step, logTail: [] })),
  }));
  const result = { ...end.result, failure: { ...end.result.failure, failedJobs } };
  return { ...attempt, logTail: [], end: { ...end, result } };
}

type Run = Pick<TrendPoint, "verdict" | "isFailure" | "runSeconds">;

/** What earlier runs show, over all known runs, this one too. Of one case; nothing if no earlier run is known. */
function caseInsights(one: ReportCase, trends: Trends) {
  const runs = runsOf(one, trends);
  return runs.length < 2 ? {} : { insights: { ...ratesOf(runs), executedInRuns: runs.length } };
}

/** Of all cases of a report; nothing if no earlier run is known. */
function reportInsights(cases: readonly ReportCase[], trends: Trends) {
  const times = new Set(cases.flatMap(({ id }) => trends.get(id)?.points.map(({ atMs }) => atMs) ?? []));
  const runs = cases.flatMap((one) => runsOf(one, trends));
  return times.size === 0 ? {} : { insights: { ...ratesOf(runs), runsAnalyzed: times.size + 1 } };
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
