/** The words that all of the house uses. Instants are milliseconds since the epoch, durations say their unit. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

// ── The account ──────────────────────────────────────────────────────────────────────────────────────────────────

/** A workflow as the account holds it. */
export interface Workflow {
  readonly id: string;
  readonly name: string;
  readonly displayName: string | null;
  readonly description: string | null;
  /** `local` or `remote`. */
  readonly type: string;
  readonly tags: readonly string[];
  readonly isFavorite: boolean;
  readonly owner: string | null;
  /** The parsed workflow file, `null` when the server left it out. */
  readonly yaml: JsonObject | null;
  /** Saved inputs, built-in ones included. */
  readonly presets: readonly Preset[];
}

/** Inputs saved under a name, with the workflow. */
export interface Preset {
  readonly name: string;
  readonly isBuiltin: boolean;
  readonly inputs: JsonObject;
}

/** Who the credential belongs to. */
export interface Identity {
  readonly user: string;
  readonly fullName: string | null;
  readonly email: string | null;
  readonly organization: string | null;
}

export interface Cluster {
  readonly id: string;
  readonly name: string;
  readonly displayName: string | null;
  /** The owner; `null` when the server left it out. */
  readonly user: string | null;
  readonly type: string | null;
  /** One of the platform's words; only `active` is usable. */
  readonly status: string;
  readonly ipAddress: string;
  readonly schedulerType: string | null;
  readonly csp: string | null;
}

/** An interactive session, often started by a run. */
export interface Session {
  readonly name: string;
  readonly type: string;
  readonly status: string | null;
  readonly isHealthy: boolean | null;
  /** Relative to the host. */
  readonly externalHref: string | null;
  readonly url: string | null;
  readonly errorMessage: string | null;
  /** The slug of the run that started it. */
  readonly runSlug: string | null;
  readonly runNumber: number | null;
  readonly localPort: number | null;
  readonly remoteHost: string | null;
  readonly remotePort: number | null;
}

// ── A run, as the platform shows it ──────────────────────────────────────────────────────────────────────────────

/** What a run is called: by its slug on current servers, by workflow and number on older ones. */
export type RunHandle =
  | { readonly type: "slug"; readonly slug: string }
  | { readonly type: "number"; readonly workflow: string; readonly number: number };

export type RunStatus = "running" | "completed" | "failed" | "cancelled";

/**
 * Whether a run is over. `failing` is a run that the platform calls faulted, or that has an end time with a word never
 * seen: failed, but perhaps still winding down.
 */
export type RunPhase = "going" | "failing" | "ended";

/** A run of the list. */
export interface Run {
  readonly id: string;
  /** `null` on older servers, which know runs by number alone. */
  readonly slug: string | null;
  readonly number: number | null;
  readonly user: string;
  /** The name that the workflow had when the run began. */
  readonly workflowName: string | null;
  /** Told by older servers alone. */
  readonly workflowId: string | null;
  readonly displayName: string | null;
  readonly status: RunStatus;
  readonly phase: RunPhase;
  /** The platform's own word. */
  readonly platformStatus: string;
  /** False for a word that this tool does not know. */
  readonly isStatusKnown: boolean;
  readonly statusReason: string | null;
  /** RFC 3339, as the server wrote it. */
  readonly createdAt: string | null;
  readonly completedAt: string | null;
}

/** A run with what only its own page tells. */
export interface RunDetail extends Run {
  readonly jobs: readonly Job[];
  readonly inputs: JsonObject | null;
  readonly links: readonly Link[];
  /** What the platform's own page would open once the run has started. */
  readonly redirect: Redirect | null;
}

export interface Job {
  readonly name: string;
  /** The platform's word: running, completed, error, canceled, skipped, skipped-failed, or one never seen. */
  readonly status: string;
  readonly steps: readonly Step[];
  /** What the job wrote to `$OUTPUTS`. */
  readonly outputs: JsonObject;
}

export interface Step {
  readonly name: string;
  readonly status: string;
  /** Position within the job, from 0: its log is `logs/<job>/step_<index>/logs.out`. */
  readonly index: number;
}

export interface Link {
  readonly name: string;
  readonly url: string | null;
  readonly endpoint: string | null;
}

export interface Redirect {
  readonly kind: "session" | "link";
  readonly name: string;
}

export interface RunPage {
  readonly runs: readonly Run[];
  readonly total: number;
}

// ── What we show ─────────────────────────────────────────────────────────────────────────────────────────────────

/** A run as `status` shows it. A field that the server did not tell is `null`. */
export interface RunView<Status extends string = RunStatus> {
  readonly workflowName: string | null;
  readonly workflowId: string | null;
  readonly runNumber: number | null;
  readonly slug: string | null;
  readonly status: Status;
  readonly platformStatus: string | null;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  readonly durationSeconds: number | null;
  readonly errorMessage: string | null;
  readonly jobs?: readonly Job[];
  /** Job name → what it published. */
  readonly outputs?: JsonObject;
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
  | "lost_contact"
  /** The run goes on, but the key no longer opens the door. */
  | "credential_expired"
  /** Once seen, now gone: somebody deleted it. */
  | "run_deleted"
  /** Submitted, and not waited for. */
  | "not_waited"
  /** The run started a session, which is ready; it stays running. */
  | "session_ready";

export interface RunResult extends RunView<RunStatus | "timeout" | "unknown"> {
  readonly kind: ResultKind;
  readonly submitted: Submitted;
  readonly failure?: Failure;
  readonly session?: SessionAddress;
  /** What is so and what to do next, for the kinds that need words. */
  readonly message?: string;
}

export interface SessionAddress {
  readonly name: string;
  /** Absolute. */
  readonly url: string;
}

/** Why a run failed, gathered from its jobs and log files. */
export interface Failure {
  readonly summary: string;
  readonly failedJobs: readonly FailedJob[];
}

export interface FailedJob {
  readonly name: string;
  readonly status: string;
  readonly failedSteps: readonly FailedStep[];
}

export interface FailedStep {
  readonly name: string;
  readonly status: string;
  readonly annotations: readonly Annotation[];
  /** The last lines of its log. */
  readonly logTail: readonly string[];
}

export interface Annotation {
  readonly type: "error" | "warning" | "notice";
  readonly title: string | null;
  readonly message: string;
}

// ── What is asked for ────────────────────────────────────────────────────────────────────────────────────────────

/** A wish that has been decided to the end: nothing about it is looked up again. */
export interface RunRequest {
  readonly workflow: string;
  readonly workflowId: string | null;
  /** Frozen. */
  readonly inputs: JsonObject;
  /** Where `inputs` hold secrets: those are never stored. */
  readonly secretPaths: readonly string[];
  readonly displayName: string | null;
  /** What the workflow asks the user's consent for; `null` when nothing. */
  readonly asksFor: Consent | null;
  /** True when the user grants it. */
  readonly isTrusted: boolean;
  /** True when the workflow declares sessions: then the run is followed until they are ready. */
  readonly startsSession: boolean;
}

export interface Consent {
  readonly permissions: readonly string[];
  readonly variables: readonly string[];
}

/** One thing wrong with what the user gave. */
export interface Problem {
  /** Where it came from, like `inputs/base.json:12` or `-i #2`; empty when it came from nowhere. */
  readonly origin: string;
  /** Like `cases[2].inputs.count`. */
  readonly path: string;
  readonly message: string;
}

// ── What was promised and what became of it ──────────────────────────────────────────────────────────────────────

export interface Owner {
  /** The platform's host name, with its port where it is not the usual one. */
  readonly host: string;
  readonly user: string;
}

/** A request as a keeper holds it: secrets are not stored. */
export interface KeptRequest extends Omit<RunRequest, "inputs"> {
  /** `null` once it was stored, where there are secrets among them. */
  readonly inputs: JsonObject | null;
  /** The inputs without their secrets; `null` where there are none. */
  readonly openInputs: JsonObject | null;
  /** SHA-256 of the canonical inputs, hex. */
  readonly inputsHash: string;
}

/** A name that the user gave a wish, so that the same wish from elsewhere is known for the same. */
export interface WishKey {
  readonly text: string;
  /** From 1; above that when earlier ones failed and a new one was allowed. */
  readonly attempt: number;
}

interface RecordBase {
  /** Ours, never sent. A followed run that this tool did not submit has one too. */
  readonly wishId: string;
  /** Counts the writes: a keeper refuses to overwrite what somebody else moved on. */
  readonly revision: number;
  readonly owner: Owner;
  readonly request: KeptRequest;
  /** `null` for a wish without a name of its own. */
  readonly key: WishKey | null;
  /** The slug that we chose; `null` when the server would not have it, or speaks the older routes. */
  readonly ownSlug: string | null;
  /** Ends the display name, so that a run can be found where slugs are not honoured. */
  readonly marker: string;
  readonly intendedAtMs: number;
  readonly updatedAtMs: number;
  /** When the next thing is to be done. */
  readonly dueAtMs: number;
}

/** Nothing sent, or certainly nothing arrived. */
export interface IntendedRecord extends RecordBase {
  readonly state: "intended";
  /** How often a submit was tried. */
  readonly attempts: number;
  /** Since when a submit has been tried without success; `null` before the first. */
  readonly strugglingSinceMs: number | null;
  /** How many of the submits ended without an answer: while this is above 0, a run may exist. */
  readonly lostAnswers: number;
}

/** Sent; whether a run came of it is not known yet. */
export interface SubmittedRecord extends RecordBase {
  readonly state: "submitted";
  readonly attempts: number;
  readonly strugglingSinceMs: number | null;
  readonly lostAnswers: number;
  readonly sentAtMs: number;
  /** `null` while the answer is awaited (a process that died leaves it so). */
  readonly doubt: Doubt | null;
}

/** Why we look for the run instead of knowing it. */
export interface Doubt {
  /** `foreign`: a run bears our slug, but it is not ours. `slug-refused`: the slug that a key makes was refused. */
  readonly cause: "answer-lost" | "conflict" | "foreign" | "slug-refused";
  /** What the server or the network said. */
  readonly detail: string;
  readonly sinceMs: number;
  /** How many looks have found nothing. */
  readonly looks: number;
  /** How long to look before it is called unknown. */
  readonly lookForMs: number;
  /** True once looking has been given up: a later `resume` may look again. */
  readonly isGivenUp: boolean;
}

/** The platform has shown us the run. */
export interface SeenRecord extends RecordBase {
  readonly state: "seen";
  readonly handle: RunHandle;
  readonly run: Run;
  readonly startedAtMs: number;
  readonly seenAtMs: number;
  /** Since when looks have failed; `null` while we have contact. */
  readonly lostSinceMs: number | null;
  /** Since when the server has answered 404; `null` while it knows the run. */
  readonly missingSinceMs: number | null;
  /** How many looks in a row answered 404. */
  readonly missingLooks: number;
  /** Since when the run is `failing`; `null` while it is not. */
  readonly failingSinceMs: number | null;
  /** True when whoever submitted it did not want to wait for its end. */
  readonly isLeft: boolean;
}

/** The platform has shown us its end. */
export interface SettledRecord extends RecordBase {
  readonly state: "settled";
  readonly handle: RunHandle;
  readonly result: RunResult;
}

/** It certainly never became a run. */
export interface RefusedRecord extends RecordBase {
  readonly state: "refused";
  /** The error's kind and words. */
  readonly kind: string;
  readonly message: string;
}

/** A run is a record that moves forward. */
export type RunRecord = IntendedRecord | SubmittedRecord | SeenRecord | SettledRecord | RefusedRecord;

/** What a host is known to do. An absent field is not known. */
export interface HostProfile {
  readonly routes?: RouteFamily;
  readonly routesAtMs?: number;
  /** A run submitted with our slug bears it. */
  readonly echoesSlug?: boolean;
  /** A second submit with the same slug is refused. */
  readonly rejectsDuplicateSlug?: boolean;
}

/** `flat`: `/api/workflow-runs`. `nested`: the older `/api/workflows/{workflow}/runs`. */
export type RouteFamily = "flat" | "nested";

// ── What happens on the way ──────────────────────────────────────────────────────────────────────────────────────

/** Where a run stands: step 2 of 3 of a job. */
export interface StepPosition {
  readonly job: string;
  readonly step: string;
  /** From 1, over all jobs. */
  readonly ordinal: number;
  readonly total: number;
}

/** Why a submit has to wait. */
export type SubmitDelay = "not-reached" | "rate-limited" | "conflict" | "looking" | "workspace";

interface EventBase {
  readonly wishId: string;
  readonly atMs: number;
}

export type RunEvent =
  | EventBase & {
    readonly type: "submitting";
    readonly workflow: string;
    /** What the run will bear if the server honours it; `null` on older servers. */
    readonly slug: string | null;
  }
  | EventBase & {
    readonly type: "key-known";
    /** The user's name for the wish, which a run bears already. */
    readonly key: string;
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
    readonly wasAlreadyThere: boolean;
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
  | EventBase & { readonly type: "unknown-word"; readonly word: string }
  | EventBase & { readonly type: "contact-lost"; readonly reason: string }
  | EventBase & { readonly type: "contact-back"; readonly lostForMs: number }
  | EventBase & { readonly type: "settled"; readonly result: RunResult };
