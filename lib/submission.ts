import type { Owner } from "./account.ts";
import type { JsonObject } from "./json.ts";
import type { RunResult } from "./result.ts";
import type { Run, RunId } from "./run.ts";
import type { Consent } from "./workflow.ts";

/** A wish that has been decided to the end: nothing about it is looked up again. */
export interface RunRequest {
  /** Its name in the account. */
  readonly workflow: string;
  /** Its id in the account. */
  readonly workflowId: string | null;
  /** Frozen. */
  readonly inputs: JsonObject;
  /** Where `inputs` hold secrets: those are never stored. */
  readonly secretPaths: readonly string[];
  /** What the run is to be called on the platform. */
  readonly displayName: string | null;
  /** What the workflow asks the user's consent for; `null` when nothing. */
  readonly requestedConsent: Consent | null;
  /** True when the user grants it. */
  readonly isTrusted: boolean;
  /** True when the workflow declares sessions: then the run is followed until they are ready. */
  readonly startsSession: boolean;
}

/** A request as a keeper holds it: secrets are not stored. */
export interface StoredRequest extends Omit<RunRequest, "inputs"> {
  /** `null` once it was stored, where there are secrets among them. */
  readonly inputs: JsonObject | null;
  /** The inputs without their secrets; `null` where there are none. */
  readonly inputsWithoutSecrets: JsonObject | null;
  /** SHA-256 of the canonical inputs, hex. */
  readonly inputsHash: string;
}

/** A name that the user gave a wish, so that the same wish from elsewhere is known for the same. */
export interface IdempotencyKey {
  /** As the user gave it. */
  readonly text: string;
  /** From 1; above that when earlier ones failed and a new one was allowed. */
  readonly attempt: number;
}

/** What created a submission. */
export type Origin =
  | { readonly type: "command-line" }
  | { readonly type: "http" }
  | {
    readonly type: "schedule";
    readonly schedule: string;
    /** The occurrence's own instant, milliseconds since the epoch. */
    readonly scheduledAtMs: number;
    /** True once its deadline was reported. */
    readonly isDeadlineReported: boolean;
    /** True once its end was reported. */
    readonly isReported: boolean;
  };

/** What every record has. */
export interface SubmissionBase {
  /** Ours, never sent. A followed run that this tool did not submit has one too. */
  readonly submissionId: string;
  /** Counts the writes: a keeper refuses to overwrite what somebody else moved on. */
  readonly revision: number;
  /** Whose it is. */
  readonly owner: Owner;
  readonly origin: Origin;
  /** What was asked for. */
  readonly request: StoredRequest;
  /** `null` for a wish without a name of its own. */
  readonly idempotencyKey: IdempotencyKey | null;
  /** The slug that we chose; `null` when the server would not have it, or speaks the older routes. */
  readonly ownSlug: string | null;
  /** Ends the display name, so that a run can be found where slugs are not honoured. */
  readonly correlationTag: string;
  /** When it was wished, milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** When it was last written, milliseconds since the epoch. */
  readonly updatedAtMs: number;
  /** When the next thing is to be done. */
  readonly nextPollAtMs: number;
}

/** Nothing sent, or certainly nothing arrived. */
export interface PendingSubmission extends SubmissionBase {
  /** Where it stands. */
  readonly state: "pending";
  /** How often a submit was tried. */
  readonly attempts: number;
  /** Since when a submit has been tried without success; `null` before the first. */
  readonly retryingSinceMs: number | null;
  /** How many of the submits ended without an answer: while this is above 0, a run may exist. */
  readonly lostResponses: number;
}

/** Sent; whether a run came of it is not known yet. */
export interface UnconfirmedSubmission extends SubmissionBase {
  /** Where it stands. */
  readonly state: "unconfirmed";
  /** How often a submit was tried. */
  readonly attempts: number;
  /** Since when a submit has been tried without success. */
  readonly retryingSinceMs: number | null;
  /** How many submits ended without an answer. */
  readonly lostResponses: number;
  /** When it left, milliseconds since the epoch. */
  readonly sentAtMs: number;
  /** `null` while the answer is awaited (a process that died leaves it so). */
  readonly reconciliation: Reconciliation | null;
}

/** Why we look for the run instead of knowing it. */
export interface Reconciliation {
  /** `foreign`: a run bears our slug, but it is not ours. `slug-refused`: the slug that a key makes was refused. */
  readonly cause: "response-lost" | "conflict" | "foreign" | "slug-rejected";
  /** What the server or the network said. */
  readonly detail: string;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
  /** How many looks have found nothing. */
  readonly searches: number;
  /** How long to look before it is called unknown. */
  readonly searchForMs: number;
  /** True once looking has been given up: a later `resume` may look again. */
  readonly isAbandoned: boolean;
}

/** The platform has shown us the run. */
export interface ActiveSubmission extends SubmissionBase {
  /** Where it stands. */
  readonly state: "active";
  /** How the run is asked for. */
  readonly runId: RunId;
  /** As it was last seen. */
  readonly run: Run;
  /** When it began, milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** When it was last seen, milliseconds since the epoch. */
  readonly lastPolledAtMs: number;
  /** Since when looks have failed; `null` while we have contact. */
  readonly unreachableSinceMs: number | null;
  /** Since when the server has answered 404; `null` while it knows the run. */
  readonly missingSinceMs: number | null;
  /** How many looks in a row answered 404. */
  readonly missingPolls: number;
  /** Since when the run is `failing`; `null` while it is not. */
  readonly failingSinceMs: number | null;
  /** True when whoever submitted it did not want to wait for its end. */
  readonly isDetached: boolean;
}

/** The platform has shown us its end. */
export interface FinishedSubmission extends SubmissionBase {
  /** Where it stands. */
  readonly state: "finished";
  /** How the run is asked for. */
  readonly runId: RunId;
  /** How it ended. */
  readonly result: RunResult;
}

/** It certainly never became a run. */
export interface RejectedSubmission extends SubmissionBase {
  /** Where it stands. */
  readonly state: "rejected";
  /** The error's kind and words. */
  readonly kind: string;
  /** In words. */
  readonly message: string;
}

/** A run is a record that moves forward. */
export type Submission =
  | PendingSubmission
  | UnconfirmedSubmission
  | ActiveSubmission
  | FinishedSubmission
  | RejectedSubmission;
