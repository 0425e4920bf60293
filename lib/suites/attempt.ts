/** What an attempt of a case means: evidence is collected and judged, and the attempt is added to the case. */

import { formatExactDuration } from "../duration.ts";
import { InvalidInputs, RunnerError } from "../errors.ts";
import { parsePath } from "../json.ts";
import { textsIn } from "../inputs/secrets.ts";
import { problemText } from "../problem.ts";
import { createRedactor, redactDeep } from "../redact.ts";
import { type AttemptEnd, headline, reportAttempt, type ReportMetric, VERDICTS } from "../reports/report.ts";
import type { TrendPoint } from "../reports/trends.ts";
import type { RunResult } from "../result.ts";
import { type RunDetail, type RunId, runIdOf } from "../run.ts";
import { storeQuietly } from "../runs/batch_limits.ts";
import { cancelRun } from "../runs/cancel.ts";
import type { Deps } from "../runs/deps.ts";
import { causeOf, endedAttemptOf, type FailureCause, type TaskEnd } from "../runs/retry_policy.ts";
import { shortened } from "../store/submission_rows.ts";
import type { KeptJudgement, Submission } from "../submission.ts";
import type { CaseState } from "./case_state.ts";
import { comparisonsOf } from "./compare.ts";
import { collectEvidence, type EndedRun, type ExecuteDeps, queueSecondsOf, ranSecondsOf, tailOf } from "./evidence.ts";
import { metricValues } from "./history.ts";
import { type Evidence, judge, type Judgement, outputAt } from "./judge.ts";
import { isOn } from "./known_failures.ts";
import { measureAll } from "./metrics.ts";
import type { CheckedCase } from "./preflight.ts";

export interface JudgeOptions {
  readonly signal: AbortSignal;
  /** A resource that is off, and a wait that is too long, are failures. */
  readonly requiresResources?: boolean;
  /** Of the run's page; `null` if it is not known. */
  urlOf(slug: string): string | null;
  /** Earlier runs by the id of the case, oldest first. */
  readonly earlier: ReadonlyMap<string, readonly TrendPoint[]>;
  /** Values that no output may show from now on. */
  redact(values: readonly string[]): void;
}

/** The end of an attempt, and what is stored of it. */
export interface EndedAttempt {
  readonly end: TaskEnd;
  /** `null` if nothing was stored for it. */
  readonly submission: Submission | null;
}

/** Adds the attempt to the case. @returns Why it failed; `null` if it did not. */
export async function judgeAttempt(
  deps: ExecuteDeps,
  state: CaseState,
  ended: EndedAttempt,
  options: JudgeOptions,
): Promise<FailureCause | null> {
  const { one } = state;
  const { submission } = ended;
  const kept = keptIn(ended);
  const isReady = ended.end.type === "result" && ended.end.result.kind === "session_ready";
  const end = kept?.of === "session" ? readyAgain(ended.end) : ended.end;
  const secretOutputs = end.type === "result" ? secretOutputsOf(one, end.result) : [];
  options.redact(secretOutputs);
  const redact = createRedactor([...one.secrets, ...state.secrets, ...secretOutputs]);
  const judged = kept !== undefined ? judgedAs(kept) : await judgeEvidence(deps, one, end, {
    signal: options.signal,
    redact,
    earlier: (metric) => metricValues(options.earlier.get(one.id) ?? [], metric),
  });
  const { judgement, cause } = judged;
  const isPassed = hasPassed(judged);
  state.metrics = judged.metrics;
  // Before a session ends: what it answered cannot be asked again.
  await keepJudgement(deps, submission, judged, { isReady });
  if (end.type === "result") {
    const runId = runIdOf(end.result);
    const isDeleted = kept?.isRunDeleted === true || end.result.kind === "run_deleted";
    if (!isDeleted) state.runs.push({ runId, submissionId: submission?.submissionId ?? null, isPassed });
    state.outputs = end.result.outputs ?? {};
    if (isReady) await cancelQuietly(deps, runId, options.signal);
  }
  const reported = reportAttempt(
    { slug: null, isAttached: false },
    redactDeep(attemptEnd(end), redact),
    isPassed ? 0 : 1,
  );
  state.attempts.push({
    ...reported,
    url: reported.slug === null ? null : options.urlOf(reported.slug),
    reason: isPassed ? null : judgement.reason,
    cause: isPassed ? null : cause === "run" ? "failure" : "infra",
    queueSeconds: queueSecondsOf(end),
    runSeconds: ranSecondsOf(end),
    resources: one.clusters,
    logTail: judged.logTail,
  });
  // Together with the attempt: from now on, its run time counts.
  Object.assign(state, { isRunning: false, workingSinceMs: null, ranSeconds: null });
  // A resource that is required was not there in time.
  const isMissed = options.requiresResources === true && judgement.verdict === "not-judged" && end.type === "result";
  state.judgement = { ...judgement, isFailure: judgement.isFailure || isMissed };
  return cause;
}

interface Judged {
  readonly judgement: Judgement;
  readonly cause: FailureCause | null;
  readonly metrics: readonly ReportMetric[];
  readonly logTail: readonly string[];
}

async function judgeEvidence(
  deps: ExecuteDeps,
  one: CheckedCase,
  end: TaskEnd,
  { earlier, ...options }: Pick<EndedRun, "signal" | "redact"> & { earlier(metric: string): readonly number[] },
): Promise<Judged> {
  const run = end.type === "result" ? { ...deps, ...options, one, end } : null;
  const evidence: Evidence = run !== null
    ? unjudged(run) ?? await collectEvidence(run)
    : { type: "no-run", reason: end.type === "error" ? textOf(end.error) : "nothing was submitted" };
  const metrics = evidence.type === "run"
    ? measureAll(one.metrics, evidence, { resources: one.clusters, earlier })
    : [];
  const judgement = judge({
    metrics,
    expect: one.expect,
    knownFailures: one.knownFailures.filter((failure) => isOn(failure, one.clusters)),
  }, evidence);
  const cause = causeOfJudgement(end, judgement);
  const isTailShown = run !== null && evidence.type === "run" && !hasPassed({ judgement, cause });
  const logTail = isTailShown ? await tailOf(run, evidence) : [];
  return { judgement, cause, metrics, logTail };
}

/** With what is wrong with inputs that depended on other runs. */
function textOf(error: RunnerError): string {
  const problems = error instanceof InvalidInputs ? error.problems : [];
  return [error.message, ...problems.slice(0, 3).map(problemText)].join("; ");
}

function hasPassed({ judgement: { verdict }, cause }: Pick<Judged, "judgement" | "cause">): boolean {
  return cause === null && verdict !== "error" && verdict !== "not-judged";
}

/** What an earlier tick or call has found: the next one does not collect it again, and some of it is gone by then. */
export function keptIn({ submission, end }: EndedAttempt): KeptJudgement | undefined {
  const kept = submission !== null && "judged" in submission.origin ? submission.origin.judged : undefined;
  // A run that ended by itself before it could be cancelled is judged by that.
  const hasEnded = end.type !== "result" || end.result.status !== "cancelled";
  return kept?.of === "cancelled" && hasEnded ? undefined : kept;
}

/** The session had ended by the time that its end was stored: it was judged before. */
function readyAgain(end: TaskEnd): TaskEnd {
  if (end.type !== "result") return end;
  return { ...end, result: { ...end.result, status: "running", kind: "session_ready", errorMessage: null } };
}

function judgedAs({ cause, reason, isFailure, ...kept }: KeptJudgement): Judged {
  const verdict = VERDICTS.find((verdict) => verdict === kept.verdict) ?? "error";
  return { judgement: { verdict, isFailure, reason, expectations: [] }, cause, metrics: [], logTail: [] };
}

async function keepJudgement(
  deps: Deps,
  submission: Submission | null,
  { judgement: { verdict, isFailure, reason }, cause }: Judged,
  { isReady }: { readonly isReady: boolean },
): Promise<void> {
  if (submission === null || !("batchId" in submission.origin) || submission.origin.judged !== undefined) return;
  if (!isReady && submission.origin.type !== "scheduled-suite") return;
  const judged = { verdict, isFailure, reason: shortened(reason), cause, ...(isReady && { of: "session" as const }) };
  await storeQuietly(deps, { ...submission, origin: { ...submission.origin, judged } });
}

function attemptEnd(end: TaskEnd): AttemptEnd {
  if (end.type === "result") return { type: "result", result: end.result };
  const { kind, message, hint, submitted } = end.type === "error"
    ? end.error
    : { kind: "not_submitted", message: "nothing was submitted", hint: undefined, submitted: "no" as const };
  return { type: "error", error: { kind, message, hint, problems: [], submitted } };
}

/** What the end of a run shows by which a case cannot be judged; `null` if it can. */
function unjudged({ end: { result, limit }, one: { expect, queueTimeoutMs } }: EndedRun): Evidence | null {
  const isLost = result.status === "unknown" && result.kind !== "run_deleted";
  const evidence = (reason: string): Evidence => ({ type: isLost ? "no-run" : "inconclusive", reason });
  if (limit === "queue") return evidence(`waited ${formatExactDuration(queueTimeoutMs)} in the queue`);
  if (result.kind === "run_deleted") return evidence("its run was deleted");
  const isExpected = [expect.status ?? "completed"].flat().includes("failed");
  return isLost || (!isExpected && causeOf(result) === "infra") ? evidence(headline(result)) : null;
}

function causeOfJudgement(end: TaskEnd, { verdict }: Judgement): FailureCause | null {
  if (verdict === "failed") return "run";
  if (verdict !== "not-judged" && verdict !== "error") return null;
  return end.type === "result" && end.result.kind === "run_deleted" ? "infra" : endedAttemptOf(end, false).cause;
}

function secretOutputsOf({ expect }: CheckedCase, { outputs = {} }: RunResult): readonly string[] {
  return Object.entries(expect.outputs ?? {}).flatMap(([output, comparison]) =>
    comparisonsOf(comparison).secret === true ? textsIn(outputAt(outputs, parsePath(output) ?? [])) : []
  );
}

/**
 * A failure is only logged, and an abort of the signal does not wait for it.
 *
 * @returns The run, which is canceling or has ended; `null` if it may still be running.
 */
export async function cancelQuietly(deps: Deps, runId: RunId, signal: AbortSignal): Promise<RunDetail | null> {
  try {
    return await cancelRun(deps, runId, { signal });
  } catch (error) {
    if (error instanceof RunnerError) deps.log("WARNING", error.message);
    else if (!signal.aborted || error !== signal.reason) throw error;
    return null;
  }
}
