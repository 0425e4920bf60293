/**
 * What is reported about runs, batches and suites, in every format. A single run is a case with one attempt, and so is each
 * row of a batch. The texts may contain anything: each renderer escapes what its format needs.
 */

import type { JsonObject } from "../json.ts";
import type { Problem } from "../problem.ts";
import type { RunResult, Submitted } from "../result.ts";

/**
 * The verdicts on a case, the worst first: the order of failures in reports. `known-failure`: failed as the suite states.
 * `unexpected-pass`: passed although the suite states that it fails. `not-judged`: its run could not show whether it meets
 * the expectations, for example because it waited in the queue for too long. `not-run`: nothing was submitted. `error`: its
 * run could not be started or observed.
 */
export const VERDICTS = [
  "failed",
  "unexpected-pass",
  "error",
  "not-judged",
  "not-run",
  "known-failure",
  "skipped",
  "passed",
] as const;

export type Verdict = (typeof VERDICTS)[number];

export interface Report {
  readonly kind: "run" | "batch" | "suite";
  /** Name of the workflow, the batch or the suites. */
  readonly title: string;
  /** Such as `https://activate.parallel.works`; `null` if it is not known. */
  readonly platformUrl: string | null;
  /** Whose runs they are on the platform; absent if it is not known. */
  readonly user?: string;
  /** Milliseconds since the epoch; `null` if it is not known. */
  readonly startedAtMs: number | null;
  /** Milliseconds since the epoch; `null` if it is not known. */
  readonly endedAtMs: number | null;
  /** The environment of a suite; `null` without one. */
  readonly environment: string | null;
  /** `null` unless the cases are a part of all. */
  readonly shard: Shard | null;
  readonly exitCode: number;
  readonly cases: readonly ReportCase[];
  /** How it compares with earlier runs; absent if they are not known. */
  readonly changes?: ReportChanges;
}

/** Names are those of cases. */
export interface ReportChanges {
  readonly regressions: readonly string[];
  readonly recovered: readonly string[];
  readonly stillFailing: readonly string[];
  /** Not judged now; failed when they were last judged. */
  readonly unjudgedFailures: readonly string[];
  /** When the oldest of the present failures was first seen, in milliseconds since the epoch; `null` without one. */
  readonly failingSinceMs: number | null;
  /** Nothing failed, and at least one case could not be judged. */
  readonly isInfraOnly: boolean;
}

/** Like `2/5`. */
export interface ShardNumber {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

export interface Shard extends ShardNumber {
  /** How many cases all shards have together. */
  readonly total: number;
  /** Of each case, its place among all, from 0. */
  readonly places: readonly number[];
}

export interface ReportCase {
  /** The same for each run of the case, at any position in the file: 16 hex digits. */
  readonly id: string;
  /** The workflow, or the name of the case with the values of its matrix: unique in its suite. */
  readonly name: string;
  /** The suite or batch that it belongs to; for a single run its workflow. */
  readonly suite: string;
  readonly workflow: string;
  /** Where it is written; `null` for a single run. */
  readonly file: { readonly path: string; readonly line: number } | null;
  readonly tags: readonly string[];
  /** The values of the matrix, or the inputs in which a row differs. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Without the values of secrets; `null` if they are not known. */
  readonly inputs: JsonObject | null;
  readonly verdict: Verdict;
  /** Passed after a failed attempt. */
  readonly isFlaky: boolean;
  /** Its failure does not fail the suite. */
  readonly isQuarantined: boolean;
  /** Counts as a failure. */
  readonly isFailure: boolean;
  /** One line: why it has this verdict; `null` if it passed. */
  readonly reason: string | null;
  /** Of the attempt that decided; empty if nothing was judged. */
  readonly expectations: readonly ReportExpectation[];
  /** Values that the case measured. */
  readonly metrics: readonly ReportMetric[];
  /** In order; the last one decided. Empty if nothing was submitted. */
  readonly attempts: readonly ReportAttempt[];
  /** The command that repeats this case alone. */
  readonly repeatCommand: string | null;
}

/** An expectation, compared with what happened. */
export interface ReportExpectation {
  /** Below `expect`, like `outputs.main.energy[2]`. */
  readonly path: string;
  readonly isMet: boolean;
  /** Like `about -1.17, within 0.1%`. */
  readonly expected: string;
  readonly actual: string;
  /** Why it is known to fail; `null` if it is not. */
  readonly knownFailure: KnownFailure | null;
}

export interface KnownFailure {
  readonly reason: string;
  readonly issue: string | null;
}

export interface ReportMetric {
  readonly name: string;
  /** `null` if it could not be read. */
  readonly value: number | null;
  readonly unit: string | null;
  /** Like `90000 MB/s (85500 or more)`; `null` without a reference. */
  readonly expected: string | null;
  readonly isMet: boolean;
}

/** What is known of an attempt before its end. */
export interface AttemptFacts {
  /** `null` if nothing was submitted, or the run has no slug. */
  readonly slug: string | null;
  /** True if the run already existed. */
  readonly isAttached: boolean;
}

export interface ReportAttempt extends AttemptFacts {
  readonly status: AttemptStatus;
  readonly exitCode: number;
  /** The result of the run, or the error that prevented one. */
  readonly end: AttemptEnd;
  /** Of the run's page in the web interface; `null` if it is not known. */
  readonly url: string | null;
  /** One line: why it did not pass; `null` if it did. */
  readonly reason: string | null;
  /** What was at fault: the platform, or what the run computed; `null` if it passed. */
  readonly cause: "infra" | "failure" | null;
  /** `null` if it is not known. */
  readonly queueSeconds: number | null;
  /** Without the time in the queue; `null` if it is not known. */
  readonly runSeconds: number | null;
  /** Where it ran: the clusters of its inputs, as far as they are known. */
  readonly resources: readonly string[];
  /** The last lines of the logs of the steps that decided. */
  readonly logTail: readonly string[];
}

export type AttemptEnd =
  | { readonly type: "result"; readonly result: RunResult }
  | { readonly type: "error"; readonly error: ReportError };

export interface ReportError {
  /** A kind from the table of exit codes, or `stopped` or `defect`. */
  readonly kind: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly problems: readonly Problem[];
  readonly submitted: Submitted;
  /** True if the run was cancelled because the wait for it was interrupted. */
  readonly isCancelled?: boolean;
}

/** `error`: no run was started. `stopped`: the wait was interrupted and the run continues. */
export type AttemptStatus = RunResult["status"] | "error" | "stopped";

export function reportAttempt(facts: AttemptFacts, end: AttemptEnd, exitCode: number): ReportAttempt {
  const isError = end.type === "error";
  const status = end.type === "error" ? statusOfError(end.error, facts) : end.result.status;
  return {
    slug: isError ? facts.slug : end.result.slug ?? facts.slug,
    isAttached: facts.isAttached,
    status,
    exitCode,
    end,
    url: null,
    reason: isError ? end.error.message : exitCode === 0 ? null : headline(end.result),
    cause: exitCode === 0 ? null : isError ? "infra" : "failure",
    queueSeconds: null,
    runSeconds: isError ? null : end.result.durationSeconds,
    resources: [],
    logTail: isError ? [] : logTailOf(end.result),
  };
}

/** What a case has that no suite file describes. */
export const PLAIN_CASE = {
  file: null,
  tags: [],
  parameters: {},
  inputs: null,
  isFlaky: false,
  isQuarantined: false,
  expectations: [],
  metrics: [],
  repeatCommand: null,
} as const;

/** The report on one run. */
export function reportRun(
  { name, platformUrl, ...facts }: AttemptFacts & { readonly name: string; readonly platformUrl: string | null },
  end: AttemptEnd,
  exitCode: number,
): Report {
  const attempt = reportAttempt(facts, end, exitCode);
  const one: ReportCase = {
    ...PLAIN_CASE,
    id: "",
    name,
    suite: name,
    workflow: name,
    verdict: exitCode === 0 ? "passed" : attempt.status === "failed" ? "failed" : "error",
    isFailure: exitCode !== 0,
    reason: attempt.reason,
    attempts: [attempt],
  };
  const times = { startedAtMs: null, endedAtMs: null };
  return { kind: "run", title: name, platformUrl, ...times, environment: null, shard: null, exitCode, cases: [one] };
}

/** One line: why a run ended as it did. */
export function headline({ status, errorMessage, message, failure }: RunResult): string {
  return errorMessage ?? message ?? failure?.summary ?? `The run is ${status}`;
}

/** The last lines of the logs of all failed steps. */
export function logTailOf({ failure }: RunResult): readonly string[] {
  return (failure?.failedJobs ?? []).flatMap(({ failedSteps }) => failedSteps.flatMap(({ logTail }) => logTail));
}

function statusOfError({ isCancelled, submitted, kind }: ReportError, { isAttached }: AttemptFacts): AttemptStatus {
  if (isCancelled === true) return "cancelled";
  if (submitted === "yes" || (isAttached && kind === "stopped")) return "stopped";
  return submitted === "no" ? "error" : "unknown";
}
