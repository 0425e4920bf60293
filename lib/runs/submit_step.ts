/** What the steps of a submit share: how a doubt begins, and how a wish is given up or becomes a run. */

import { NotSubmitted, type RunnerError } from "../errors.ts";
import { hideValues, secretValues } from "../inputs/secrets.ts";
import type { RunEvent, SubmitDelay } from "../events.ts";
import type { Run } from "../run.ts";
import type { PendingSubmission, Reconciliation, Submission, UnconfirmedSubmission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { pollDelayMs, searchDelayMs } from "./poll_interval.ts";
import { type AdvanceOptions, type AdvanceResult, recordObservation } from "./advance_result.ts";
import { runIdOf } from "./view.ts";

export type Step = { readonly deps: Deps; readonly options: AdvanceOptions };

export async function markUnconfirmed(
  { deps }: Step,
  submission: UnconfirmedSubmission,
  reconciliation: Pick<Reconciliation, "cause" | "detail" | "searchForMs">,
): Promise<AdvanceResult> {
  const pollAtMs = deps.clock.now() + searchDelayMs(0);
  const detail = without(submission, reconciliation.detail);
  return {
    submission: await recordObservation(deps, submission, { type: "unconfirmed", ...reconciliation, detail, pollAtMs }),
    events: [
      delayed(submission, deps, {
        reason: "reconciling",
        detail: reconciliation.detail,
        untilMs: pollAtMs + reconciliation.searchForMs,
      }),
    ],
  };
}

/** The time to try is up: without a lost answer nothing was started, with one nobody knows. */
export async function giveUp(
  step: Step,
  submission: UnconfirmedSubmission,
  error: RunnerError,
): Promise<AdvanceResult> {
  if (submission.lostResponses > 0) {
    const doubted = await markUnconfirmed(step, submission, {
      cause: "conflict",
      detail: error.message,
      searchForMs: 0,
    });
    return { submission: await recordObservation(step.deps, doubted.submission, { type: "abandoned" }), events: [] };
  }
  const why = error.message.replace(/^Cannot [^:]+: /, "");
  return await refuse(
    step,
    submission,
    new NotSubmitted(`Cannot submit ${submission.request.workflow}: ${why}`, {
      hint: error.hint ?? "Nothing was started: trying again later is safe",
      cause: error,
    }),
  );
}

export async function refuse(
  { deps }: Step,
  submission: PendingSubmission | UnconfirmedSubmission,
  error: RunnerError,
): Promise<AdvanceResult> {
  const moved = await recordObservation(deps, submission, {
    type: "rejected",
    kind: error.kind,
    message: without(submission, error.message),
  });
  return { submission: moved, events: [], error };
}

export async function seen({ deps, options }: Step, submission: UnconfirmedSubmission, run: Run): Promise<Submission> {
  const pollAtMs = deps.clock.now() + pollDelayMs(0, options.pollInterval, deps.random);
  return await recordObservation(deps, submission, {
    type: "polled",
    run,
    runId: runIdOf(run, submission.request.workflow),
    pollAtMs,
  });
}

export function delayed(
  submission: Submission,
  { clock }: Deps,
  what: { readonly reason: SubmitDelay; readonly detail: string; readonly untilMs: number },
): RunEvent {
  return { type: "submit-delayed", submissionId: submission.submissionId, atMs: clock.now(), ...what };
}

export function deadlineMs(submission: UnconfirmedSubmission, { submitTimeoutMs }: AdvanceOptions): number {
  return (submission.retryingSinceMs ?? submission.sentAtMs) + submitTimeoutMs;
}

/** What a server says may hold what it was sent: a record must not keep its secrets that way. */
function without({ request }: Submission, text: string): string {
  return hideValues(text, secretValues(request.inputs, request.secretPaths));
}
