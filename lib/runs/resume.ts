import { isOwnedBy } from "../account.ts";
import type { RunEvent } from "../events.ts";
import type { RunResult } from "../result.ts";
import type { ActiveSubmission, PendingSubmission, Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { type ExecuteOptions } from "./options.ts";
import { ownerOf } from "./find.ts";
import { redactingDeps } from "./redacting.ts";
import { searchForRun } from "./search.ts";
import { submittingEvent } from "./execute.ts";
import { activateSubmission } from "./reconcile.ts";
import { trackSubmission } from "./track.ts";
import { withKnownInputs } from "./advance_result.ts";
import { resultWithoutRun } from "./view.ts";

/** A pending submission that is older may be obsolete: it is sent only on request. */
const PENDING_AFTER_MS = 15 * 60_000;

/** The unfinished submissions in the local history. */
export type OpenSubmissions = Awaited<ReturnType<typeof findOpenSubmissions>>;

export interface OpenSubmissionsOptions {
  readonly signal: AbortSignal;
  /** Also resumes detached submissions. */
  readonly includesDetached: boolean;
  /** Also sends pending submissions that are old. */
  readonly submitsPending: boolean;
}

/**
 * Lists the unfinished submissions of the authenticated user.
 *
 * @throws StorageError when the store cannot be read; the client's errors when the user cannot be determined.
 */
export async function findOpenSubmissions(deps: Deps, options: OpenSubmissionsOptions) {
  const { store, clock } = deps;
  const owner = await ownerOf(deps, options.signal);
  const open = await store.listOpen("local");
  const unconfirmed: Submission[] = [];
  const active: Submission[] = [];
  /** Never sent, and sent only on request. */
  const pending: PendingSubmission[] = [];
  /** Running; the user stopped waiting for them. */
  const detached: ActiveSubmission[] = [];
  for (const submission of open.filter((submission) => isOwnedBy(submission, owner))) {
    if (submission.state === "active" && submission.isDetached && !options.includesDetached) detached.push(submission);
    else if (submission.state === "active") active.push(submission);
    else if (submission.state === "pending" && staysPending(submission, clock.now(), options)) pending.push(submission);
    else unconfirmed.push(submission);
  }
  /** Of other users and hosts: reported, never changed. */
  const others = open.filter((submission) => !isOwnedBy(submission, owner));
  // To be reconciled, sent or tracked, each group oldest first.
  return { resumable: [...unconfirmed, ...active], pending, detached, others };
}

function staysPending(
  submission: PendingSubmission,
  nowMs: number,
  { submitsPending }: OpenSubmissionsOptions,
): boolean {
  const { request, lostResponses, origin } = submission;
  if (lostResponses > 0) return false;
  // Only the batch knows whether the row is still wanted.
  if ("batchId" in origin) return true;
  return request.inputs === null || (!submitsPending && isOld(submission, nowMs));
}

/** True as well for one that the clock was set back since: its age is not known. */
function isOld({ createdAtMs }: PendingSubmission, nowMs: number): boolean {
  return Math.abs(nowMs - createdAtMs) > PENDING_AFTER_MS;
}

/**
 * Reconciles a submission if necessary, then tracks its run.
 *
 * @throws The errors of `execute`.
 */
export async function* resumeSubmission(
  deps: Deps,
  submission: Submission,
  options: ExecuteOptions & Pick<OpenSubmissionsOptions, "submitsPending">,
): AsyncGenerator<RunEvent, RunResult> {
  if (submission.state !== "pending") return yield* trackSubmission(deps, submission, options);
  if (submission.lostResponses === 0) {
    yield submittingEvent(deps, submission);
    return yield* trackSubmission(deps, submission, options);
  }
  // It was about to be sent again after a lost response. Time has passed since: search for its run first.
  const result = await searchForRun(redactingDeps(deps, submission), submission, options);
  const found = result.type === "ours"
    ? withKnownInputs(await activateSubmission({ deps, submission, options }, result.run), submission)
    : submission;
  const isRecent = !isOld(submission, deps.clock.now());
  if (found.state === "active" || (isRecent && found.request.inputs !== null) || options.submitsPending) {
    if (found.state === "pending") yield submittingEvent(deps, found);
    return yield* trackSubmission(deps, found, options);
  }
  const message = `Outcome unknown: no run ${submission.ownSlug} was found on the platform`;
  return resultWithoutRun(submission.request.workflow, submission.ownSlug, message);
}
