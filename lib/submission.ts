import type { Owner } from "./account.ts";
import type { JsonObject } from "./json.ts";
import type { RunResult } from "./result.ts";
import { formatRunId, type Run, type RunId } from "./run.ts";
import type { Consent } from "./workflow.ts";

/** A request to start one run, with everything resolved: executing it reads no file, option or environment variable. */
export interface RunRequest {
  /** The workflow's name. */
  readonly workflow: string;
  /** 24 hex digits; `null` if it is not known. */
  readonly workflowId: string | null;
  /** Merged and checked; includes secrets. */
  readonly inputs: JsonObject;
  /** Paths of the secrets in `inputs`, like `db.password`: their values are never stored. */
  readonly secretPaths: readonly string[];
  /** Values of secrets that are no secret: an option of the form has the same value. */
  readonly publicValues: readonly string[];
  /** `null` leaves the choice to the server. */
  readonly displayName: string | null;
  /** What the workflow needs the user's consent for; `null` for nothing. */
  readonly requestedConsent: Consent | null;
  /** True if the user consents. */
  readonly isTrusted: boolean;
  /** True if the workflow declares sessions: the run is then tracked until they are ready. */
  readonly startsSession: boolean;
}

/** A request as the run store holds it: without the values of secrets. */
export interface StoredRequest extends Omit<RunRequest, "inputs"> {
  /** `null` after a round trip through the store if they include secrets. */
  readonly inputs: JsonObject | null;
  /** `null` if the inputs include no secrets. */
  readonly inputsWithoutSecrets: JsonObject | null;
  /** SHA-256 of the canonical inputs, hex. */
  readonly inputsHash: string;
}

/** The caller's name for a submission: submitting again with the same key attaches to the same run. */
export interface IdempotencyKey {
  /** As the caller gave it. */
  readonly text: string;
  /** From 1; higher if earlier attempts failed and the caller allowed another one. */
  readonly attempt: number;
}

/** What created a submission. */
export type Origin =
  | { readonly type: "command-line" }
  | { readonly type: "http" }
  | {
    /** `scheduled-suite`: of a suite that a schedule of the service runs. */
    readonly type: "batch" | "suite" | "scheduled-suite";
    /** Of the batch, or of the suite's session. */
    readonly batchId: string;
    /** Identifies the row or the case in it. */
    readonly rowKey: string;
    /** From 1. */
    readonly attempt: number;
    /** True if a failed attempt was retried without being asked for it. */
    readonly isRetry: boolean;
    /** Of the workflow file; absent in a suite. */
    readonly workflowHash?: string;
    /** What was seen of its run, for the process that continues. */
    readonly observed?: ObservedRun;
    /** What its end means to its suite, if later processes take that over. */
    readonly judged?: KeptJudgement;
  }
  | {
    readonly type: "schedule";
    readonly schedule: string;
    /** The occurrence's own instant, milliseconds since the epoch. */
    readonly scheduledAtMs: number;
    /** True once it was reported that the run exceeded its deadline. */
    readonly isDeadlineReported: boolean;
    /** True once its end was reported. */
    readonly isReported: boolean;
    /** What it runs in place of a workflow. */
    readonly suite?: ScheduledSuite;
  };

/** The limits of a run count from what was seen of it, which the platform does not repeat. */
export interface ObservedRun {
  /** When its first step was seen, milliseconds since the epoch; `null` before. */
  readonly workingSinceMs: number | null;
  /** How long it was seen waiting for that, milliseconds; `null` if it was not. */
  readonly queueMs: number | null;
  /** The limit that it is cancelled for; `null` without one. */
  readonly exceeded: { readonly limit: "run" | "queue"; readonly message: string } | null;
}

/** The verdict on an attempt, without what it was found by. */
export interface KeptJudgement {
  /** What was judged before the run had ended: a session that was ready, or a run that is cancelled with its suite. */
  readonly of?: "session" | "cancelled";
  /** Present once its run was deleted, as its case wants. */
  readonly isRunDeleted?: true;
  /** As in reports. */
  readonly verdict: string;
  /** True if it counts as a failure. */
  readonly isFailure: boolean;
  /** `null` if it passed. */
  readonly reason: string | null;
  /** Why it failed; `null` if it did not. */
  readonly cause: "infra" | "run" | null;
}

/** A suite that an occurrence of a schedule runs. */
export interface ScheduledSuite {
  /** Of its file. */
  readonly path: string;
  /** `null` while it continues. */
  readonly end: SuiteEnd | null;
}

/** How a suite ended. */
export interface SuiteEnd {
  /** As `test` ends: `passed`, `failed`, `not_judged` or `submit_unknown`. */
  readonly kind: string;
  /** Of `test`. */
  readonly exitCode: number;
  /** How many cases have each verdict; only those that occur. */
  readonly counts: Readonly<Record<string, number>>;
  /** The cases that did not pass as they should, the worst first. */
  readonly failures: readonly SuiteFailure[];
}

/** A case that did not pass as it should. */
export interface SuiteFailure {
  /** With the values of its matrix. */
  readonly name: string;
  /** As in reports. */
  readonly verdict: string;
  /** One line; `null` without one. */
  readonly reason: string | null;
  /** Of its last run; `null` without one. */
  readonly slug: string | null;
}

/** The fields that a submission has in every state. */
export interface SubmissionBase<State extends string = string> {
  /** Discriminant of {@link Submission}. */
  readonly state: State;
  /** Generated here, never sent. A tracked run that was not submitted from here has one too. */
  readonly submissionId: string;
  /** Increases with each write: the store rejects a write that is based on an older revision. */
  readonly revision: number;
  /** The host and user that it was created for. */
  readonly owner: Owner;
  /** What created it: decides which process advances it. */
  readonly origin: Origin;
  /** What is submitted. */
  readonly request: StoredRequest;
  /** `null` for a submission without a key. */
  readonly idempotencyKey: IdempotencyKey | null;
  /** The slug that we chose; `null` if the server rejects our slugs or is a legacy one. */
  readonly ownSlug: string | null;
  /** Suffix of the display name: it identifies the run on a server that does not keep our slug. */
  readonly correlationTag: string;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** Milliseconds since the epoch, of the last write. */
  readonly updatedAtMs: number;
  /** Milliseconds since the epoch, when the next request for it is due. */
  readonly nextPollAtMs: number;
}

/** Stored; nothing was sent, or certainly nothing arrived. */
export interface PendingSubmission extends SubmissionBase<"pending"> {
  /** Number of submits so far. */
  readonly attempts: number;
  /** Milliseconds since the epoch, of the first submit that failed; `null` before the first. */
  readonly retryingSinceMs: number | null;
  /** Number of submits that got no response: while this is above 0, a run may exist. */
  readonly lostResponses: number;
}

/** Sent; whether a run was started is not known yet. */
export interface UnconfirmedSubmission extends Omit<PendingSubmission, "state">, SubmissionBase<"unconfirmed"> {
  /** Milliseconds since the epoch, of the last submit. */
  readonly sentAtMs: number;
  /** `null` while waiting for the response, also after the process died in that wait. */
  readonly reconciliation: Reconciliation | null;
}

/** The search for the run of an unconfirmed submission. */
export interface Reconciliation {
  /**
   * Why the response does not settle it. `foreign`: another run has our slug. `slug-rejected`: the server rejected the
   * slug derived from the idempotency key.
   */
  readonly cause: "response-lost" | "conflict" | "foreign" | "slug-rejected";
  /** The message of the server or of the network error. */
  readonly detail: string;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Number of searches that found nothing. */
  readonly searches: number;
  /** Milliseconds since the epoch: none has succeeded since. `null` if the last one did. */
  readonly failingSinceMs?: number | null;
  /** Milliseconds to search before the outcome is reported as unknown. */
  readonly searchForMs: number;
  /** True once the search was abandoned: a later `resume` may search again. */
  readonly isAbandoned: boolean;
}

/** The platform has shown us the run. */
export interface ActiveSubmission extends SubmissionBase<"active"> {
  /** Identifies the run in requests. */
  readonly runId: RunId;
  /** As of the last poll. */
  readonly run: Run;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Milliseconds since the epoch. */
  readonly lastPolledAtMs: number;
  /** Milliseconds since the epoch: when the list first showed the run, where others may have its idempotency key. */
  readonly listedAtMs?: number;
  /** Milliseconds since the epoch, of the first poll that failed; `null` while polls succeed. */
  readonly unreachableSinceMs: number | null;
  /** Milliseconds since the epoch, of the first 404; `null` while the server finds the run. */
  readonly missingSinceMs: number | null;
  /** Number of consecutive polls that got a 404. */
  readonly missingPolls: number;
  /** Milliseconds since the epoch; `null` unless the run has failed and is not final. */
  readonly failingSinceMs: number | null;
  /** True if the user does not wait for the run; it continues. */
  readonly isDetached: boolean;
}

/** The run has ended, or was cancelled before it was submitted. */
export interface FinishedSubmission extends SubmissionBase<"finished"> {
  /** Identifies the run in requests; no run has it if none was submitted. */
  readonly runId: RunId;
  /** The run at its end. */
  readonly result: RunResult;
}

/** No run was started. */
export interface RejectedSubmission extends SubmissionBase<"rejected"> {
  /** The `kind` of the error. */
  readonly kind: string;
  /** The message of the error. */
  readonly message: string;
}

/** A request to start one run, and what has become of it. */
export type Submission = OpenSubmission | FinishedSubmission | RejectedSubmission;

/** Something may still happen to it. */
export type OpenSubmission = PendingSubmission | UnconfirmedSubmission | ActiveSubmission;

export function isOpen(submission: Submission): submission is OpenSubmission {
  return submission.state !== "finished" && submission.state !== "rejected";
}

/** Nothing of it has reached the server. */
export function isUnsent(submission: Submission): submission is PendingSubmission {
  return submission.state === "pending" && submission.lostResponses === 0;
}

/** Reconciled in vain for long enough: only a person's request tries again. */
export function isAbandoned(submission: Submission): boolean {
  return submission.state === "unconfirmed" && submission.reconciliation?.isAbandoned === true;
}

/** True if it was submitted because the attempt before it failed. */
export function isRetry({ origin }: Submission): boolean {
  return "isRetry" in origin && origin.isRetry;
}

/** The slug of its run, or the one we chose for it. */
export function slugOf(submission: Submission): string | null {
  return "runId" in submission && submission.runId.type === "number" ? null : runNameOf(submission);
}

/** What names its run in commands: its slug, or `workflow#47` on legacy servers; before it is known, the slug we chose. */
export function runNameOf(submission: Submission): string | null {
  return "runId" in submission ? formatRunId(submission.runId) : submission.ownSlug;
}

/** Of its run, or `rejected`; `undefined` as long as no run is known. */
export function runStatusOf(submission: Submission): RunResult["status"] | "rejected" | undefined {
  if (submission.state === "active") return submission.run.status;
  if (submission.state === "finished") return submission.result.status;
  return submission.state === "rejected" ? "rejected" : undefined;
}

/** The suite that it represents; `undefined` if it represents a run. */
export function suiteOf({ origin }: Pick<Submission, "origin">): ScheduledSuite | undefined {
  return origin.type === "schedule" ? origin.suite : undefined;
}

export const NOTHING_OBSERVED: ObservedRun = { workingSinceMs: null, queueMs: null, exceeded: null };

/** What was seen of its run, by this process or an earlier one. */
export function observedIn({ origin }: Submission): ObservedRun {
  return "observed" in origin && origin.observed !== undefined ? origin.observed : NOTHING_OBSERVED;
}
