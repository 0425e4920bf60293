/** Goes on with one record until its run has ended, or until we stop waiting for it. */

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

/** `submitted` is reported in results. By default: `yes` for a submission that this call sends. */
type TrackSubmissionOptions = ExecuteOptions & Pick<AdvanceOptions, "submitted">;

/** Goes on with a record until it is settled or we stop waiting. */
export async function* track(
  deps: Deps,
  start: Submission,
  options: ExecuteOptions & Partial<Pick<AdvanceOptions, "submitted">>,
): AsyncGenerator<RunEvent, RunResult> {
  const { clock } = deps;
  let submitted = options.submitted ?? (start.state === "pending" ? "yes" : "no");
  let submission = start;
  let deadlineMs: number | null = null;
  const started = (seen: ActiveSubmission) => {
    deadlineMs = deadlineOf(start.state === "active" ? clock.now() : seen.startedAtMs, options);
    return startedEvent(seen, { isAttached: submitted !== "yes", deadlineMs, nowMs: clock.now() });
  };
  if (submission.state === "active") {
    yield started(submission);
    if (!options.isWaiting) return notWaited(await detach(deps, submission), { submitted });
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
      if (!options.isWaiting) return notWaited(await detach(deps, submission), { submitted });
    }
    yield* advanced.events;

    const how = { ...options, submitted };
    const result = await endOf(deps, advanced, how) ?? (isLastPoll ? timedOut(submission, how) : undefined);
    if (result === undefined) continue;
    yield { type: "finished", submissionId: submission.submissionId, atMs: clock.now(), result };
    return result;
  }
}

/** A key's run that a refused submit led to is somebody else's start. */
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
  if (advanced === undefined) throw new TypeError("A record that was advanced has no turn");
  return advanced;
}

/** What this turn ended with, if it ended anything; throws what kept the wish from becoming a run. */
async function endOf(
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
      return await sessionOf(deps, submission, options) ?? contactOf(deps, submission, error, options);
    case "finished":
      // Another process may have seen the end, or it was seen long ago.
      return { ...submission.result, submitted: options.submitted };
    case "rejected":
      throw error ?? refusalOf(submission);
  }
}

/** What another process was told. */
function refusalOf({ kind, message }: RejectedSubmission): RunnerError {
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
    message: "The session stays running",
  });
}

export function isSession(run: Run | RunDetail): boolean {
  return "redirect" in run && run.redirect?.kind === "session";
}

/** Whether following must stop although the run goes on. */
function contactOf(
  { clock }: Deps,
  submission: ActiveSubmission,
  error: AdvanceResult["error"],
  { unreachableTimeoutMs, submitted }: TrackSubmissionOptions,
): RunResult | undefined {
  const name = formatRunId(submission.runId);
  const goesOn = { status: "unknown", submitted } as const;
  if (error instanceof CredentialError && error.kind === "credential_refused") {
    const message = `${error.message}. The run ${name} goes on`;
    return resultOf(submission.run, { ...goesOn, kind: "credential_expired", message });
  }
  const isLost = submission.unreachableSinceMs !== null && unreachableTimeoutMs !== null &&
    clock.now() - submission.unreachableSinceMs >= unreachableTimeoutMs;
  if (!isLost) return undefined;
  const message = `${error?.message ?? "Nobody answers"}. The run ${name} goes on`;
  return resultOf(submission.run, { ...goesOn, kind: "connection_lost", message });
}

function outcomeUnknown(workflow: string, slug: string | null, detail: string): RunResult {
  const look = slug === null ? `runs of ${workflow} on the platform` : `the run ${slug}`;
  return resultWithoutRun(
    workflow,
    slug,
    `It is not known whether a run was started: ${detail}. Look for ${look} before trying again`,
  );
}

function timedOut(submission: Submission, { timeoutMs, submitted }: TrackSubmissionOptions): RunResult | undefined {
  if (submission.state !== "active") return undefined;
  const message = `The run ${formatRunId(submission.runId)} goes on: waiting stopped after ${
    (timeoutMs ?? 0) / 1000
  } s`;
  return resultOf(submission.run, { kind: "timeout", status: "timeout", submitted, message });
}

function notWaited(submission: ActiveSubmission, { submitted }: Pick<TrackSubmissionOptions, "submitted">): RunResult {
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
