import { slugOf } from "../submission.ts";
import type { RunEvent } from "../events.ts";
import type { RunResult } from "../result.ts";
import type { RunRequest } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { createSubmission } from "./create_submission.ts";
import type { ExecuteOptions } from "./options.ts";
import { track } from "./track.ts";

/**
 * Submits a request at most once and tracks its run. A failed run is a result; errors mean that there is no result.
 *
 * @throws NotSubmitted, Rejected, ConsentRequired, CredentialError, NotFound: nothing was started; the signal's reason.
 */
export async function* execute(
  deps: Deps,
  request: RunRequest,
  options: ExecuteOptions,
): AsyncGenerator<RunEvent, RunResult> {
  const submission = await createSubmission(deps, request, options);
  const { submissionId, ownSlug } = submission;
  const atMs = deps.clock.now();
  if (submission.state === "pending" && submission.attempts === 0) {
    yield { type: "submitting", submissionId, atMs, workflow: request.workflow, slug: ownSlug };
  } else if (submission.idempotencyKey !== null) {
    yield {
      type: "key-matched",
      submissionId,
      atMs,
      idempotencyKey: submission.idempotencyKey.text,
      slug: slugOf(submission),
    };
  }
  return yield* track(deps, submission, options);
}

/** Consumes the events and returns the result, which a `for await` would drop. */
export async function toEnd(
  events: AsyncGenerator<RunEvent, RunResult>,
  onEvent: (event: RunEvent) => void,
): Promise<RunResult> {
  while (true) {
    const { done, value } = await events.next();
    if (done) return value;
    onEvent(value);
  }
}
