/**
 * The submit protocol: one wish never becomes two runs. What is sent was written down before; what got no answer is
 * looked for.
 */

import type { SubmitResponse } from "../platform/client.ts";
import type { Clock } from "../clock.ts";
import { ConsentRequired, NotFound, NotSubmitted, Rejected, type RunnerError, StorageError } from "../errors.ts";
import type { PendingSubmission, UnconfirmedSubmission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { idempotencyKeyConflict } from "./idempotency.ts";
import { SEARCH_MS } from "./reconcile.ts";
import { resubmitDelayMs } from "./poll_interval.ts";
import { displayNameFor, displayNameTag, hasOtherInputs } from "./slug.ts";
import { deadlineMs, delayed, giveUp, markUnconfirmed, refuse, seen, type Step } from "./submit_step.ts";
import {
  type AdvanceOptions,
  type AdvanceResult,
  applyTransition,
  recordObservation,
  updateCapabilities,
} from "./advance_result.ts";
import { afterSleepingWorkspace, sleepingWorkspace } from "./workspace.ts";

const SEARCH_BEHIND_GATEWAY_MS = 5 * 60_000;

/** After a 409 that nothing ambiguous came before: the server has said that it did not start this one. */
const SEARCH_AFTER_CONFLICT_MS = 8_000;

/** After Ctrl-C, a submit that is on its way gets this long to be answered. */
const GRACE_MS = 2_000;

/**
 * Sends an intended record.
 *
 * @throws NotSubmitted when it could not be written down first; the signal's reason.
 */
export async function submit(
  deps: Deps,
  submission: PendingSubmission,
  options: AdvanceOptions,
): Promise<AdvanceResult> {
  const { request, ownSlug } = submission;
  if (request.inputs === null) {
    return await refuse(
      { deps, options },
      submission,
      new NotSubmitted(`Cannot submit ${request.workflow}: its inputs held secrets, which were not stored`, {
        hint: "Nothing was started: run it again with its inputs",
      }),
    );
  }
  // Before the request: after a crash we look for this slug on the platform instead of sending again.
  const sent = await storeBeforeSending(deps, submission);
  using patience = graceful(deps.clock, options.signal);
  const answer = await deps.client.submit({
    workflow: request.workflow,
    inputs: request.inputs,
    slug: ownSlug,
    displayName: displayNameFor(request.displayName ?? request.workflow, displayNameTag(submission)),
    consent: request.isTrusted ? request.requestedConsent ?? { permissions: [], variables: [] } : null,
  }, { signal: patience.signal });
  return await judge({ deps, options }, sent, answer);
}

async function storeBeforeSending(deps: Deps, submission: PendingSubmission): Promise<UnconfirmedSubmission> {
  try {
    const moved = await applyTransition(deps, submission, { type: "sending" });
    if (moved.state === "unconfirmed") return moved;
    throw new TypeError(`A record about to be sent is ${moved.state}`);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new NotSubmitted(
      `Cannot submit ${submission.request.workflow}: ${error.message.replace(/^Cannot/, "cannot")}`,
      {
        hint: error.hint,
        cause: error,
      },
    );
  }
}

async function judge(step: Step, submission: UnconfirmedSubmission, answer: SubmitResponse): Promise<AdvanceResult> {
  const { deps } = step;
  switch (answer.type) {
    case "accepted": {
      if (submission.ownSlug !== null && answer.run.slug !== null) {
        await updateCapabilities(deps, submission.owner.host, { keepsSlug: answer.run.slug === submission.ownSlug });
      }
      // Some servers answer a second submit of a slug with the first run.
      if (hasOtherInputs(answer.run.displayName, submission)) {
        return await refuse(step, submission, idempotencyKeyConflict(submission, answer.run));
      }
      return { submission: await seen(step, submission, answer.run), events: [] };
    }
    case "not-sent":
      return await afterNotSent(step, submission, answer);
    case "rejected":
      return await afterRejected(step, submission, answer);
    case "conflict":
      return await markUnconfirmed(step, submission, {
        cause: "conflict",
        detail: answer.error.message,
        searchForMs: submission.lostResponses > 0 ? SEARCH_MS : SEARCH_AFTER_CONFLICT_MS,
      });
    case "ambiguous": {
      const isSlow = answer.isGateway || await sleepingWorkspace(step) !== null;
      const searchForMs = isSlow ? SEARCH_BEHIND_GATEWAY_MS : SEARCH_MS;
      const doubted = await markUnconfirmed(step, submission, {
        cause: "response-lost",
        detail: answer.error.message,
        searchForMs,
      });
      // Without a slug or a display name of ours there is nothing to look for.
      if (await deps.client.apiVersion(step.options) === "current") return doubted;
      return { ...doubted, submission: await recordObservation(deps, doubted.submission, { type: "abandoned" }) };
    }
  }
}

async function afterNotSent(
  step: Step,
  submission: UnconfirmedSubmission,
  { error, retryAfterMs }: Extract<SubmitResponse, { type: "not-sent" }>,
): Promise<AdvanceResult> {
  const { deps, options } = step;
  const againAtMs = deps.clock.now() + resubmitDelayMs(submission.attempts, deps.random, retryAfterMs);
  if (againAtMs > deadlineMs(submission, options)) return await giveUp(step, submission, error);
  const reason = error.kind === "unavailable" ? "rate-limited" : "unreachable";
  return {
    submission: await recordObservation(deps, submission, { type: "not-sent", againAtMs }),
    events: [delayed(submission, deps, { reason, detail: error.message, untilMs: againAtMs })],
    error,
  };
}

async function afterRejected(
  step: Step,
  submission: UnconfirmedSubmission,
  { error, isSlugRefused }: Extract<SubmitResponse, { type: "rejected" }>,
): Promise<AdvanceResult> {
  if (submission.lostResponses > 0) {
    // An earlier submit may have started a run, whatever this one was told.
    return await markUnconfirmed(step, submission, {
      cause: "conflict",
      detail: error.message,
      searchForMs: SEARCH_MS,
    });
  }
  if (isSlugRefused && submission.idempotencyKey !== null) {
    // Taken, most likely, by the same wish from elsewhere; without the slug the key would guard nothing.
    return await markUnconfirmed(step, submission, {
      cause: "slug-rejected",
      detail: error.message,
      searchForMs: SEARCH_AFTER_CONFLICT_MS,
    });
  }
  if (isSlugRefused && submission.ownSlug !== null) {
    return { submission: await recordObservation(step.deps, submission, { type: "slug-rejected" }), events: [] };
  }
  // A workspace that was scaled down answers with a no as well, which passes.
  const asleep = error instanceof Rejected || error instanceof NotFound ? await sleepingWorkspace(step) : null;
  if (asleep !== null) return await afterSleepingWorkspace(step, submission, { error, asleep });
  return await refuse(step, submission, explained(submission, error));
}

/** What a refusal is about when the workflow asks for consent that was not given: the code tells, never the words. */
function explained({ request }: UnconfirmedSubmission, error: RunnerError): RunnerError {
  if (request.isTrusted || error.code === undefined || !error.code.includes("consent")) return error;
  const { permissions, variables } = request.requestedConsent ?? { permissions: [], variables: [] };
  const asked = [
    ...permissions.map((name) => `permission ${name}`),
    ...variables.map((name) => `variable ${name}`),
  ];
  return new ConsentRequired(
    `Cannot run ${request.workflow}: it asks for your consent${asked.length === 0 ? "" : ` to ${asked.join(", ")}`}`,
    { hint: "Grant it for this run with --trust", cause: error },
  );
}

/** A signal that follows another with a little delay: giving up in the middle of a submit would lose its answer. */
function graceful(clock: Clock, signal: AbortSignal): { readonly signal: AbortSignal } & Disposable {
  const late = new AbortController();
  const over = new AbortController();
  const onAbort = () => {
    clock.sleep(GRACE_MS, { signal: over.signal }).then(() => late.abort(signal.reason), () => {});
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return {
    signal: late.signal,
    [Symbol.dispose]() {
      signal.removeEventListener("abort", onAbort);
      over.abort();
    },
  };
}
