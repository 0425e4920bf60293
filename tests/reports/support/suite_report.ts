/** Reports of suites for the tests of the renderers. */

import type { Report, ReportAttempt, ReportCase } from "../../../lib/reports/report.ts";
import type { RunResult } from "../../../lib/result.ts";

export const A_RESULT: RunResult = {
  workflowName: "solver",
  workflowId: null,
  runNumber: 7,
  slug: "solver-abc",
  status: "completed",
  platformStatus: "completed",
  startedAt: "2026-01-05T09:00:00Z",
  completedAt: "2026-01-05T09:01:05Z",
  durationSeconds: 65,
  errorMessage: null,
  kind: "completed",
  submitted: "yes",
};

export function anAttempt(parts: Partial<ReportAttempt> = {}): ReportAttempt {
  return {
    slug: "solver-abc",
    isAttached: false,
    status: "completed",
    exitCode: 0,
    end: { type: "result", result: A_RESULT },
    url: null,
    reason: null,
    cause: null,
    queueSeconds: 4.25,
    runSeconds: 65.1234,
    resources: ["cluster-a"],
    logTail: [],
    ...parts,
  };
}

export const A_FAILED_ATTEMPT = anAttempt({
  status: "failed",
  exitCode: 1,
  reason: 'step "solve" of job "main" failed',
  cause: "failure",
  logTail: ["solving", "Traceback: <boom> & more"],
});

export const AN_INFRA_ATTEMPT = anAttempt({
  slug: "solver-lost",
  status: "failed",
  exitCode: 8,
  reason: "the resource was lost",
  cause: "infra",
});

export function aCase(parts: Partial<ReportCase> = {}): ReportCase {
  const verdict = parts.verdict ?? "passed";
  return {
    id: "0123456789abcdef",
    name: "solve",
    suite: "nightly",
    workflow: "solver",
    file: { path: "nightly.suite.yaml", line: 7 },
    tags: [],
    parameters: {},
    inputs: {},
    verdict,
    isFlaky: false,
    isQuarantined: false,
    isFailure: verdict === "failed" || verdict === "unexpected-pass",
    reason: null,
    expectations: [],
    metrics: [],
    attempts: [anAttempt()],
    repeatCommand: "pw-workflow-runner test nightly.suite.yaml --case solve",
    ...parts,
  };
}

export function aSuiteReport(cases: readonly ReportCase[], parts: Partial<Report> = {}): Report {
  return {
    kind: "suite",
    title: "nightly",
    platformUrl: "https://activate.example.com",
    startedAtMs: Date.parse("2026-01-05T09:00:00Z"),
    endedAtMs: Date.parse("2026-01-05T09:10:00Z"),
    environment: "prod",
    shard: null,
    exitCode: 1,
    cases,
    ...parts,
  };
}

/** One case of each verdict, and the combinations with attempts. */
export const EVERY_CASE: readonly ReportCase[] = [
  aCase({ name: "passed" }),
  aCase({ name: "flaky", isFlaky: true, attempts: [AN_INFRA_ATTEMPT, A_FAILED_ATTEMPT, anAttempt()] }),
  aCase({
    name: "failed [mesh=fine]",
    verdict: "failed",
    reason: "1 of 2 expectations not met",
    expectations: [
      { path: "status", isMet: true, expected: "completed", actual: "completed", knownFailure: null },
      { path: "outputs.main.n", isMet: false, expected: "at least 3", actual: "2", knownFailure: null },
    ],
  }),
  aCase({ name: "failed twice", verdict: "failed", attempts: [A_FAILED_ATTEMPT, AN_INFRA_ATTEMPT], reason: "lost" }),
  aCase({ name: "failed in quarantine", verdict: "failed", isFailure: false, isQuarantined: true, reason: "slow" }),
  aCase({ name: "known failure", verdict: "known-failure", reason: "the solver diverges" }),
  aCase({ name: "unexpected pass", verdict: "unexpected-pass", reason: "passed, although it is known to fail" }),
  aCase({ name: "unexpected pass, not strict", verdict: "unexpected-pass", isFailure: false, reason: "passed" }),
  aCase({ name: "skipped", verdict: "skipped", reason: "cluster-a is off", attempts: [] }),
  aCase({
    name: "not judged",
    verdict: "not-judged",
    reason: "waited 2h 00m in the queue",
    attempts: [AN_INFRA_ATTEMPT],
  }),
  aCase({ name: "not run", verdict: "not-run", reason: "setup data failed", attempts: [] }),
  aCase({ name: "error", verdict: "error", reason: "the server answered 500", attempts: [] }),
  aCase({
    name: "error after retry",
    verdict: "error",
    reason: "lost",
    attempts: [AN_INFRA_ATTEMPT, AN_INFRA_ATTEMPT],
  }),
  aCase({ name: "other suite", suite: "a.b nightly" }),
];
