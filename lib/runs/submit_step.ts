/** The transitions that submitting and reconciling share. */

import { NotSubmitted, type RunnerError } from "../errors.ts";
import type { RunEvent, SubmitDelay } from "../events.ts";
import { type Run, runIdOf } from "../run.ts";
import type { PendingSubmission, Reconciliation, Submission, UnconfirmedSubmission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { pollDelayMs, searchDelayMs } from "./poll_interval.ts";
import { type AdvanceOptions, type AdvanceResult, recordObservation, recordStep } from "./advance_result.ts";

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
export async function giveUpSubmitting(
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
  submission: PendingSubmission | UnconfirmedSubmission,
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

export function delayedEvent(
  submission: Submission,
  { clock }: Deps,
  details: { readonly reason: SubmitDelay; readonly detail: string; readonly untilMs: number },
): RunEvent {
  return { type: "submit-delayed", submissionId: submission.submissionId, atMs: clock.now(), ...details };
}

export function deadlineMs(submission: UnconfirmedSubmission, { submitTimeoutMs }: AdvanceOptions): number {
  return (submission.retryingSinceMs ?? submission.sentAtMs) + submitTimeoutMs;
}
