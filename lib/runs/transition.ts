/** The state machine of submissions, pure. `finished` and `rejected` are final. */

import type { RunResult } from "../result.ts";
import type { Run, RunId } from "../run.ts";
import type {
  ActiveSubmission,
  PendingSubmission,
  Reconciliation,
  Submission,
  SubmissionBase,
  UnconfirmedSubmission,
} from "../submission.ts";

/** An observation of a submission's run, or an action taken for it. */
export type SubmissionObservation =
  /** The request is about to be sent. */
  | { readonly type: "sending" }
  /** The server did not process it: the same request may be sent again at `retryAtMs`. */
  | { readonly type: "not-sent"; readonly retryAtMs: number }
  /** The server rejected our slug: submit again without it. */
  | { readonly type: "slug-rejected" }
  /** No run will be started. */
  | { readonly type: "rejected"; readonly kind: string; readonly message: string }
  /** It was cancelled before anything of it was sent. */
  | { readonly type: "cancelled"; readonly result: RunResult }
  /** Sent without a usable response: search for its run from `pollAtMs` on, unless there is nothing to search for. */
  | { readonly type: "unconfirmed"; readonly pollAtMs: number }
    & Omit<Reconciliation, "sinceMs" | "searches" | "failingSinceMs">
  /** A search did not find the run. */
  | { readonly type: "not-found"; readonly pollAtMs: number }
  /** A search failed; none has succeeded since `sinceMs`. */
  | { readonly type: "search-failed"; readonly sinceMs: number; readonly pollAtMs: number }
  /** The search was abandoned: the outcome is unknown. */
  | { readonly type: "abandoned" }
  /** No run exists, or the server will reject the duplicate: the same slug may be submitted again at `retryAtMs`. */
  | { readonly type: "resend"; readonly retryAtMs: number }
  /** The platform shows the run. One that has just started may be left alone from then on. */
  | {
    readonly type: "polled";
    readonly run: Run;
    readonly runId: RunId;
    readonly pollAtMs: number;
    readonly isDetached?: boolean;
  }
  /** The list of runs shows the run: it is read once more at `pollAtMs`, for others with its idempotency key. */
  | { readonly type: "listed"; readonly pollAtMs: number }
  /** A poll failed; the server has not responded since `sinceMs`. */
  | { readonly type: "poll-failed"; readonly sinceMs: number; readonly pollAtMs: number }
  /** A poll returned 404. */
  | { readonly type: "missing"; readonly pollAtMs: number }
  /** The user stopped waiting. */
  | { readonly type: "detached" }
  | { readonly type: "finished"; readonly result: RunResult };

type State = Submission["state"];
type Transitions = Readonly<Record<State, Readonly<Partial<Record<SubmissionObservation["type"], State>>>>>;

/** The next state for each state and observation. Other combinations are invalid. */
export const SUBMISSION_TRANSITIONS = {
  pending: { sending: "unconfirmed", rejected: "rejected", cancelled: "finished", polled: "active" },
  unconfirmed: {
    "not-sent": "pending",
    "slug-rejected": "pending",
    rejected: "rejected",
    unconfirmed: "unconfirmed",
    "not-found": "unconfirmed",
    "search-failed": "unconfirmed",
    abandoned: "unconfirmed",
    resend: "pending",
    polled: "active",
  },
  active: {
    polled: "active",
    listed: "active",
    "poll-failed": "active",
    missing: "active",
    detached: "active",
    finished: "finished",
  },
  finished: {},
  rejected: {},
} as const satisfies Transitions;

/** The observations that are valid in a state; in several states, those that are valid in each of them. */
export type ObservationOf<S extends State> = Extract<
  SubmissionObservation,
  { readonly type: keyof (typeof SUBMISSION_TRANSITIONS)[S] }
>;

/** Applies an observation to a submission. */
export function transition<S extends Submission>(
  submission: S,
  observation: ObservationOf<S["state"]>,
  nowMs: number,
): Submission {
  const updated = transitionIfValid(submission, observation, nowMs);
  if (updated !== undefined) return updated;
  throw new TypeError(`A submission whose search has not begun cannot apply "${observation.type}"`);
}

/** `undefined` if the observation is invalid in the submission's state, for example after another process changed it. */
export function transitionIfValid(
  submission: Submission,
  observation: SubmissionObservation,
  nowMs: number,
): Submission | undefined {
  const updated = updatedIfValid(submission, observation, nowMs);
  if (updated?.origin.type !== "schedule" || updated.state === submission.state) return updated;
  // What was reported before, as unknown or as another account's, is reported again once more of it is known.
  return { ...updated, origin: { ...updated.origin, isReported: false } };
}

function updatedIfValid(submission: Submission, observation: SubmissionObservation, nowMs: number) {
  const { state } = submission;
  if (state === "pending" && isValidIn(state, observation)) return fromPending(submission, observation, nowMs);
  if (state === "unconfirmed" && isValidIn(state, observation)) return fromUnconfirmed(submission, observation, nowMs);
  if (state === "active" && isValidIn(state, observation)) return fromActive(submission, observation, nowMs);
  return undefined;
}

function isValidIn<S extends State>(state: S, observation: SubmissionObservation): observation is ObservationOf<S> {
  return Object.hasOwn(SUBMISSION_TRANSITIONS[state], observation.type);
}

function fromPending(submission: PendingSubmission, observation: ObservationOf<"pending">, nowMs: number): Submission {
  switch (observation.type) {
    case "sending":
      return sending(submission, nowMs);
    case "rejected":
      return { ...common(submission, nowMs), state: "rejected", kind: observation.kind, message: observation.message };
    case "cancelled": {
      const { ownSlug: slug, request: { workflow } } = submission;
      const runId: RunId = slug === null ? { type: "number", workflow, number: 0 } : { type: "slug", slug };
      return { ...common(submission, nowMs), state: "finished", runId, result: observation.result };
    }
    case "polled":
      return activated(submission, observation, nowMs);
  }
}

/** The submission, about to be sent. */
export function sending(submission: PendingSubmission, nowMs: number): UnconfirmedSubmission {
  return {
    ...common(submission, nowMs),
    state: "unconfirmed",
    attempts: submission.attempts + 1,
    retryingSinceMs: submission.retryingSinceMs,
    lostResponses: submission.lostResponses,
    sentAtMs: nowMs,
    reconciliation: null,
  };
}

function fromUnconfirmed(
  submission: UnconfirmedSubmission,
  observation: ObservationOf<"unconfirmed">,
  nowMs: number,
): Submission | undefined {
  switch (observation.type) {
    case "not-sent":
    case "resend":
      return backToPending(submission, nowMs, observation.retryAtMs);
    case "slug-rejected":
      return { ...backToPending(submission, nowMs, nowMs), ownSlug: null };
    case "rejected":
      return { ...common(submission, nowMs), state: "rejected", kind: observation.kind, message: observation.message };
    case "unconfirmed": {
      const { type: _type, pollAtMs, ...reconciliation } = observation;
      return {
        ...staying(submission, nowMs, pollAtMs),
        retryingSinceMs: submission.retryingSinceMs ?? submission.sentAtMs,
        lostResponses: submission.lostResponses + (reconciliation.cause === "response-lost" ? 1 : 0),
        reconciliation: { ...reconciliation, sinceMs: nowMs, searches: 0, failingSinceMs: null },
      };
    }
    case "not-found": {
      const searches = (submission.reconciliation?.searches ?? 0) + 1;
      return searching(submission, nowMs, observation.pollAtMs, { searches, failingSinceMs: null });
    }
    case "search-failed":
      return searching(submission, nowMs, observation.pollAtMs, { failingSinceMs: observation.sinceMs });
    case "abandoned":
      return searching(submission, nowMs, nowMs, { isAbandoned: true });
    case "polled":
      return activated(submission, observation, nowMs);
  }
}

/** `undefined` if the search has not begun. */
function searching(
  submission: UnconfirmedSubmission,
  nowMs: number,
  pollAtMs: number,
  changes: Partial<Reconciliation>,
): UnconfirmedSubmission | undefined {
  if (submission.reconciliation === null) return undefined;
  return { ...staying(submission, nowMs, pollAtMs), reconciliation: { ...submission.reconciliation, ...changes } };
}

function fromActive(submission: ActiveSubmission, observation: ObservationOf<"active">, nowMs: number): Submission {
  switch (observation.type) {
    case "polled":
      return {
        ...submission,
        ...activated(submission, observation, nowMs),
        startedAtMs: submission.startedAtMs,
        isDetached: submission.isDetached,
        failingSinceMs: isFailing(observation.run) ? submission.failingSinceMs ?? nowMs : null,
      };
    case "listed":
      return {
        ...staying(submission, nowMs, observation.pollAtMs),
        listedAtMs: submission.listedAtMs ?? nowMs,
        unreachableSinceMs: null,
      };
    case "poll-failed":
      return {
        ...staying(submission, nowMs, observation.pollAtMs),
        unreachableSinceMs: submission.unreachableSinceMs ?? observation.sinceMs,
      };
    case "missing":
      return {
        ...staying(submission, nowMs, observation.pollAtMs),
        unreachableSinceMs: null,
        missingSinceMs: submission.missingSinceMs ?? nowMs,
        missingPolls: submission.missingPolls + 1,
      };
    case "detached":
      return { ...staying(submission, nowMs, submission.nextPollAtMs), isDetached: true };
    case "finished":
      return { ...common(submission, nowMs), state: "finished", runId: submission.runId, result: observation.result };
  }
}

/** Other clients searched before our run was visible; this long after it started, they have started theirs. */
export const DUPLICATES_VISIBLE_MS = 4_000;

/** True once a poll was made {@link DUPLICATES_VISIBLE_MS} after the start, and without an idempotency key. */
export function areDuplicatesSettled({ idempotencyKey: key, startedAtMs, lastPolledAtMs }: ActiveSubmission): boolean {
  return key === null || lastPolledAtMs - startedAtMs >= DUPLICATES_VISIBLE_MS;
}

/** The submission in the same state. */
function staying<S extends Submission>(submission: S, nowMs: number, nextPollAtMs: number): S {
  return { ...submission, updatedAtMs: nowMs, nextPollAtMs };
}

/** The members that all states share; the rest of the previous state is dropped. */
function common(submission: Omit<SubmissionBase, "state">, nowMs: number) {
  const { submissionId, revision, owner, origin, createdAtMs } = submission;
  const { request, idempotencyKey, ownSlug, correlationTag } = submission;
  const record = { submissionId, revision, owner, origin, createdAtMs, updatedAtMs: nowMs, nextPollAtMs: nowMs };
  return { ...record, request, idempotencyKey, ownSlug, correlationTag };
}

function backToPending(submission: UnconfirmedSubmission, nowMs: number, nextPollAtMs: number): PendingSubmission {
  return {
    ...common(submission, nowMs),
    nextPollAtMs,
    state: "pending",
    attempts: submission.attempts,
    retryingSinceMs: submission.retryingSinceMs ?? submission.sentAtMs,
    lostResponses: submission.lostResponses,
  };
}

/** The submission of a run that the platform shows for the first time. */
export function activated(
  submission: Omit<SubmissionBase, "state">,
  { run, runId, pollAtMs, isDetached = false }: Omit<Extract<SubmissionObservation, { type: "polled" }>, "type">,
  nowMs: number,
): ActiveSubmission {
  return {
    ...common(submission, nowMs),
    nextPollAtMs: pollAtMs,
    state: "active",
    runId,
    run,
    startedAtMs: nowMs,
    lastPolledAtMs: nowMs,
    unreachableSinceMs: null,
    missingSinceMs: null,
    missingPolls: 0,
    failingSinceMs: isFailing(run) ? nowMs : null,
    isDetached,
  };
}

/** Failed, but not final: other jobs are still running. */
function isFailing({ status, isFinal }: Run): boolean {
  return status === "failed" && !isFinal;
}
