/** What a submit that got no answer comes to: looked for, and sent again only where a second run is impossible. */

import { NotSubmitted, RunnerError, Unsupported } from "../errors.ts";
import type { Reconciliation, UnconfirmedSubmission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { idempotencyKeyConflict } from "./idempotency.ts";
import { resubmitDelayMs, searchDelayMs } from "./poll_interval.ts";
import { search } from "./search.ts";
import { deadlineMs, delayed, giveUp, markUnconfirmed, refuse, seen, type Step } from "./submit_step.ts";
import { type AdvanceOptions, type AdvanceResult, capabilitiesOf, recordObservation } from "./advance_result.ts";

/** How long a run is looked for after a lost answer; longer where a gateway stands before a slow platform. */
export const SEARCH_MS = 60_000;

const MIN_SEARCHES = 3;

/** Looks once for a run whose submit got no answer, and decides what may be done about it. */
export async function reconcile(
  deps: Deps,
  submission: UnconfirmedSubmission,
  options: AdvanceOptions,
): Promise<AdvanceResult> {
  const step = { deps, options };
  if (submission.reconciliation === null || submission.reconciliation.isAbandoned) {
    const detail = submission.reconciliation?.detail ?? "this tool ended before the answer came";
    return await markUnconfirmed(step, submission, { cause: "response-lost", detail, searchForMs: SEARCH_MS });
  }
  try {
    const finding = await search(deps, submission, options);
    switch (finding.type) {
      case "ours":
        return { submission: await seen(step, submission, finding.run), events: [] };
      case "foreign": {
        const foreign = await markUnconfirmed(step, submission, {
          cause: "foreign",
          detail: finding.detail,
          searchForMs: 0,
        });
        return { submission: await recordObservation(deps, foreign.submission, { type: "abandoned" }), events: [] };
      }
      case "other-inputs":
        return await refuse(step, submission, idempotencyKeyConflict(submission, finding.run));
      case "absent":
        return await afterNothingFound(step, submission, submission.reconciliation);
    }
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    return await afterFailedPoll(step, submission, submission.reconciliation, error);
  }
}

async function afterNothingFound(
  step: Step,
  submission: UnconfirmedSubmission,
  reconciliation: Reconciliation,
): Promise<AdvanceResult> {
  const { deps, options } = step;
  const nowMs = deps.clock.now();
  const looked = await recordObservation(deps, submission, {
    type: "not-found",
    pollAtMs: nowMs + searchDelayMs(reconciliation.searches + 1),
  });
  if (looked.state !== "unconfirmed") throw new TypeError(`A record that was looked for is ${looked.state}`);
  if (reconciliation.searches + 1 < MIN_SEARCHES || nowMs - reconciliation.sinceMs < reconciliation.searchForMs) {
    return { submission: looked, events: [] };
  }

  if (reconciliation.cause === "slug-rejected" && submission.lostResponses === 0) {
    return await refuse(
      step,
      looked,
      new Unsupported(`Cannot use the key for ${submission.request.workflow}: ${reconciliation.detail}`, {
        hint: "This server chooses slugs itself: run without --idempotency-key",
      }),
    );
  }
  const againAtMs = nowMs + resubmitDelayMs(submission.attempts, deps.random);
  const isInTime = againAtMs <= deadlineMs(submission, options);
  if (submission.lostResponses === 0) {
    // Only refusals with 409 so far, and the slug is not taken: no run of ours exists.
    if (isInTime) return await postAgain(step, looked, againAtMs, reconciliation);
    return await giveUp(step, looked, new NotSubmitted(reconciliation.detail));
  }
  const { keepsSlug, refusesDuplicateSlug } = await capabilitiesOf(deps, submission.owner.host);
  const isSecondRunImpossible = submission.ownSlug !== null && keepsSlug === true && refusesDuplicateSlug === true;
  if (isSecondRunImpossible && isInTime) return await postAgain(step, looked, againAtMs, reconciliation);
  return { submission: await recordObservation(deps, looked, { type: "abandoned" }), events: [] };
}

async function postAgain(
  step: Step,
  submission: UnconfirmedSubmission,
  againAtMs: number,
  reconciliation: Reconciliation,
): Promise<AdvanceResult> {
  return {
    submission: await recordObservation(step.deps, submission, { type: "resend", againAtMs }),
    events: [delayed(submission, step.deps, { reason: "conflict", detail: reconciliation.detail, untilMs: againAtMs })],
  };
}

async function afterFailedPoll(
  step: Step,
  submission: UnconfirmedSubmission,
  reconciliation: Reconciliation,
  error: RunnerError,
): Promise<AdvanceResult> {
  const { deps, options } = step;
  const nowMs = deps.clock.now();
  const isHopeless = error.kind === "credential_refused" ||
    (options.unreachableTimeoutMs !== null && nowMs - reconciliation.sinceMs >= options.unreachableTimeoutMs);
  const moved = isHopeless
    ? await recordObservation(deps, submission, { type: "abandoned" })
    : await recordObservation(deps, submission, {
      type: "search-failed",
      pollAtMs: nowMs + Math.max(1_000, searchDelayMs(reconciliation.searches)),
    });
  return { submission: moved, events: [], error };
}
