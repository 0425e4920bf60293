/** Submits one request at most once, or goes on with one, and follows its run to the end. */

import { slugOf } from "../store/run_store.ts";
import type { RunEvent } from "../events.ts";
import type { RunResult } from "../result.ts";
import type { RunRequest, Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { createSubmission } from "./create_submission.ts";
import type { KeyWithPolicy } from "./idempotency.ts";
import { DEFAULT_POLL_INTERVAL, type PollInterval } from "./poll_interval.ts";
import { track } from "./track.ts";

/** How a run is followed. */
export interface TrackOptions {
  /** Ends the wait; its reason is thrown. */
  readonly signal: AbortSignal;
  /** How long to wait for the end, milliseconds from the start of the run; `null` for ever. The run goes on. */
  readonly timeoutMs: number | null;
  /** How often the run is looked at. */
  readonly pollInterval: PollInterval;
  /** How long nobody may answer before contact is given up, milliseconds; `null` for ever. */
  readonly unreachableTimeoutMs: number | null;
  /** False to end as soon as the run is known. */
  readonly isWaiting: boolean;
}

/** How a run is submitted and followed. */
export interface ExecuteOptions extends TrackOptions {
  /** How long a submit that certainly started nothing is repeated, milliseconds. */
  readonly submitTimeoutMs: number;
  /** The user's own name for the wish: the same name from anywhere means the same run. */
  readonly idempotencyKey?: KeyWithPolicy | undefined;
}

/** What following does unless told otherwise. */
export const DEFAULT_TRACK = {
  timeoutMs: 3_600_000,
  pollInterval: DEFAULT_POLL_INTERVAL,
  unreachableTimeoutMs: 30 * 60_000,
  isWaiting: true,
} as const satisfies Omit<TrackOptions, "signal">;

/** What submitting does unless told otherwise. */
export const DEFAULT_EXECUTE = {
  ...DEFAULT_TRACK,
  submitTimeoutMs: 10 * 60_000,
} as const satisfies Omit<ExecuteOptions, "signal">;

/**
 * Submits a request at most once and follows it. A run that failed is an answer; thrown is what kept us from one.
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
  return yield* track(deps, submission, { ...options, submitted: submission.state === "pending" ? "yes" : "no" });
}

/**
 * Goes on with a record of the ledger: what is unknown is looked for, what is known is followed.
 *
 * @throws What `execute` throws.
 */
export async function* continueSubmission(
  deps: Deps,
  submission: Submission,
  options: ExecuteOptions,
): AsyncGenerator<RunEvent, RunResult> {
  return yield* track(deps, submission, { ...options, submitted: submission.state === "pending" ? "yes" : "no" });
}

/** Consumes the events and hands over the result, which a `for await` would drop. */
export async function toEnd(
  events: AsyncGenerator<RunEvent, RunResult>,
  show: (event: RunEvent) => void,
): Promise<RunResult> {
  while (true) {
    const { done, value } = await events.next();
    if (done) return value;
    show(value);
  }
}
