/**
 * The submit protocol: one submission never starts two runs. It is stored before it is sent, and reconciled when no
 * response arrives.
 */

import type { SubmitResponse } from "../platform/client.ts";
import type { Clock } from "../clock.ts";
import {
  expected,
  fallbackTo,
  IdempotencyKeyConflict,
  NotFound,
  NotSubmitted,
  Rejected,
  retryAfterOf,
  RunnerError,
} from "../errors.ts";
import type { Run } from "../run.ts";
import { WriteConflict } from "../store/run_store.ts";
import type { PendingSubmission, UnconfirmedSubmission } from "../submission.ts";
import { withConsentDetails } from "./consent.ts";
import { updateCapabilities } from "./server_capabilities.ts";
import { putBeforeSending } from "./create_submission.ts";
import { findKeyedRun, findRunStartedSince, idempotencyKeyConflict } from "./idempotency.ts";
import { resubmitDelayMs } from "./poll_interval.ts";
import { sending } from "./transition.ts";
import { displayNameFor, displayNameTag, hasOtherInputs } from "./slug.ts";
import {
  activateSubmission,
  markUnconfirmed,
  rejectSubmission,
  SEARCH_MS,
  type SentStep,
  submitAgain,
} from "./reconcile.ts";
import { type AdvanceResult, recordStep, type Step, withKnownInputs } from "./advance_result.ts";
import { redactingDeps } from "./redacting.ts";

const SEARCH_BEHIND_GATEWAY_MS = 5 * 60_000;

/** After a 409 without an earlier lost response: the server did not start this one. */
const SEARCH_AFTER_CONFLICT_MS = 8_000;

/** After Ctrl-C, a submit in flight gets this long to receive its response. */
const GRACE_MS = 2_000;

/**
 * Another process may be sending the same submission: the one that writes first sends it.
 *
 * @throws NotSubmitted when the submission cannot be stored before it is sent; the signal's reason.
 */
export async function submitPending({ deps, submission, options }: Step<PendingSubmission>): Promise<AdvanceResult> {
  const advanced = await storeAndSend({ deps: redactingDeps(deps, submission), submission, options })
    .catch(expected(WriteConflict));
  if (!(advanced instanceof WriteConflict)) return advanced;
  const stored = await deps.store.get(submission.submissionId);
  if (stored !== undefined) {
    return { submission: withKnownInputs(stored, submission), events: [], wasAdvancedElsewhere: true };
  }
  throw new NotSubmitted(`Cannot submit ${submission.request.workflow}: its record was removed from the run store`, {
    hint: "Nothing was started: trying again is safe",
    cause: advanced,
  });
}

async function storeAndSend(step: Step<PendingSubmission>): Promise<AdvanceResult> {
  const { deps, submission, options } = step;
  const { request, ownSlug } = submission;
  if (request.inputs === null) {
    const problem = `Cannot submit ${request.workflow}: its inputs contained secrets, which are not stored`;
    const hint = "Nothing was started: run it again with its inputs";
    return await rejectSubmission(step, new NotSubmitted(problem, { hint }));
  }
  const earlier = submission.idempotencyKey === null ? undefined : await attach(step, findRunStartedSince(step));
  if (earlier !== undefined && !(earlier instanceof RunnerError)) return earlier;
  // Before the request: after a crash we search the platform for this slug instead of sending again.
  const sent = await putBeforeSending(deps, sending(submission, deps.clock.now()));
  if (earlier !== undefined) {
    return await afterNotSent({ ...step, submission: sent }, { error: earlier, retryAfterMs: retryAfterOf(earlier) });
  }
  using grace = withGracePeriod(deps.clock, options.signal);
  const response = await deps.client.submit({
    workflow: request.workflow,
    inputs: request.inputs,
    slug: ownSlug,
    displayName: displayNameFor(request.displayName ?? request.workflow, displayNameTag(submission)),
    consent: request.isTrusted ? request.requestedConsent ?? { permissions: [], variables: [] } : null,
  }, { signal: grace.signal });
  return await applyResponse({ ...step, submission: sent }, response);
}

/** @returns `undefined` if no other machine has started a run with the submission's idempotency key; the error of the search. */
async function attach(step: Step<PendingSubmission | UnconfirmedSubmission>, search: Promise<Run | undefined>) {
  const run = await search.catch(expected(RunnerError));
  if (run instanceof IdempotencyKeyConflict) return await rejectSubmission(step, run);
  if (run === undefined || run instanceof RunnerError) return run;
  return { submission: await activateSubmission(step, run), events: [], wasAdvancedElsewhere: true };
}

async function applyResponse(step: SentStep, response: SubmitResponse): Promise<AdvanceResult> {
  const { deps, submission, options } = step;
  if (response.type === "not-sent") return await afterNotSent(step, response);
  if (response.type === "rejected") return await afterRejected(step, response);
  if (response.type === "accepted") {
    const { run } = response;
    if (submission.ownSlug !== null && run.slug !== null) {
      await updateCapabilities(deps, submission.owner.host, { keepsSlug: run.slug === submission.ownSlug });
    }
    // Some servers respond to a second submit of a slug with the first run.
    if (!hasOtherInputs(run.displayName, submission)) {
      return { submission: await activateSubmission(step, run), events: [] };
    }
    return await rejectSubmission(step, idempotencyKeyConflict(submission, run.slug));
  }
  const detail = response.error.message;
  if (response.type === "conflict") {
    const searchForMs = submission.lostResponses > 0 ? SEARCH_MS : SEARCH_AFTER_CONFLICT_MS;
    return await markUnconfirmed(step, { cause: "conflict", detail, searchForMs });
  }
  const isSlow = response.isGateway || await sleepingWorkspace(step) !== null;
  const searchForMs = isSlow ? SEARCH_BEHIND_GATEWAY_MS : SEARCH_MS;
  // The legacy API keeps neither our slug nor our display name: there is nothing to search for.
  const isAbandoned = await deps.client.apiVersion(options) === "legacy";
  return await markUnconfirmed(step, { cause: "response-lost", detail, searchForMs, isAbandoned });
}

async function afterNotSent(
  step: SentStep,
  { error, retryAfterMs }: Omit<Extract<SubmitResponse, { type: "not-sent" }>, "type">,
): Promise<AdvanceResult> {
  const { clock, random } = step.deps;
  const untilMs = clock.now() + resubmitDelayMs(step.submission.attempts, random, retryAfterMs);
  const reason = error.kind === "unavailable" ? "rate-limited" : "unreachable";
  return await submitAgain(step, { reason, detail: error.message, untilMs }, { error });
}

async function afterRejected(step: SentStep, { error, isSlugRefused }: Extract<SubmitResponse, { type: "rejected" }>) {
  const { deps, submission, options } = step;
  const detail = error.message;
  if (options.retriesRefusedKey && error.kind === "credential_refused") {
    return await afterNotSent(step, { error, retryAfterMs: undefined });
  }
  if (submission.lostResponses > 0) {
    // An earlier attempt may have started a run, even though this one was rejected.
    return await markUnconfirmed(step, { cause: "conflict", detail, searchForMs: SEARCH_MS });
  }
  if (isSlugRefused && submission.idempotencyKey !== null) {
    // Another client has probably used the slug with the same key. Without the slug the key would have no effect.
    return await markUnconfirmed(step, { cause: "slug-rejected", detail, searchForMs: SEARCH_AFTER_CONFLICT_MS });
  }
  if (isSlugRefused && submission.ownSlug !== null) return await recordStep(step, { type: "slug-rejected" });
  if (submission.idempotencyKey !== null && error instanceof Rejected) {
    // Not every server names the slug as what it refuses.
    const earlier = await attach(step, findKeyedRun(deps, submission, { signal: options.signal, retry: "none" }));
    if (earlier !== undefined && !(earlier instanceof RunnerError)) return earlier;
  }
  // The platform also rejects submits while the workspace is off, which is temporary.
  const workspaceStatus = error instanceof Rejected || error instanceof NotFound ? await sleepingWorkspace(step) : null;
  if (workspaceStatus !== null) return await afterSleepingWorkspace(step, { error, workspaceStatus });
  return await rejectSubmission(step, withConsentDetails(submission.request, error));
}

/** A signal that aborts a little later than `signal`: aborting during a submit would lose its response. */
function withGracePeriod(clock: Clock, signal: AbortSignal): { readonly signal: AbortSignal } & Disposable {
  const delayed = new AbortController();
  const disposed = new AbortController();
  const onAbort = () => {
    clock.sleep(GRACE_MS, { signal: disposed.signal }).then(() => delayed.abort(signal.reason), () => {});
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return {
    signal: delayed.signal,
    [Symbol.dispose]() {
      signal.removeEventListener("abort", onAbort);
      disposed.abort();
    },
  };
}

/** The platform's statuses of a workspace that will be running shortly. */
export const STARTING_STATUSES: ReadonlySet<string> = new Set(["Starting", "Pulling", "Restarting"]);

/** Those of a workspace that is off. That is normal: the platform stops an idle one. */
export const IDLE_STATUSES: ReadonlySet<string> = new Set(["Off", "Stopped", "Paused", "Terminating"]);

/** How often the platform's own tools poll a starting workspace. */
const WORKSPACE_DELAY_MS = 15_000;

/** No run starts while the workspace is scaled down: the submit is retried until the workspace runs or it times out. */
async function afterSleepingWorkspace(
  step: SentStep,
  { error, workspaceStatus }: { readonly error: RunnerError; readonly workspaceStatus: string },
): Promise<AdvanceResult> {
  const detail = `${workspaceStatus} (server response: ${error.message})`;
  const untilMs = step.deps.clock.now() + WORKSPACE_DELAY_MS;
  const refusal = new NotSubmitted(`Cannot submit: your workspace is ${detail}`, {
    hint: "Nothing was started. Start your workspace, then try again",
    commandHint: "Nothing was started. Start your workspace with `pw-workflow-runner workspace start`, then try again",
  });
  return await submitAgain(step, { reason: "workspace", detail, untilMs }, { error, refusal });
}

/** The status of a workspace that is not running; `null` when it is running or its status is unavailable. */
async function sleepingWorkspace({ deps, options }: Step): Promise<string | null> {
  const status = await deps.client.workspaceStatus({ signal: options.signal, retry: "none" }).catch(fallbackTo(null));
  return status !== null && (STARTING_STATUSES.has(status) || IDLE_STATUSES.has(status)) ? status : null;
}
