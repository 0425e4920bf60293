/** The search for the run of a submission, and the steps that it shares with submitting. */

import { expected, NotSubmitted, ResponseLost, retryAfterOf, RunnerError, Unsupported } from "../errors.ts";
import type { RunEvent, SubmitDelay } from "../events.ts";
import { type Run, runIdOf } from "../run.ts";
import type {
  OpenSubmission,
  PendingSubmission,
  Reconciliation,
  Submission,
  UnconfirmedSubmission,
} from "../submission.ts";
import { refusesDuplicates } from "./server_capabilities.ts";
import { idempotencyKeyConflict } from "./idempotency.ts";
import { withLimit } from "./limit.ts";
import { pollDelayMs, resubmitDelayMs, SEARCH_RETRY_INTERVAL, searchDelayMs } from "./poll_interval.ts";
import { searchForRun } from "./search.ts";
import { type AdvanceOptions, type AdvanceResult, recordObservation, recordStep, type Step } from "./advance_result.ts";

/** How long to search for a run after a lost response. */
export const SEARCH_MS = 60_000;

const MIN_SEARCHES = 3;

/**
 * Searches once for the run of an unconfirmed submission. Sends a submission again only if a second run is impossible.
 */
export async function reconcile(step: SentStep): Promise<AdvanceResult> {
  const { deps, submission, options } = step;
  const { reconciliation } = submission;
  if (reconciliation === null || reconciliation.isAbandoned) {
    const detail = reconciliation?.detail ?? "this program ended before the response arrived";
    return await markUnconfirmed(step, { cause: "response-lost", detail, searchForMs: SEARCH_MS });
  }
  const searchedAtMs = deps.clock.now();
  const result = await withLimit(options, `find the run of ${submission.request.workflow}`, async (signal) => {
    return await searchForRun(deps, submission, { signal });
  }).catch(expected(RunnerError));
  if (result instanceof RunnerError) {
    const sinceMs = reconciliation.failingSinceMs ?? searchedAtMs;
    return await afterSearchFailed(step, { ...reconciliation, sinceMs }, result);
  }
  if (result.type === "ours") return { submission: await activateSubmission(step, result.run), events: [] };
  if (result.type === "absent") return await afterNotFound(step, reconciliation);
  if (result.type === "other-inputs") {
    return await rejectSubmission(step, idempotencyKeyConflict(submission, result.run.slug));
  }
  const { detail } = result;
  return await markUnconfirmed(step, { cause: "foreign", detail, searchForMs: 0, isAbandoned: true });
}

async function afterNotFound(step: SentStep, reconciliation: Reconciliation): Promise<AdvanceResult> {
  const { deps, submission } = step;
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

  const next = { ...step, submission: searched };
  if (reconciliation.cause === "slug-rejected" && submission.lostResponses === 0) {
    const problem = `Cannot use the idempotency key for ${submission.request.workflow}: ${reconciliation.detail}`;
    const hint = "This server assigns slugs itself: run without a key";
    const commandHint = "This server assigns slugs itself: run without --idempotency-key";
    return await rejectSubmission(next, new Unsupported(problem, { hint, commandHint }));
  }
  const retryAtMs = nowMs + resubmitDelayMs(submission.attempts, deps.random);
  const isInTime = retryAtMs <= deadlineMs(step);
  if (submission.lostResponses === 0) {
    // Only 409 responses so far, and no run has the slug: no run was started.
    if (isInTime) return await resend(next, retryAtMs, reconciliation);
    return await giveUpSubmitting(next, new NotSubmitted(reconciliation.detail));
  }
  const isSecondRunImpossible = submission.ownSlug !== null && await refusesDuplicates(deps, submission.owner.host);
  if (isSecondRunImpossible && isInTime) return await resend(next, retryAtMs, reconciliation);
  return await recordStep(next, { type: "abandoned" });
}

async function resend(step: SentStep, retryAtMs: number, { detail }: Reconciliation): Promise<AdvanceResult> {
  const events = [delayedEvent(step, { reason: "conflict", detail, untilMs: retryAtMs })];
  return await recordStep(step, { type: "resend", retryAtMs }, { events });
}

/** @param failing `sinceMs`: no search has succeeded since. */
async function afterSearchFailed(
  step: SentStep,
  { sinceMs, searchForMs }: Pick<Reconciliation, "sinceMs" | "searchForMs">,
  error: RunnerError,
) {
  const { deps, submission, options } = step;
  const nowMs = deps.clock.now();
  // On the legacy API, which keeps neither our slug nor our display name, only the process that has sent it may find the run.
  const isLegacy = error instanceof Unsupported && submission.ownSlug === null;
  // A proxy or a restarting server may refuse a valid key once, most likely when a response has just been lost.
  const isBrief = isLegacy || error.kind === "credential_refused";
  const limitMs = isBrief ? searchForMs : options.unreachableTimeoutMs;
  if (limitMs !== null && nowMs - sinceMs >= limitMs) return await recordStep(step, { type: "abandoned" }, { error });
  const pollAtMs = Math.min(
    nowMs + pollDelayMs(nowMs - sinceMs, SEARCH_RETRY_INTERVAL, deps.random, retryAfterOf(error)),
    sinceMs + (limitMs ?? Infinity),
  );
  return await recordStep(step, { type: "search-failed", sinceMs, pollAtMs }, { error });
}

/** Of a submission that was sent, and whose run is not known. */
export type SentStep = Step<UnconfirmedSubmission>;

export async function markUnconfirmed(
  step: SentStep,
  { isAbandoned = false, ...reconciliation }:
    & Pick<Reconciliation, "cause" | "detail" | "searchForMs">
    & Partial<Pick<Reconciliation, "isAbandoned">>,
): Promise<AdvanceResult> {
  const pollAtMs = step.deps.clock.now() + searchDelayMs(0);
  const observation = { type: "unconfirmed", ...reconciliation, isAbandoned, pollAtMs } as const;
  const { detail, searchForMs } = reconciliation;
  const delay = delayedEvent(step, { reason: "reconciling", detail, untilMs: pollAtMs + searchForMs });
  return await recordStep(step, observation, { events: isAbandoned ? [] : [delay] });
}

/** Ends a submission after the submit timeout: rejected, or abandoned when a lost response may have started a run. */
async function giveUpSubmitting(step: SentStep, error: RunnerError): Promise<AdvanceResult> {
  const { lostResponses, request } = step.submission;
  if (lostResponses > 0) {
    return await markUnconfirmed(step, { cause: "conflict", detail: error.message, searchForMs: 0, isAbandoned: true });
  }
  const otherwise = "Nothing was started: trying again later is safe";
  const reason = error.message.replace(/^Cannot [^:]+: /, "");
  // The response that was lost is that of a search, which the message alone does not show.
  const { hint = otherwise, commandHint = otherwise } = error instanceof ResponseLost ? {} : error;
  const refusal = new NotSubmitted(`Cannot submit ${request.workflow}: ${reason}`, { hint, commandHint, cause: error });
  return await rejectSubmission(step, refusal);
}

export async function rejectSubmission(step: Step<PendingSubmission | UnconfirmedSubmission>, error: RunnerError) {
  const { kind, message } = error;
  return await recordStep(step, { type: "rejected", kind, message }, { error });
}

/** Records that the submission's run is known. */
export async function activateSubmission(
  { deps, submission, options }: Omit<Step<OpenSubmission>, "options"> & {
    readonly options: Pick<AdvanceOptions, "pollInterval" | "isWaiting">;
  },
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

function delayedEvent({ deps: { clock }, submission: { submissionId } }: SentStep, delay: Delay): RunEvent {
  return { type: "submit-delayed", submissionId, atMs: clock.now(), ...delay };
}

/** Submits again, after a delay, what has certainly started no run. If that is too late, it ends with `refusal`. */
export async function submitAgain(
  step: SentStep,
  delay: Delay,
  { error, refusal = error }: { readonly error: RunnerError; readonly refusal?: RunnerError },
): Promise<AdvanceResult> {
  if (delay.untilMs > deadlineMs(step)) return await giveUpSubmitting(step, refusal);
  const events = [delayedEvent(step, delay)];
  return await recordStep(step, { type: "not-sent", retryAtMs: delay.untilMs }, { events, error });
}

function deadlineMs({ submission, options }: SentStep): number {
  return (submission.retryingSinceMs ?? submission.sentAtMs) + options.submitTimeoutMs;
}
