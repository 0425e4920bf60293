import { NotSubmitted, retryAfterOf, RunnerError, Unsupported } from "../errors.ts";
import type { Reconciliation, UnconfirmedSubmission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { refusesDuplicates } from "./server_capabilities.ts";
import { idempotencyKeyConflict } from "./idempotency.ts";
import { withLimit } from "./limit.ts";
import { pollDelayMs, resubmitDelayMs, SEARCH_RETRY_INTERVAL, searchDelayMs } from "./poll_interval.ts";
import { searchForRun } from "./search.ts";
import {
  activateSubmission,
  deadlineMs,
  delayedEvent,
  giveUpSubmitting,
  markUnconfirmed,
  rejectSubmission,
  type SubmitContext,
} from "./submit_step.ts";
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
  try {
    const result = await withLimit(options, `find the run of ${submission.request.workflow}`, async (signal) => {
      return await searchForRun(deps, submission, { signal });
    });
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
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    return await afterSearchFailed(context, submission, submission.reconciliation, error);
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
