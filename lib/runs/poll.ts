import { expected, NotFound, retryAfterOf, RunnerError, Unavailable, Unsupported } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import { formatRunId, type Run, type RunDetail, runIdOf } from "../run.ts";
import type { RunResult } from "../result.ts";
import { type ActiveSubmission, observedIn, type ObservedRun } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { digestFailure } from "./failure.ts";
import { withLimit } from "./limit.ts";
import { pollDelayMs, retryAfterDelayMs } from "./poll_interval.ts";
import { type AdvanceOptions, type AdvanceResult, recordObservation, recordStep, type Step } from "./advance_result.ts";
import { isOver, stepPositionOf, toRunResult } from "./view.ts";

/** After this long, a failing run counts as failed even if its steps are still running. */
const FAILING_MS = 10 * 60_000;

/** A new run may not be visible yet: only this many polls with 404, over this long, mean that it was deleted. */
const MIN_MISSING_POLLS = 3;
const MISSING_MS = 60_000;

/** A proxy or a restarting server may refuse a valid key once, for a moment. */
const REFUSED_POLL_MS = 5_000;

/** Shorter outages are not reported. */
export const MIN_REPORTED_OUTAGE_MS = 10_000;

/** Nor are shorter delays that the server asks for, unless they exceed the poll interval. */
const MIN_REPORTED_DELAY_MS = 15_000;

/** Reads the run's detail and updates the submission. */
export async function pollRun(deps: Deps, submission: ActiveSubmission, options: AdvanceOptions) {
  const step = { deps, submission, options };
  const sentAtMs = deps.clock.now();
  const run = await withLimit(options, `read run ${formatRunId(submission.runId)}`, async (signal) => {
    return await deps.client.getRun(submission.runId, { signal, retry: "none" });
  }).catch(expected(RunnerError));
  if (run instanceof NotFound) return await afterMissing(step);
  if (run instanceof RunnerError) return await afterFailedPoll(step, run, sentAtMs);
  const advanced = await applyRun(step, run);
  const { submission: updated, events } = advanced;
  if (updated.state !== "active" || !hasEnded(updated, run, deps.clock.now())) return advanced;
  const status = run.status === "completed" || run.status === "cancelled" ? run.status : "failed";
  const failure = status === "failed" ? await digestFailure(deps, run, options) : undefined;
  // Its submission started it: who reports the result knows whether that was the same call.
  const ended = toRunResult(run, { kind: status, status, submitted: "yes", failure });
  const result = asTimedOut(ended, observedIn(updated).exceeded);
  return await recordStep({ deps, submission: updated }, { type: "finished", result }, { events });
}

/**
 * The end of a run that may have been cancelled for a limit: the platform knows only that it was cancelled. One that ended by
 * itself just before that keeps its own end.
 */
export function asTimedOut(result: RunResult, exceeded: ObservedRun["exceeded"]): RunResult {
  if (exceeded === null || result.status !== "cancelled") return result;
  return { ...result, status: "timeout", kind: "timeout", message: exceeded.message };
}

/** Updates the submission from a polled or listed run. A listed one is never enough to finish it. */
export async function applyRun(step: Step<ActiveSubmission>, run: Run | RunDetail): Promise<AdvanceResult> {
  const { deps, submission, options } = step;
  const nowMs = deps.clock.now();
  const elapsedMs = Math.max(0, nowMs - submission.startedAtMs);
  const delayMs = options.experience?.pollDelayMs(elapsedMs, deps.random) ??
    pollDelayMs(elapsedMs, options.pollInterval, deps.random);
  const updated = await recordObservation(deps, submission, {
    type: "polled",
    run,
    runId: run.slug === null ? submission.runId : runIdOf(run, submission.request.workflow),
    pollAtMs: nowMs + delayMs,
  });
  const events: RunEvent[] = [];
  const base = { submissionId: submission.submissionId, atMs: nowMs };
  if (submission.unreachableSinceMs !== null && isReported(submission.unreachableSinceMs, submission.updatedAtMs)) {
    events.push({ ...base, type: "connection-restored", outageMs: nowMs - submission.unreachableSinceMs });
  }
  const isNewStatus = !run.isStatusKnown &&
    (submission.run.platformStatus !== run.platformStatus || submission.lastPolledAtMs === submission.startedAtMs);
  if (isNewStatus) events.push({ ...base, type: "unknown-status", platformStatus: run.platformStatus });
  events.push(statusEvent(step, run));
  return { submission: updated, events };
}

/** The status of a run as it is known. */
export function statusEvent({ deps, submission, options }: Step<ActiveSubmission>, run: Run | RunDetail): RunEvent {
  const atMs = deps.clock.now();
  const elapsedMs = Math.max(0, atMs - submission.startedAtMs);
  return {
    type: "status",
    submissionId: submission.submissionId,
    atMs,
    status: run.status,
    platformStatus: run.platformStatus,
    elapsedMs,
    position: "jobs" in run ? stepPositionOf(run.jobs) : null,
    timeLeft: run.status === "running" ? options.experience?.timeLeft(elapsedMs) ?? null : null,
  };
}

function hasEnded(submission: ActiveSubmission, run: RunDetail, nowMs: number): boolean {
  return isOver(run) || (run.status !== "running" && nowMs - (submission.failingSinceMs ?? nowMs) >= FAILING_MS);
}

/** No error: a server that does not have the run has responded. */
async function afterMissing(step: Step<ActiveSubmission>): Promise<AdvanceResult> {
  const { deps, submission, options } = step;
  const updated = await recordObservation(deps, submission, { type: "missing", pollAtMs: nextPollMs(step) });
  const isGone = updated.state === "active" && updated.missingSinceMs !== null &&
    updated.missingPolls >= MIN_MISSING_POLLS && deps.clock.now() - updated.missingSinceMs >= MISSING_MS;
  if (!isGone) return { submission: updated, events: [] };
  const { slug } = updated.run;
  // Where a proxy has lost the server, it answers 404 to everything; where it serves an old state, the list may be newer.
  const list = await withLimit(options, "list runs", async (signal) => {
    return await deps.client.listRuns({ search: slug ?? undefined, limit: 1, signal, retry: "none" });
  }).catch(expected(RunnerError));
  // A legacy server, which identifies runs by number, has no such list.
  const isLegacy = list instanceof Unsupported && updated.runId.type === "number";
  if (list instanceof RunnerError && !isLegacy) {
    return await afterFailedPoll({ deps, submission: updated, options }, list, updated.missingSinceMs);
  }
  const isListed = !(list instanceof RunnerError) && list.runs.some((run) => run.slug !== null && run.slug === slug);
  if (isListed) return { submission: updated, events: [] };
  const result = toRunResult(updated.run, {
    kind: "run_deleted",
    status: "unknown",
    submitted: "yes",
    message: `Run ${formatRunId(submission.runId)} was deleted on the platform; it is not submitted again`,
  });
  return await recordStep({ deps, submission: updated }, { type: "finished", result });
}

/** Records that the server did not respond to a request that was sent then, and when to try again. */
export async function afterFailedPoll(
  step: Step<ActiveSubmission>,
  error: RunnerError,
  sentAtMs: number,
): Promise<AdvanceResult> {
  const { deps, submission, options } = step;
  const nowMs = deps.clock.now();
  const unreachableSinceMs = submission.unreachableSinceMs ?? sentAtMs;
  const retryAfterMs = retryAfterOf(error) ?? 0;
  const minDelayMs = error.kind === "credential_refused" ? REFUSED_POLL_MS : 0;
  const untilMs = Math.min(
    retryAfterMs > 0 ? nowMs + retryAfterDelayMs(retryAfterMs, deps.random) : nextPollMs(step, minDelayMs),
    // At these instants the wait ends, after a last poll.
    Math.max(nowMs, unreachableSinceMs + (options.unreachableTimeoutMs ?? Infinity)),
    Math.max(nowMs, options.deadlineAtMs ?? Infinity),
  );
  const updated = await recordObservation(deps, submission, {
    type: "poll-failed",
    sinceMs: unreachableSinceMs,
    pollAtMs: untilMs,
  });
  const isOutage = isReported(unreachableSinceMs, nowMs);
  const isNewOutage = isOutage && !isReported(submission.unreachableSinceMs, submission.updatedAtMs);
  const base = { submissionId: submission.submissionId, atMs: nowMs, reason: error.message };
  const events: RunEvent[] = [];
  const isBusy = isServerBusy(error);
  // Each time: an outage may follow after a busy server. The caller reports the first.
  if (isOutage && !isBusy) events.push({ ...base, type: "connection-lost" });
  const { pollIntervalMs, maxPollIntervalMs } = options.pollInterval;
  const usualDelayMs = Math.min(Math.max(pollIntervalMs, maxPollIntervalMs), MIN_REPORTED_DELAY_MS);
  const isLongDelay = Math.min(retryAfterMs, untilMs - nowMs) > usualDelayMs;
  if (isLongDelay || (isNewOutage && isBusy)) events.push({ ...base, type: "poll-delayed", untilMs });
  return { submission: updated, events, error };
}

/** Whether the server responds, and asks to wait. */
export function isServerBusy(error: RunnerError): boolean {
  return error instanceof Unavailable && (error.status === 429 || error.retryAfterMs !== undefined);
}

function nextPollMs({ deps, submission, options }: Step<ActiveSubmission>, minDelayMs = 0): number {
  const { pollInterval, experience } = options;
  const nowMs = deps.clock.now();
  const elapsedMs = nowMs - submission.startedAtMs;
  const backoffMs = pollDelayMs(elapsedMs, pollInterval, deps.random, minDelayMs);
  if (experience === undefined) return nowMs + backoffMs;
  return nowMs + Math.max(minDelayMs, Math.min(backoffMs, experience.pollDelayMs(elapsedMs, deps.random)));
}

function isReported(unreachableSinceMs: number | null, untilMs: number): boolean {
  return unreachableSinceMs !== null && untilMs - unreachableSinceMs >= MIN_REPORTED_OUTAGE_MS;
}
