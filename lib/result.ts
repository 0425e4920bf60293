import type { RunStatus, RunView } from "./run.ts";
import type { SessionAddress } from "./session.ts";

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
