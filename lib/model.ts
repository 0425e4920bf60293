/** The words that all of the house uses. Instants are milliseconds since the epoch, durations say their unit. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
/** A JSON object. */
export type JsonObject = { [key: string]: Json };

// ── The account ──────────────────────────────────────────────────────────────────────────────────────────────────

/** A workflow as the account holds it. */
export interface Workflow {
  /** 24 hex digits. */
  readonly id: string;
  /** What it is called by. */
  readonly name: string;
  /** What people read. */
  readonly displayName: string | null;
  /** What it does, in its author's words. */
  readonly description: string | null;
  /** `local` or `remote`. */
  readonly type: string;
  /** What it is filed under. */
  readonly tags: readonly string[];
  /** Whether the user marked it. */
  readonly isFavorite: boolean;
  /** Whose it is. */
  readonly owner: string | null;
  /** The parsed workflow file, `null` when the server left it out. */
  readonly yaml: JsonObject | null;
  /** Saved inputs, built-in ones included. */
  readonly presets: readonly Preset[];
}

/** Inputs saved under a name, with the workflow. */
export interface Preset {
  /** What it is called by. */
  readonly name: string;
  /** True for one that the workflow file itself brings. */
  readonly isBuiltin: boolean;
  /** As they are saved. */
  readonly inputs: JsonObject;
}

/** Who the credential belongs to. */
export interface Identity {
  /** Who it is. */
  readonly user: string;
  /** As people read it. */
  readonly fullName: string | null;
  /** Where to write to. */
  readonly email: string | null;
  /** Which organization it belongs to. */
  readonly organization: string | null;
}

/** A cluster that the account may use. */
export interface Cluster {
  /** 24 hex digits. */
  readonly id: string;
  /** What it is called by. */
  readonly name: string;
  /** What people read. */
  readonly displayName: string | null;
  /** The owner; `null` when the server left it out. */
  readonly user: string | null;
  /** The platform's word for its kind. */
  readonly type: string | null;
  /** One of the platform's words; only `active` is usable. */
  readonly status: string;
  /** Empty where there is none. */
  readonly ipAddress: string;
  /** Which scheduler it has. */
  readonly schedulerType: string | null;
  /** Which cloud it is in. */
  readonly csp: string | null;
}

/** An interactive session, often started by a run. */
export interface Session {
  /** What it is called by. */
  readonly name: string;
  /** The platform's word for its kind. */
  readonly type: string;
  /** The platform's word. */
  readonly status: string | null;
  /** Whether it can be used. */
  readonly isHealthy: boolean | null;
  /** Relative to the host. */
  readonly externalHref: string | null;
  /** Where it is. */
  readonly url: string | null;
  /** What is wrong with it. */
  readonly errorMessage: string | null;
  /** The slug of the run that started it. */
  readonly runSlug: string | null;
  /** The number of the run that started it. */
  readonly runNumber: number | null;
  /** On the user's machine. */
  readonly localPort: number | null;
  /** Where the tunnel leads. */
  readonly remoteHost: string | null;
  /** Where the tunnel leads. */
  readonly remotePort: number | null;
}

// ── A run, as the platform shows it ──────────────────────────────────────────────────────────────────────────────

/** What a run is called: by its slug on current servers, by workflow and number on older ones. */
export type RunId =
  | { readonly type: "slug"; readonly slug: string }
  | { readonly type: "number"; readonly workflow: string; readonly number: number };

/** Our words for how a run is. */
export type RunStatus = "running" | "completed" | "failed" | "cancelled";

/** A run of the list. */
export interface Run {
  /** 24 hex digits. */
  readonly id: string;
  /** `null` on older servers, which know runs by number alone. */
  readonly slug: string | null;
  /** Counted within its workflow. */
  readonly number: number | null;
  /** Who started it. */
  readonly user: string;
  /** The name that the workflow had when the run began. */
  readonly workflowName: string | null;
  /** Told by older servers alone. */
  readonly workflowId: string | null;
  /** What it is called on the platform. */
  readonly displayName: string | null;
  /** Our word for how it is. */
  readonly status: RunStatus;
  /** True once the status can no longer change. A failed run that is not final is still winding down. */
  readonly isFinal: boolean;
  /** The platform's own word. */
  readonly platformStatus: string;
  /** False for a word that this tool does not know. */
  readonly isStatusKnown: boolean;
  /** Why it is so, in the platform's words. */
  readonly statusReason: string | null;
  /** RFC 3339, as the server wrote it. */
  readonly createdAt: string | null;
  /** RFC 3339; `null` while it goes on. */
  readonly completedAt: string | null;
}

/** A run with what only its own page tells. */
export interface RunDetail extends Run {
  /** In their order. */
  readonly jobs: readonly Job[];
  /** As the platform resolved them. */
  readonly inputs: JsonObject | null;
  /** What it offers to open. */
  readonly links: readonly Link[];
  /** What the platform's own page would open once the run has started. */
  readonly redirect: Redirect | null;
}

/** A part of a run. */
export interface Job {
  /** Its name in the workflow file. */
  readonly name: string;
  /** The platform's word: running, completed, error, canceled, skipped, skipped-failed, or one never seen. */
  readonly status: string;
  /** In their order. */
  readonly steps: readonly Step[];
  /** What the job wrote to `$OUTPUTS`. */
  readonly outputs: JsonObject;
}

/** A part of a job. */
export interface Step {
  /** Its name in the workflow file. */
  readonly name: string;
  /** The platform's word. */
  readonly status: string;
  /** Position within the job, from 0: its log is `logs/<job>/step_<index>/logs.out`. */
  readonly index: number;
}

/** Something that a run offers to open. */
export interface Link {
  /** What it is called by. */
  readonly name: string;
  /** Where it is. */
  readonly url: string | null;
  /** The name of the endpoint behind it. */
  readonly endpoint: string | null;
}

/** What the platform's page of a run would open. */
export interface Redirect {
  /** What it is about, for programs. */
  readonly kind: "session" | "link";
  /** What it is called by. */
  readonly name: string;
}

/** One page of runs. */
export interface RunPage {
  /** In the order of the server. */
  readonly runs: readonly Run[];
  /** How many there are. */
  readonly total: number;
}

// ── What we show ─────────────────────────────────────────────────────────────────────────────────────────────────

/** A run as `status` shows it. A field that the server did not tell is `null`. */
export interface RunView<Status extends string = RunStatus> {
  /** The name that the workflow had when the run began. */
  readonly workflowName: string | null;
  /** Told by older servers alone. */
  readonly workflowId: string | null;
  /** Counted within the workflow. */
  readonly runNumber: number | null;
  /** The run's own name; `null` on older servers. */
  readonly slug: string | null;
  /** Our word. */
  readonly status: Status;
  /** The platform's word. */
  readonly platformStatus: string | null;
  /** RFC 3339. */
  readonly startedAt: string | null;
  /** RFC 3339; `null` while it goes on. */
  readonly completedAt: string | null;
  /** By the server's own clock. */
  readonly durationSeconds: number | null;
  /** Why it is so, where somebody says. */
  readonly errorMessage: string | null;
  /** With their steps, when the run's own page was read. */
  readonly jobs?: readonly Job[];
  /** Job name → what it published. */
  readonly outputs?: JsonObject;
  /** What the run offers to open. */
  readonly links?: readonly Link[];
}

/** Whether this call started a run. */
export type Submitted = "yes" | "no" | "unknown";

/** What an execution ended with; `cli` alone turns it into an exit code. */
export type ResultKind =
  | "completed"
  | "failed"
  | "cancelled"
  /** Our own deadline passed; the run goes on. */
  | "timeout"
  /** It is not known whether the submit started a run. */
  | "submit_unknown"
  /** The run goes on, but nobody answered for too long. */
  | "connection_lost"
  /** The run goes on, but the key no longer opens the door. */
  | "credential_expired"
  /** Once seen, now gone: somebody deleted it. */
  | "run_deleted"
  /** Submitted, and not waited for. */
  | "submitted"
  /** The run started a session, which is ready; it stays running. */
  | "session_ready";

/** How an execution ended. */
export interface RunResult extends RunView<RunStatus | "timeout" | "unknown"> {
  /** For programs; tells more than the status. */
  readonly kind: ResultKind;
  /** Whether this call started the run. */
  readonly submitted: Submitted;
  /** Why a run failed. */
  readonly failure?: Failure;
  /** The session that the run started, once it is ready. */
  readonly session?: SessionAddress;
  /** What is so and what to do next, for the kinds that need words. */
  readonly message?: string;
}

/** Where a session is. */
export interface SessionAddress {
  /** What it is called by. */
  readonly name: string;
  /** Absolute. */
  readonly url: string;
}

/** Why a run failed, gathered from its jobs and log files. */
export interface Failure {
  /** In one line. */
  readonly summary: string;
  /** Those that failed, with their steps. */
  readonly failedJobs: readonly FailedJob[];
}

/** A job that failed. */
export interface FailedJob {
  /** What it is called by. */
  readonly name: string;
  /** The platform's word. */
  readonly status: string;
  /** Those that failed. */
  readonly failedSteps: readonly FailedStep[];
}

/** A step that failed. */
export interface FailedStep {
  /** What it is called by. */
  readonly name: string;
  /** The platform's word. */
  readonly status: string;
  /** What the step said about itself. */
  readonly annotations: readonly Annotation[];
  /** The last lines of its log. */
  readonly logTail: readonly string[];
}

/** What a step said about itself in its log. */
export interface Annotation {
  /** The platform's word for its kind. */
  readonly type: "error" | "warning" | "notice";
  /** Its heading; `null` when it has none. */
  readonly title: string | null;
  /** In words. */
  readonly message: string;
}

// ── What is asked for ────────────────────────────────────────────────────────────────────────────────────────────

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

/** What a workflow wants to do in the user's name. */
export interface Consent {
  /** By name. */
  readonly permissions: readonly string[];
  /** By name. */
  readonly variables: readonly string[];
}

/** One thing wrong with what the user gave. */
export interface Problem {
  /** Where it came from, like `inputs/base.json:12` or `-i #2`; empty when it came from nowhere. */
  readonly origin: string;
  /** Like `cases[2].inputs.count`. */
  readonly path: string;
  /** What is wrong, in words. */
  readonly message: string;
}

// ── What was promised and what became of it ──────────────────────────────────────────────────────────────────────

/** Whose records these are. */
export interface Owner {
  /** The platform's host name, with its port where it is not the usual one. */
  readonly host: string;
  /** Who it is. */
  readonly user: string;
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

/** What every record has. */
export interface SubmissionBase {
  /** Ours, never sent. A followed run that this tool did not submit has one too. */
  readonly submissionId: string;
  /** Counts the writes: a keeper refuses to overwrite what somebody else moved on. */
  readonly revision: number;
  /** Whose it is. */
  readonly owner: Owner;
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

/** What a host is known to do. An absent field is not known. */
export interface ServerCapabilities {
  /** Which family of routes it speaks. */
  readonly apiVersion?: ApiVersion;
  /** When that was asked, milliseconds since the epoch. */
  readonly apiVersionCheckedAtMs?: number;
  /** A run submitted with our slug bears it. */
  readonly keepsSlug?: boolean;
  /** A second submit with the same slug is refused. */
  readonly refusesDuplicateSlug?: boolean;
}

/** `flat`: `/api/workflow-runs`. `nested`: the older `/api/workflows/{workflow}/runs`. */
export type ApiVersion = "current" | "legacy";

// ── What happens on the way ──────────────────────────────────────────────────────────────────────────────────────

/** Where a run stands: step 2 of 3 of a job. */
export interface StepPosition {
  /** By name. */
  readonly job: string;
  /** By name. */
  readonly step: string;
  /** From 1, over all jobs. */
  readonly ordinal: number;
  /** How many there are. */
  readonly total: number;
}

/** Why a submit has to wait. */
export type SubmitDelay = "unreachable" | "rate-limited" | "conflict" | "reconciling" | "workspace";

/** What every event has. */
export interface EventBase {
  /** The record's own id, never sent. */
  readonly submissionId: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** Something that happened to a run, or to the wish for one. */
export type RunEvent =
  | EventBase & {
    readonly type: "submitting";
    readonly workflow: string;
    /** What the run will bear if the server honours it; `null` on older servers. */
    readonly slug: string | null;
  }
  | EventBase & {
    readonly type: "key-matched";
    /** The user's name for the wish, which a run bears already. */
    readonly idempotencyKey: string;
    /** `null` while it is not clear what became of that wish. */
    readonly slug: string | null;
  }
  | EventBase & {
    readonly type: "submit-delayed";
    readonly reason: SubmitDelay;
    readonly detail: string;
    readonly untilMs: number;
  }
  | EventBase & {
    readonly type: "started";
    readonly workflow: string | null;
    readonly slug: string | null;
    readonly number: number | null;
    /** True when this call did not start it but found it going. */
    readonly isAttached: boolean;
    /** When waiting stops (the run goes on); `null` for never. */
    readonly deadlineAtMs: number | null;
  }
  | EventBase & {
    readonly type: "status";
    readonly status: RunStatus;
    readonly platformStatus: string;
    readonly elapsedMs: number;
    readonly position: StepPosition | null;
  }
  | EventBase & { readonly type: "unknown-status"; readonly platformStatus: string }
  | EventBase & { readonly type: "connection-lost"; readonly reason: string }
  | EventBase & { readonly type: "connection-restored"; readonly outageMs: number }
  | EventBase & { readonly type: "finished"; readonly result: RunResult };
