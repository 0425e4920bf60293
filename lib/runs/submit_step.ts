/** The transitions that submitting and reconciling share, and the wait for a workspace without which no run starts. */

import { fallbackTo, NotSubmitted, type RunnerError } from "../errors.ts";
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

interface Delay {
  readonly reason: SubmitDelay;
  readonly detail: string;
  readonly untilMs: number;
}

export function delayedEvent({ submissionId }: Submission, { clock }: Deps, delay: Delay): RunEvent {
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

export function deadlineMs(submission: UnconfirmedSubmission, { submitTimeoutMs }: AdvanceOptions): number {
  return (submission.retryingSinceMs ?? submission.sentAtMs) + submitTimeoutMs;
}

/** The platform's statuses of a workspace that will be running shortly. */
export const STARTING_STATUSES: ReadonlySet<string> = new Set(["Starting", "Pulling", "Restarting"]);

/** Those of a workspace that is off. That is normal: the platform stops an idle one. */
export const IDLE_STATUSES: ReadonlySet<string> = new Set(["Off", "Stopped", "Paused", "Terminating"]);

/** How often the platform's own tools poll a starting workspace. */
const WORKSPACE_DELAY_MS = 15_000;

/** No run starts while the workspace is scaled down: the submit is retried until the workspace runs or it times out. */
export async function afterSleepingWorkspace(
  context: SubmitContext,
  submission: UnconfirmedSubmission,
  { error, workspaceStatus }: { readonly error: RunnerError; readonly workspaceStatus: string },
): Promise<AdvanceResult> {
  const detail = `${workspaceStatus} (server response: ${error.message})`;
  const untilMs = context.deps.clock.now() + WORKSPACE_DELAY_MS;
  const refusal = new NotSubmitted(`Cannot submit: your workspace is ${detail}`, {
    hint: "Nothing was started. Start your workspace, then try again",
    commandHint: "Nothing was started. Start your workspace with `pw-workflow-runner workspace start`, then try again",
  });
  return await submitAgain(context, submission, { reason: "workspace", detail, untilMs }, { error, refusal });
}

/** The status of a workspace that is not running; `null` when it is running or its status is unavailable. */
export async function sleepingWorkspace({ deps, options }: SubmitContext): Promise<string | null> {
  const reading = deps.client.workspaceStatus({ signal: options.signal, retry: "none" });
  const status = await reading.catch(fallbackTo(null));
  return status !== null && (STARTING_STATUSES.has(status) || IDLE_STATUSES.has(status)) ? status : null;
}
