/** What an attempt of a case means: evidence is collected and judged, and the attempt is added to the case. */

import { formatDuration } from "../duration.ts";
import { RunnerError } from "../errors.ts";
import { valueAt } from "../inputs/path.ts";
import { createRedactor, redactDeep } from "../redact.ts";
import { type AttemptEnd, headline, reportAttempt } from "../reports/report.ts";
import type { TrendPoint } from "../reports/trends.ts";
import type { RunResult } from "../result.ts";
import type { TaskEnd } from "../runs/batch_task.ts";
import { endedAttemptOf } from "../runs/batch.ts";
import { queueTimeoutMessage } from "../runs/batch_polling.ts";
import { cancelRun } from "../runs/cancel.ts";
import type { Deps } from "../runs/deps.ts";
import { causeOf, type FailureCause } from "../runs/retry_policy.ts";
import type { CaseState } from "./case_state.ts";
import { collectEvidence, type EvidenceDeps, runIdOf, tailOf } from "./evidence.ts";
import { metricValues } from "./history.ts";
import { type Evidence, judge, type Judgement } from "./judge.ts";
import { measureAll } from "./metrics.ts";
import type { CheckedCase } from "./preflight.ts";

export interface ExecuteDeps extends Deps, Omit<EvidenceDeps, "client" | "clock"> {}

export interface JudgeOptions {
  readonly signal: AbortSignal;
  /** A resource that is off, and a wait that is too long, are failures. */
  readonly requiresResources: boolean;
  /** Of the run's page; `null` if it is not known. */
  urlOf(slug: string): string | null;
  /** Earlier runs by the id of the case, oldest first. */
  readonly earlier: ReadonlyMap<string, readonly TrendPoint[]>;
  /** Values that no output may show from now on. */
  redact(values: readonly string[]): void;
}

/** Adds the attempt to the case. @returns Why it failed; `null` if it did not. */
export async function judgeAttempt(
  deps: ExecuteDeps,
  state: CaseState,
  end: TaskEnd,
  options: JudgeOptions,
): Promise<FailureCause | null> {
  const { one } = state;
  const queueSeconds = end.type === "result" && end.queueMs !== undefined ? Math.round(end.queueMs) / 1_000 : null;
  const secretOutputs = end.type === "result" ? secretOutputsOf(one, end.result) : [];
  options.redact(secretOutputs);
  const redact = createRedactor([...one.secrets, ...secretOutputs]);
  const evidenceOptions = { signal: options.signal, queueSeconds, redact, inputs: one.givenInputs };
  const evidence = end.type === "result" && reasonUnjudged(end, one) === null
    ? await collectEvidence(deps, one, end.result, evidenceOptions)
    : unjudged(end, one);
  const earlier = (metric: string) => metricValues(options.earlier.get(one.id) ?? [], metric);
  const metrics = evidence.type === "run"
    ? measureAll(one.metrics, evidence, { resources: one.clusters, earlier })
    : [];
  state.metrics = metrics;
  const judgement = judge({
    metrics,
    expect: one.expect,
    knownFailures: one.knownFailures.filter(({ resources }) =>
      resources === null || resources.some((name) => one.clusters.includes(name))
    ),
  }, evidence);
  if (end.type === "result") {
    state.lastResult = end.result;
    state.outputs = end.result.outputs ?? {};
    if (end.result.kind === "session_ready") await cancelQuietly(deps, end.result, options.signal);
  }
  const cause = causeOfJudgement(end, judgement);
  const isPassed = cause === null && judgement.verdict !== "error" && judgement.verdict !== "not-judged";
  const tail = isPassed || end.type !== "result" || evidence.type !== "run"
    ? []
    : await tailOf(deps, evidence, end.result, evidenceOptions);
  const reported = reportAttempt(
    { slug: null, isAttached: false },
    redactDeep(attemptEnd(end), redact),
    isPassed ? 0 : 1,
  );
  const total = end.type === "result" ? end.result.durationSeconds : null;
  state.attempts.push({
    ...reported,
    url: reported.slug === null ? null : options.urlOf(reported.slug),
    reason: isPassed ? null : judgement.reason,
    cause: isPassed ? null : cause === "run" ? "failure" : "infra",
    queueSeconds,
    runSeconds: total === null ? null : Math.max(0, total - (queueSeconds ?? 0)),
    resources: one.clusters,
    logTail: tail,
  });
  // Together with the attempt: from now on, its run time counts.
  Object.assign(state, { isRunning: false, workingSinceMs: null });
  state.judgement = { ...judgement, isFailure: judgement.isFailure || isRequiredResource(judgement, end, options) };
  return cause;
}

function attemptEnd(end: TaskEnd): AttemptEnd {
  if (end.type === "result") return { type: "result", result: end.result };
  const { kind, message, hint, submitted } = end.type === "error"
    ? end.error
    : { kind: "not_submitted", message: "nothing was submitted", hint: undefined, submitted: "no" as const };
  return { type: "error", error: { kind, message, hint, problems: [], submitted } };
}

/** Why the case cannot be judged by the end of a run; `null` if it can. */
function reasonUnjudged(
  end: Extract<TaskEnd, { type: "result" }>,
  { expect, queueTimeoutMs }: CheckedCase,
): string | null {
  const { result, limit } = end;
  // A result from the store has no limit.
  const hasWaited = limit === "queue" ||
    (result.kind === "timeout" && result.message === queueTimeoutMessage(queueTimeoutMs));
  if (hasWaited) return `waited ${formatDuration(queueTimeoutMs)} in the queue`;
  if (result.kind === "run_deleted") return "its run was deleted";
  if (result.status === "unknown") return headline(result);
  const isExpected = [expect.status ?? "completed"].flat().includes("failed");
  return !isExpected && causeOf(result) === "infra" ? headline(result) : null;
}

function unjudged(end: TaskEnd, one: CheckedCase): Evidence {
  if (end.type !== "result") {
    return { type: "no-run", reason: end.type === "error" ? end.error.message : "nothing was submitted" };
  }
  const reason = reasonUnjudged(end, one) ?? headline(end.result);
  const isLost = end.result.status === "unknown" && end.result.kind !== "run_deleted";
  return { type: isLost ? "no-run" : "inconclusive", reason };
}

function causeOfJudgement(end: TaskEnd, { verdict }: Judgement): FailureCause | null {
  if (verdict === "failed") return "run";
  if (verdict !== "not-judged" && verdict !== "error") return null;
  return end.type === "result" && end.result.kind === "run_deleted" ? "infra" : endedAttemptOf(end, false).cause;
}

function isRequiredResource(
  { verdict }: Judgement,
  end: TaskEnd,
  { requiresResources }: JudgeOptions,
): boolean {
  return requiresResources && verdict === "not-judged" && end.type === "result";
}

function secretOutputsOf({ expect }: CheckedCase, { outputs = {} }: RunResult): readonly string[] {
  return Object.entries(expect.outputs ?? {}).flatMap(([output, comparison]) => {
    const isSecret = typeof comparison === "object" && "secret" in comparison && comparison.secret === true;
    const value = isSecret ? valueAt(outputs, output.split(".")) : undefined;
    return typeof value === "string" ? [value] : [];
  });
}

async function cancelQuietly(deps: Deps, result: RunResult, signal: AbortSignal): Promise<void> {
  try {
    await cancelRun(deps, runIdOf(result), { signal });
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    deps.log("WARNING", error.message);
  }
}
