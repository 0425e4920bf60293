import type { Job, RunStatus, RunView, Step } from "./run.ts";
import type { SessionAddress } from "./session.ts";

/** Whether this call started a run. */
export type Submitted = "yes" | "no" | "unknown";

/** Why an execution ended. */
export type ResultKind =
  | "completed"
  | "failed"
  | "cancelled"
  /** The caller's timeout passed; the run continues. */
  | "timeout"
  /** It is not known whether the submit started a run. */
  | "submit_unknown"
  /** The server stopped responding for too long; the run continues. */
  | "connection_lost"
  /** The server no longer accepts the API key; the run continues. */
  | "credential_expired"
  /** The run existed and no longer does. */
  | "run_deleted"
  /** Submitted, without waiting for the end. */
  | "submitted"
  /** The session that the run started is ready; the run continues. */
  | "session_ready";

/** How an execution ended. */
export interface RunResult extends RunView<RunStatus | "timeout" | "unknown"> {
  /** More specific than the status. */
  readonly kind: ResultKind;
  /** Whether this call started the run. */
  readonly submitted: Submitted;
  /** Absent unless the run failed and a job or step reports it. */
  readonly failure?: RunFailure | undefined;
  /** The session that the run started, once it is ready. */
  readonly session?: SessionAddress;
  /** What happened and what to do next, for the kinds that need an explanation. */
  readonly message?: string;
}

/** Why a run failed, collected from its jobs and log files. */
export interface RunFailure {
  /** One line. */
  readonly summary: string;
  /** Only the jobs that failed, of subworkflows too; without jobs that only failed because of these. */
  readonly failedJobs: readonly FailedJob[];
}

/** A job that failed. */
export interface FailedJob extends Pick<Job, "name" | "status"> {
  /** The names of the jobs around it, outermost first, and its own: one, unless it is inside a subworkflow. */
  readonly path: readonly string[];
  /** Only the steps that failed. */
  readonly failedSteps: readonly FailedStep[];
}

/** A step that failed. Its annotations are from the platform and from its log. */
export interface FailedStep extends Pick<Step, "name" | "status" | "annotations"> {
  /** The last lines of the step's log. */
  readonly logTail: readonly string[];
  /** Why there is no log; `null` if there is one, or if it was not requested. */
  readonly note: string | null;
}

const MAX_LINE_LENGTH = 300;

/** The first line of what went wrong, shortened; `null` for a run that completed. */
export function firstErrorOf({ status, failure, errorMessage, message }: RunResult): string | null {
  if (status === "completed") return null;
  const annotations = failure?.failedJobs.flatMap(({ failedSteps }) =>
    failedSteps.flatMap(({ annotations }) => annotations)
  );
  const error = annotations?.find(({ type }) => type === "error");
  const text = error?.message ?? failure?.summary ?? errorMessage ?? message;
  return text === undefined ? null : firstLine(text);
}

export function firstLine(text: string): string {
  const [line = ""] = text.trimStart().split(/[\r\n]/, 1);
  return line.length > MAX_LINE_LENGTH ? `${line.slice(0, MAX_LINE_LENGTH - 1)}…` : line;
}
