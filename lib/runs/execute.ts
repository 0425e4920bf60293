import { type PendingSubmission, type RunRequest, slugOf, type Submission } from "../submission.ts";
import type { RunEvent } from "../events.ts";
import type { RunResult } from "../result.ts";
import type { Deps } from "./deps.ts";
import { capabilitiesOf, refusesDuplicates, updateCapabilities } from "./server_capabilities.ts";
import { createSubmission, newPending } from "./create_submission.ts";
import { type ExecuteOptions, executeOptions, type Given } from "./options.ts";
import { trackSubmission } from "./track.ts";

/**
 * Submits a request at most once and tracks its run. A failed run is a result; errors mean that there is no result.
 *
 * @param given Default: DEFAULT_EXECUTE, and no signal.
 * @throws NotSubmitted, Rejected, ConsentRequired, CredentialError, NotFound, IdempotencyKeyConflict: nothing was started;
 * the signal's reason; RangeError for an option that is not a time; TypeError for another value of an option.
 */
export async function* execute(
  deps: Deps,
  request: RunRequest,
  given: Given<ExecuteOptions> = {},
): AsyncGenerator<RunEvent, RunResult> {
  const options = executeOptions(given);
  // Without a key, it is first stored as one that is being sent: no other process can know of it.
  const create = options.idempotencyKey === undefined ? newPending : createSubmission;
  const submission: Submission = await create(deps, request, { ...options, retry: options.submitTimeoutMs });
  if (submission.state === "pending") {
    yield submittingEvent(deps, submission);
    if (submission.idempotencyKey !== null) yield* reportGuarantee(deps, submission);
  } else if (submission.idempotencyKey !== null) {
    yield {
      type: "key-matched",
      submissionId: submission.submissionId,
      atMs: deps.clock.now(),
      idempotencyKey: submission.idempotencyKey.text,
      slug: slugOf(submission),
    };
  }
  return yield* trackSubmission(deps, submission, options);
}

/** Names the host and the user before anything is sent. */
export function submittingEvent(
  { clock }: Pick<Deps, "clock">,
  { submissionId, request, owner: { host, user }, ownSlug }: PendingSubmission,
): RunEvent {
  const { workflow } = request;
  return { type: "submitting", submissionId, atMs: clock.now(), workflow, host, user, slug: ownSlug };
}

/** Once for each host: a key guarantees less on a server that does not refuse a taken slug. */
async function* reportGuarantee(
  deps: Deps,
  { submissionId, owner: { host } }: Submission,
): AsyncGenerator<RunEvent, void> {
  const guarantee = await refusesDuplicates(deps, host) ? "one-run" : "oldest-run";
  const { reportedKeyGuarantee } = await capabilitiesOf(deps, host);
  if (reportedKeyGuarantee === guarantee) return;
  yield { type: "key-guarantee", submissionId, atMs: deps.clock.now(), guarantee };
  await updateCapabilities(deps, host, { reportedKeyGuarantee: guarantee });
}

/**
 * Consumes the events, waiting for what `onEvent` returns, and returns the result, which a `for await` would drop.
 *
 * @throws What `onEvent` throws or rejects with, once the generator has been closed.
 */
export async function toEnd<Event, Result>(
  events: AsyncGenerator<Event, Result>,
  onEvent: (event: Event) => unknown = () => {},
): Promise<Result> {
  // Otherwise the timers of a generator that a failed callback leaves behind would keep the process alive.
  await using running = events;
  while (true) {
    const { done, value } = await running.next();
    if (done) return value;
    await onEvent(value);
  }
}
