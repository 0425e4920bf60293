/**
 * The life of a record, pure: what was learned goes in, the record moved forward comes out. Every state and arrow is in
 * {@link ARROWS}; `settled` and `refused` are ends.
 */

import type { RunResult } from "../result.ts";
import type { Run, RunId } from "../run.ts";
import type {
  ActiveSubmission,
  PendingSubmission,
  Reconciliation,
  Submission,
  UnconfirmedSubmission,
} from "../submission.ts";

/** One thing learned about a run, or done for it. */
export type Observation =
  /** The request is about to leave. */
  | { readonly type: "sending" }
  /** Nothing arrived: the same request may go again at `againAtMs`. */
  | { readonly type: "not-sent"; readonly againAtMs: number }
  /** The server would not have our slug: once more without it. */
  | { readonly type: "slug-rejected" }
  /** It will never be a run. */
  | { readonly type: "rejected"; readonly kind: string; readonly message: string }
  /** Sent, and not known what became of it: to be looked for from `pollAtMs`. */
  | {
    readonly type: "unconfirmed";
    readonly cause: Reconciliation["cause"];
    readonly detail: string;
    readonly searchForMs: number;
    readonly pollAtMs: number;
  }
  /** Looked for and not there. */
  | { readonly type: "not-found"; readonly pollAtMs: number }
  /** Could not be looked for. */
  | { readonly type: "search-failed"; readonly pollAtMs: number }
  /** Looked for long enough. */
  | { readonly type: "abandoned" }
  /** Proven absent, or sure to be refused if it is there: the same slug may be posted again at `againAtMs`. */
  | { readonly type: "resend"; readonly againAtMs: number }
  /** The platform shows the run. */
  | { readonly type: "polled"; readonly run: Run; readonly runId: RunId; readonly pollAtMs: number }
  /** A look at a known run failed. */
  | { readonly type: "poll-failed"; readonly pollAtMs: number }
  /** A known run answers 404. */
  | { readonly type: "missing"; readonly pollAtMs: number }
  /** Nobody waits for its end. */
  | { readonly type: "detached" }
  | { readonly type: "finished"; readonly result: RunResult };

type State = Submission["state"];
type Transitions = Readonly<Record<State, Readonly<Partial<Record<Observation["type"], State>>>>>;

/** From each state, by each observation, to which state. What is not here can't happen. */
export const TRANSITIONS = {
  pending: { sending: "unconfirmed", rejected: "rejected", polled: "active" },
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
  active: { polled: "active", "poll-failed": "active", missing: "active", detached: "active", finished: "finished" },
  finished: {},
  rejected: {},
} as const satisfies Transitions;

/**
 * Moves a record forward.
 *
 * @throws TypeError when the record's state has no arrow for it: a defect of the caller.
 */
export function next(submission: Submission, observation: Observation, nowMs: number): Submission {
  switch (submission.state) {
    case "pending":
      return fromPending(submission, observation, nowMs) ?? refuse(submission, observation);
    case "unconfirmed":
      return fromUnconfirmed(submission, observation, nowMs) ?? refuse(submission, observation);
    case "active":
      return fromActive(submission, observation, nowMs) ?? refuse(submission, observation);
    case "finished":
    case "rejected":
      return refuse(submission, observation);
  }
}

/** True once nothing more can happen to it. */
export function isEnded(submission: Submission): boolean {
  return submission.state === "finished" || submission.state === "rejected";
}

/** Whether there is an arrow for it: somebody else may have moved the record on. */
export function canApply(submission: Submission, { type }: Observation): boolean {
  const arrows: Transitions[State] = TRANSITIONS[submission.state];
  const needsDoubt = type === "not-found" || type === "abandoned";
  return arrows[type] !== undefined &&
    !(needsDoubt && submission.state === "unconfirmed" && submission.reconciliation === null);
}

function refuse(submission: Submission, observation: Observation): never {
  throw new TypeError(`A ${submission.state} record can't take "${observation.type}"`);
}

function fromPending(submission: PendingSubmission, seen: Observation, nowMs: number): Submission | undefined {
  switch (seen.type) {
    case "sending":
      return {
        ...common(submission, nowMs),
        state: "unconfirmed",
        attempts: submission.attempts + 1,
        retryingSinceMs: submission.retryingSinceMs,
        lostResponses: submission.lostResponses,
        sentAtMs: nowMs,
        reconciliation: null,
      };
    case "rejected":
      return { ...common(submission, nowMs), state: "rejected", kind: seen.kind, message: seen.message };
    case "polled":
      return activated(submission, seen, nowMs);
    default:
      return undefined;
  }
}

function fromUnconfirmed(submission: UnconfirmedSubmission, seen: Observation, nowMs: number): Submission | undefined {
  switch (seen.type) {
    case "not-sent":
    case "resend":
      return backToPending(submission, nowMs, { nextPollAtMs: seen.againAtMs });
    case "slug-rejected":
      return { ...backToPending(submission, nowMs, { nextPollAtMs: nowMs }), ownSlug: null };
    case "rejected":
      return { ...common(submission, nowMs), state: "rejected", kind: seen.kind, message: seen.message };
    case "unconfirmed":
      return {
        ...submission,
        ...common(submission, nowMs),
        nextPollAtMs: seen.pollAtMs,
        retryingSinceMs: submission.retryingSinceMs ?? submission.sentAtMs,
        lostResponses: submission.lostResponses + (seen.cause === "response-lost" ? 1 : 0),
        reconciliation: {
          cause: seen.cause,
          detail: seen.detail,
          sinceMs: nowMs,
          searches: 0,
          searchForMs: seen.searchForMs,
          isAbandoned: false,
        },
      };
    case "not-found":
      return submission.reconciliation === null ? undefined : {
        ...submission,
        ...common(submission, nowMs),
        nextPollAtMs: seen.pollAtMs,
        reconciliation: { ...submission.reconciliation, searches: submission.reconciliation.searches + 1 },
      };
    case "search-failed":
      return { ...submission, ...common(submission, nowMs), nextPollAtMs: seen.pollAtMs };
    case "abandoned":
      return submission.reconciliation === null ? undefined : {
        ...submission,
        ...common(submission, nowMs),
        reconciliation: { ...submission.reconciliation, isAbandoned: true },
      };
    case "polled":
      return activated(submission, seen, nowMs);
    default:
      return undefined;
  }
}

function fromActive(submission: ActiveSubmission, seen: Observation, nowMs: number): Submission | undefined {
  switch (seen.type) {
    case "polled":
      return {
        ...submission,
        ...common(submission, nowMs),
        nextPollAtMs: seen.pollAtMs,
        runId: seen.runId,
        run: seen.run,
        lastPolledAtMs: nowMs,
        unreachableSinceMs: null,
        missingSinceMs: null,
        missingPolls: 0,
        failingSinceMs: isFailing(seen.run) ? submission.failingSinceMs ?? nowMs : null,
      };
    case "poll-failed":
      return {
        ...submission,
        ...common(submission, nowMs),
        nextPollAtMs: seen.pollAtMs,
        unreachableSinceMs: submission.unreachableSinceMs ?? nowMs,
      };
    case "missing":
      return {
        ...submission,
        ...common(submission, nowMs),
        nextPollAtMs: seen.pollAtMs,
        unreachableSinceMs: null,
        missingSinceMs: submission.missingSinceMs ?? nowMs,
        missingPolls: submission.missingPolls + 1,
      };
    case "detached":
      return { ...submission, ...common(submission, nowMs), nextPollAtMs: submission.nextPollAtMs, isDetached: true };
    case "finished":
      return { ...common(submission, nowMs), state: "finished", runId: submission.runId, result: seen.result };
    default:
      return undefined;
  }
}

/** What every state has, so that a changed state keeps nothing of the old one. */
function common(submission: Submission, nowMs: number) {
  const { submissionId, revision, owner, origin, request, idempotencyKey, ownSlug, correlationTag, createdAtMs } =
    submission;
  return {
    submissionId,
    revision,
    owner,
    origin,
    request,
    idempotencyKey,
    ownSlug,
    correlationTag,
    createdAtMs,
    updatedAtMs: nowMs,
    nextPollAtMs: nowMs,
  };
}

function backToPending(
  submission: UnconfirmedSubmission,
  nowMs: number,
  due: { readonly nextPollAtMs: number },
): PendingSubmission {
  return {
    ...common(submission, nowMs),
    ...due,
    state: "pending",
    attempts: submission.attempts,
    retryingSinceMs: submission.retryingSinceMs ?? submission.sentAtMs,
    lostResponses: submission.lostResponses,
  };
}

function activated(
  submission: Submission,
  { run, runId, pollAtMs }: Extract<Observation, { type: "polled" }>,
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
    isDetached: false,
  };
}

/** Failed, but not final: other jobs are still winding down. */
function isFailing({ status, isFinal }: Run): boolean {
  return status === "failed" && !isFinal;
}
