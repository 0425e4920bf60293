/** The search for the run of a submission, and the steps that it shares with submitting. */

import { expected, NotSubmitted, retryAfterOf, RunnerError, Unsupported } from "../errors.ts";
import type { RunEvent, SubmitDelay } from "../events.ts";
import { type Run, runIdOf } from "../run.ts";
import type {
  OpenSubmission,
  PendingSubmission,
  Reconciliation,
  Submission,
  UnconfirmedSubmission,
} from "../submission.ts";
import type { Deps } from "./deps.ts";
import { refusesDuplicates } from "./server_capabilities.ts";
import { idempotencyKeyConflict } from "./idempotency.ts";
import { withLimit } from "./limit.ts";
import { pollDelayMs, resubmitDelayMs, SEARCH_RETRY_INTERVAL, searchDelayMs } from "./poll_interval.ts";
import { searchForRun } from "./search.ts";
import { type AdvanceOptions, type AdvanceResult, recordObservation, recordStep } from "./advance_result.ts";

/** How long to search for a run after a lost response. */
export const SEARCH_MS = 60_000;

const MIN_SEARCHES = 3;

/**
 * Searches once for the run of an unconfirmed submission. Sends a submission again only if a second run is impossible.
 */
export async function reconcile(
  deps: Deps,
  submission: UnconfirmedSubmission,
  options: AdvanceOptions,
): Promise<AdvanceResult> {
  const context = { deps, options };
  if (submission.reconciliation === null || submission.reconciliation.isAbandoned) {
    const detail = submission.reconciliation?.detail ?? "this program ended before the response arrived";
    return await markUnconfirmed(context, submission, { cause: "response-lost", detail, searchForMs: SEARCH_MS });
  }
  const result = await withLimit(options, `find the run of ${submission.request.workflow}`, async (signal) => {
    return await searchForRun(deps, submission, { signal });
  }).catch(expected(RunnerError));
  if (result instanceof RunnerError) {
    return await afterSearchFailed(context, submission, submission.reconciliation, result);
  }
  switch (result.type) {
    case "ours":
      return { submission: await activateSubmission(context, submission, result.run), events: [] };
    case "foreign":
      return await markUnconfirmed(context, submission, {
        cause: "foreign",
        detail: result.detail,
        searchForMs: 0,
        isAbandoned: true,
      });
    case "other-inputs":
      return await rejectSubmission(context, submission, idempotencyKeyConflict(submission, result.run));
    case "absent":
      return await afterNotFound(context, submission, submission.reconciliation);
  }
}

async function afterNotFound(
  context: SubmitContext,
  submission: UnconfirmedSubmission,
  reconciliation: Reconciliation,
): Promise<AdvanceResult> {
  const { deps, options } = context;
  const nowMs = deps.clock.now();
  const searched = await recordObservation(deps, submission, {
    type: "not-found",
    pollAtMs: nowMs + searchDelayMs(reconciliation.searches + 1),
  });
  // Another process may have found it.
  if (searched.state !== "unconfirmed") return { submission: searched, events: [] };
  if (reconciliation.searches + 1 < MIN_SEARCHES || nowMs - reconciliation.sinceMs < reconciliation.searchForMs) {
    return { submission: searched, events: [] };
  }

  if (reconciliation.cause === "slug-rejected" && submission.lostResponses === 0) {
    return await rejectSubmission(
      context,
      searched,
      new Unsupported(`Cannot use the idempotency key for ${submission.request.workflow}: ${reconciliation.detail}`, {
        hint: "This server assigns slugs itself: run without a key",
        commandHint: "This server assigns slugs itself: run without --idempotency-key",
      }),
    );
  }
  const retryAtMs = nowMs + resubmitDelayMs(submission.attempts, deps.random);
  const isInTime = retryAtMs <= deadlineMs(submission, options);
  if (submission.lostResponses === 0) {
    // Only 409 responses so far, and no run has the slug: no run was started.
    if (isInTime) return await resend(context, searched, retryAtMs, reconciliation);
    return await giveUpSubmitting(context, searched, new NotSubmitted(reconciliation.detail));
  }
  const isSecondRunImpossible = submission.ownSlug !== null && await refusesDuplicates(deps, submission.owner.host);
  if (isSecondRunImpossible && isInTime) return await resend(context, searched, retryAtMs, reconciliation);
  return await recordStep(deps, searched, { type: "abandoned" });
}

async function resend(
  { deps }: SubmitContext,
  submission: UnconfirmedSubmission,
  retryAtMs: number,
  reconciliation: Reconciliation,
): Promise<AdvanceResult> {
  const delay = { reason: "conflict", detail: reconciliation.detail, untilMs: retryAtMs } as const;
  const events = [delayedEvent(submission, deps, delay)];
  return await recordStep(deps, submission, { type: "resend", retryAtMs }, { events });
}

async function afterSearchFailed(
  context: SubmitContext,
  submission: UnconfirmedSubmission,
  reconciliation: Reconciliation,
  error: RunnerError,
): Promise<AdvanceResult> {
  const { deps, options } = context;
  const nowMs = deps.clock.now();
  const retryAfterMs = retryAfterOf(error);
  // A proxy or a restarting server may refuse a valid key once, most likely when a response has just been lost.
  const limitMs = error.kind === "credential_refused" ? reconciliation.searchForMs : options.unreachableTimeoutMs;
  const isAbandoned = limitMs !== null && nowMs - reconciliation.sinceMs >= limitMs;
  if (isAbandoned) return await recordStep(deps, submission, { type: "abandoned" }, { error });
  const pollAtMs = Math.min(
    nowMs + pollDelayMs(nowMs - reconciliation.sinceMs, SEARCH_RETRY_INTERVAL, deps.random, retryAfterMs),
    reconciliation.sinceMs + (limitMs ?? Infinity),
  );
  return await recordStep(deps, submission, { type: "search-failed", pollAtMs }, { error });
}

export type SubmitContext = { readonly deps: Deps; readonly options: AdvanceOptions };

export async function markUnconfirmed(
  { deps }: SubmitContext,
  submission: UnconfirmedSubmission,
  { isAbandoned = false, ...reconciliation }:
    & Pick<Reconciliation, "cause" | "detail" | "searchForMs">
    & Partial<Pick<Reconciliation, "isAbandoned">>,
): Promise<AdvanceResult> {
  const pollAtMs = deps.clock.now() + searchDelayMs(0);
  const observation = { type: "unconfirmed", ...reconciliation, isAbandoned, pollAtMs } as const;
  const { detail, searchForMs } = reconciliation;
  const delay = delayedEvent(submission, deps, { reason: "reconciling", detail, untilMs: pollAtMs + searchForMs });
  return await recordStep(deps, submission, observation, { events: isAbandoned ? [] : [delay] });
}

/** Ends a submission after the submit timeout: rejected, or abandoned when a lost response may have started a run. */
async function giveUpSubmitting(
  context: SubmitContext,
  submission: UnconfirmedSubmission,
  error: RunnerError,
): Promise<AdvanceResult> {
  if (submission.lostResponses > 0) {
    const reconciliation = { cause: "conflict", detail: error.message, searchForMs: 0, isAbandoned: true } as const;
    return await markUnconfirmed(context, submission, reconciliation);
  }
  const otherwise = "Nothing was started: trying again later is safe";
  const reason = error.message.replace(/^Cannot [^:]+: /, "");
  return await rejectSubmission(
    context,
    submission,
    new NotSubmitted(`Cannot submit ${submission.request.workflow}: ${reason}`, {
      hint: error.hint ?? otherwise,
      commandHint: error.commandHint ?? otherwise,
      cause: error,
    }),
  );
}

export async function rejectSubmission(
  { deps }: SubmitContext,
  submission: PendingSubmission | UnconfirmedSubmission,
  error: RunnerError,
): Promise<AdvanceResult> {
  const { kind, message } = error;
  return await recordStep(deps, submission, { type: "rejected", kind, message }, { error });
}

/** Records that the submission's run is known. */
export async function activateSubmission(
  { deps, options }: { readonly deps: Deps; readonly options: Pick<AdvanceOptions, "pollInterval" | "isWaiting"> },
  submission: OpenSubmission,
  run: Run,
): Promise<Submission> {
  const pollAtMs = deps.clock.now() + pollDelayMs(0, options.pollInterval, deps.random);
  return await recordObservation(deps, submission, {
    type: "polled",
    run,
    runId: runIdOf(run, submission.request.workflow),
    pollAtMs,
    // With a key, others may have started it too: that is settled first.
    isDetached: options.isWaiting === false && submission.idempotencyKey === null,
  });
}

interface Delay {
  readonly reason: SubmitDelay;
  readonly detail: string;
  readonly untilMs: number;
}

function delayedEvent({ submissionId }: Submission, { clock }: Deps, delay: Delay): RunEvent {
  return { type: "submit-delayed", submissionId, atMs: clock.now(), ...delay };
}

/** Submits again, after a delay, what has certainly started no run. If that is too late, it ends with `refusal`. */
export async function submitAgain(
  context: SubmitContext,
  submission: UnconfirmedSubmission,
  delay: Delay,
  { error, refusal = error }: { readonly error: RunnerError; readonly refusal?: RunnerError },
): Promise<AdvanceResult> {
  const { deps, options } = context;
  if (delay.untilMs > deadlineMs(submission, options)) return await giveUpSubmitting(context, submission, refusal);
  const events = [delayedEvent(submission, deps, delay)];
  return await recordStep(deps, submission, { type: "not-sent", retryAtMs: delay.untilMs }, { events, error });
}

function deadlineMs(submission: UnconfirmedSubmission, { submitTimeoutMs }: AdvanceOptions): number {
  return (submission.retryingSinceMs ?? submission.sentAtMs) + submitTimeoutMs;
}
