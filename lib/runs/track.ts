import { CredentialError, NotSubmitted, Rejected, type RunnerError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import type { RunResult, Submitted } from "../result.ts";
import type { Run, RunDetail } from "../run.ts";
import type { ActiveSubmission, RejectedSubmission, Submission, UnconfirmedSubmission } from "../submission.ts";
import { advance } from "./advance.ts";
import type { Deps } from "./deps.ts";
import type { ExecuteOptions, TrackOptions } from "./options.ts";
import { findReadySession } from "./session.ts";
import { type AdvanceOptions, type AdvanceResult, recordObservation } from "./advance_result.ts";
import { formatRunId, resultOf, resultWithoutRun } from "./view.ts";

type TrackSubmissionOptions = ExecuteOptions & Pick<AdvanceOptions, "submitted">;

/**
 * Advances a submission until its run has ended or waiting stops.
 *
 * @param options `submitted` is reported in results; by default `yes` for a submission that this call sends.
 * @throws What prevented the submission from starting a run; the signal's reason.
 */
export async function* track(
  deps: Deps,
  start: Submission,
  options: ExecuteOptions & Partial<Pick<AdvanceOptions, "submitted">>,
): AsyncGenerator<RunEvent, RunResult> {
  const { clock } = deps;
  let submitted = options.submitted ?? (start.state === "pending" ? "yes" : "no");
  let submission = start;
  let deadlineMs: number | null = null;
  const started = (active: ActiveSubmission) => {
    deadlineMs = deadlineOf(start.state === "active" ? clock.now() : active.startedAtMs, options);
    return startedEvent(active, { isAttached: submitted !== "yes", deadlineMs, nowMs: clock.now() });
  };
  if (submission.state === "active") {
    yield started(submission);
    if (!options.isWaiting) return detachedResult(await detach(deps, submission), { submitted });
  }
  while (true) {
    await clock.sleep(Math.min(submission.nextPollAtMs, deadlineMs ?? Infinity) - clock.now(), {
      signal: options.signal,
    });
    const isLastPoll = deadlineMs !== null && clock.now() >= deadlineMs;
    const advanced = await advanceOne(deps, isLastPoll ? { ...submission, nextPollAtMs: clock.now() } : submission, {
      ...options,
      submitted,
    });
    if (advanced.wasAdvancedElsewhere) submitted = "no";
    if (submission.state === "unconfirmed") submitted = startedBy(submission, submitted);
    const isNewlyActive = submission.state !== "active" && advanced.submission.state === "active";
    submission = advanced.submission;
    if (isNewlyActive && submission.state === "active") {
      yield started(submission);
      if (!options.isWaiting) return detachedResult(await detach(deps, submission), { submitted });
    }
    yield* advanced.events;

    const resultOptions = { ...options, submitted };
    const result = await resultAfter(deps, advanced, resultOptions) ??
      (isLastPoll ? timeoutResult(submission, resultOptions) : undefined);
    if (result === undefined) continue;
    yield { type: "finished", submissionId: submission.submissionId, atMs: clock.now(), result };
    return result;
  }
}

/** When the server rejected a submit because its key already has a run, another client started that run. */
function startedBy(
  { idempotencyKey: key, reconciliation, lostResponses }: UnconfirmedSubmission,
  submitted: Submitted,
): Submitted {
  if (key === null || reconciliation === null || submitted === "no") return submitted;
  return lostResponses === 0 ? "no" : "unknown";
}

async function detach(deps: Deps, submission: ActiveSubmission): Promise<ActiveSubmission> {
  const detached = await recordObservation(deps, submission, { type: "detached" });
  return detached.state === "active" ? detached : submission;
}

async function advanceOne(deps: Deps, submission: Submission, options: AdvanceOptions): Promise<AdvanceResult> {
  const [advanced] = await advance(deps, [submission], options);
  if (advanced === undefined) throw new TypeError("advance() returned no result");
  return advanced;
}

/** The result after a step, if it is final. Throws what prevented the submission from starting a run. */
async function resultAfter(
  deps: Deps,
  { submission, error }: AdvanceResult,
  options: TrackSubmissionOptions,
): Promise<RunResult | undefined> {
  switch (submission.state) {
    case "pending":
      return undefined;
    case "unconfirmed":
      return submission.reconciliation?.isAbandoned
        ? outcomeUnknown(submission.request.workflow, submission.ownSlug, submission.reconciliation.detail)
        : undefined;
    case "active":
      return await sessionOf(deps, submission, options) ?? connectionResult(deps, submission, error, options);
    case "finished":
      // The stored result may come from another call.
      return { ...submission.result, submitted: options.submitted };
    case "rejected":
      throw error ?? rejectionOf(submission);
  }
}

/** The error of a submission that another process saw rejected. */
function rejectionOf({ kind, message }: RejectedSubmission): RunnerError {
  return kind === "not_submitted" ? new NotSubmitted(message) : new Rejected(message);
}

async function sessionOf(
  deps: Deps,
  submission: ActiveSubmission,
  options: TrackSubmissionOptions,
): Promise<RunResult | undefined> {
  const { run, request } = submission;
  const isAwaited = request.startsSession || isSession(run);
  if (!isAwaited || run.status !== "running") return undefined;
  const session = await findReadySession(deps, run, options);
  if (session === undefined) return undefined;
  return resultOf(run, {
    kind: "session_ready",
    submitted: options.submitted,
    session,
    message: "The session is still running",
  });
}

export function isSession(run: Run | RunDetail): boolean {
  return "redirect" in run && run.redirect?.kind === "session";
}

/** The result when tracking must stop although the run is still running. */
function connectionResult(
  { clock }: Deps,
  submission: ActiveSubmission,
  error: AdvanceResult["error"],
  { unreachableTimeoutMs, submitted }: TrackSubmissionOptions,
): RunResult | undefined {
  const name = formatRunId(submission.runId);
  const facts = { status: "unknown", submitted } as const;
  if (error instanceof CredentialError && error.kind === "credential_refused") {
    const message = `${error.message}. Run ${name} is still running`;
    return resultOf(submission.run, { ...facts, kind: "credential_expired", message });
  }
  const isLost = submission.unreachableSinceMs !== null && unreachableTimeoutMs !== null &&
    clock.now() - submission.unreachableSinceMs >= unreachableTimeoutMs;
  if (!isLost) return undefined;
  const message = `${error?.message ?? "The server does not respond"}. Run ${name} is still running`;
  return resultOf(submission.run, { ...facts, kind: "connection_lost", message });
}

function outcomeUnknown(workflow: string, slug: string | null, detail: string): RunResult {
  const where = slug === null ? `the runs of ${workflow} on the platform` : `for run ${slug}`;
  return resultWithoutRun(
    workflow,
    slug,
    `Outcome unknown: a run may have been started (${detail}); check ${where} before submitting again`,
  );
}

function timeoutResult(
  submission: Submission,
  { timeoutMs, submitted }: TrackSubmissionOptions,
): RunResult | undefined {
  if (submission.state !== "active") return undefined;
  const message = `Run ${formatRunId(submission.runId)} is still running: stopped waiting after ${
    (timeoutMs ?? 0) / 1000
  } s`;
  return resultOf(submission.run, { kind: "timeout", status: "timeout", submitted, message });
}

function detachedResult(
  submission: ActiveSubmission,
  { submitted }: Pick<TrackSubmissionOptions, "submitted">,
): RunResult {
  return resultOf(submission.run, { kind: "submitted", submitted });
}

function deadlineOf(fromMs: number, { timeoutMs, isWaiting }: TrackOptions): number | null {
  return timeoutMs === null || !isWaiting ? null : fromMs + timeoutMs;
}

function startedEvent(
  { submissionId, run }: ActiveSubmission,
  { isAttached, deadlineMs, nowMs }: { isAttached: boolean; deadlineMs: number | null; nowMs: number },
): RunEvent {
  return {
    type: "started",
    submissionId,
    atMs: nowMs,
    workflow: run.workflowName,
    slug: run.slug,
    number: run.number,
    isAttached,
    deadlineAtMs: deadlineMs,
  };
}
