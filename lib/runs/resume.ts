/** Takes up what a process before us began and did not see to its end. */

import type { RunEvent } from "../events.ts";
import type { RunResult } from "../result.ts";
import type { ActiveSubmission, PendingSubmission, Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { type ExecuteOptions } from "./options.ts";
import { pollDelayMs } from "./poll_interval.ts";
import { search } from "./search.ts";
import { isOwnedBy } from "../store/run_store.ts";
import { track } from "./track.ts";
import { recordObservation, withInputs } from "./advance_result.ts";
import { resultWithoutRun, runIdOf } from "./view.ts";

/** An intent that was not sent by then may have lost its sense: it is sent only when somebody says so. */
const PENDING_AFTER_MS = 15 * 60_000;

/** What the ledger holds open, by what is to be done about it. */
export interface OpenSubmissions {
  /** To be looked for, sent or followed: what is not certain first, oldest first. */
  readonly following: readonly Submission[];
  /** Never sent, and not to be sent without a word. */
  readonly pending: readonly PendingSubmission[];
  /** Going on, and nobody meant to wait for it. */
  readonly detached: readonly ActiveSubmission[];
  /** Other users' and hosts': told of, never touched. */
  readonly others: readonly Submission[];
}

export interface OpenSubmissionsOptions {
  readonly signal: AbortSignal;
  /** Also follows what was left to itself. */
  readonly includesDetached: boolean;
  /** Also sends intents that have become old. */
  readonly submitsPending: boolean;
}

/**
 * Reads the ledger for the user whom the credential belongs to.
 *
 * @throws StorageError when it can't be read; what the client throws when it can't be asked who we are.
 */
export async function findOpenSubmissions(deps: Deps, options: OpenSubmissionsOptions): Promise<OpenSubmissions> {
  const { client, store, clock } = deps;
  const { user } = await client.whoAmI({ signal: options.signal });
  const owner = { host: client.host, user };
  const open = await store.listOpen("local");
  const uncertain: Submission[] = [];
  const going: Submission[] = [];
  const pending: PendingSubmission[] = [];
  const detached: ActiveSubmission[] = [];
  for (const submission of open.filter((submission) => isOwnedBy(submission, owner))) {
    if (submission.state === "active" && submission.isDetached && !options.includesDetached) detached.push(submission);
    else if (submission.state === "active") going.push(submission);
    else if (submission.state === "pending" && isPending(submission, clock.now(), options)) pending.push(submission);
    else uncertain.push(submission);
  }
  return {
    following: [...uncertain, ...going],
    pending,
    detached,
    others: open.filter((submission) => !isOwnedBy(submission, owner)),
  };
}

function isPending(
  { request, lostResponses, createdAtMs }: PendingSubmission,
  nowMs: number,
  { submitsPending }: OpenSubmissionsOptions,
): boolean {
  if (lostResponses > 0) return false;
  return request.inputs === null || (!submitsPending && nowMs - createdAtMs > PENDING_AFTER_MS);
}

/**
 * Settles what is unknown about one record, then follows its run.
 *
 * @throws What `execute` throws.
 */
export async function* resumeSubmission(
  deps: Deps,
  submission: Submission,
  options: ExecuteOptions & Pick<OpenSubmissionsOptions, "submitsPending">,
): AsyncGenerator<RunEvent, RunResult> {
  if (submission.state !== "pending" || submission.lostResponses === 0) {
    return yield* track(deps, submission, options);
  }
  // It was to be sent once more, where a second run is impossible. Time has passed since: look again first.
  const found = await searchAgain(deps, submission, options);
  const isOld = deps.clock.now() - submission.createdAtMs > PENDING_AFTER_MS;
  if (found.state === "active" || (!isOld && found.request.inputs !== null) || options.submitsPending) {
    return yield* track(deps, found, options);
  }
  const message = `It is not known whether a run was started: ${submission.ownSlug} has not shown up`;
  return resultWithoutRun(submission.request.workflow, submission.ownSlug, message);
}

async function searchAgain(deps: Deps, submission: PendingSubmission, options: ExecuteOptions): Promise<Submission> {
  const finding = await search(deps, submission, options);
  if (finding.type !== "ours") return submission;
  const runId = runIdOf(finding.run, submission.request.workflow);
  const pollAtMs = deps.clock.now() + pollDelayMs(0, options.pollInterval, deps.random);
  return withInputs(
    await recordObservation(deps, submission, { type: "polled", run: finding.run, runId, pollAtMs }),
    submission,
  );
}
