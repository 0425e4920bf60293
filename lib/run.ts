import type { JsonObject } from "./json.ts";

/** Identifies a run: by its slug on current servers, by workflow and number on legacy ones. */
export type RunId =
  | { readonly type: "slug"; readonly slug: string }
  | { readonly type: "number"; readonly workflow: string; readonly number: number };

/** What identifies a run, as far as it is known. */
export interface RunIdentity {
  /** `null` on legacy servers. */
  readonly slug: string | null;
  /** The workflow's name when the run started. */
  readonly workflowName: string | null;
  /** Counts within the workflow. */
  readonly runNumber: number | null;
}

/** @param fallbackWorkflow For a run that does not name its own. */
export function runIdOf(run: RunIdentity | Run, fallbackWorkflow = ""): RunId {
  if (run.slug !== null) return { type: "slug", slug: run.slug };
  const number = "runNumber" in run ? run.runNumber : run.number;
  return { type: "number", workflow: run.workflowName ?? fallbackWorkflow, number: number ?? 0 };
}

/**
 * The slug, or `workflow#47` on legacy servers.
 *
 * @throws TypeError for another value: nothing checks the types of a program in JavaScript, which may pass a slug.
 */
export function formatRunId(runId: RunId): string {
  if (runId?.type === "slug" && typeof runId.slug === "string") return runId.slug;
  const isNumbered = runId?.type === "number" && typeof runId.workflow === "string" && Number.isFinite(runId.number);
  if (isNumbered) return `${runId.workflow}#${runId.number}`;
  const forms = '{ type: "slug", slug } or { type: "number", workflow, number }';
  throw new TypeError(`A run must be ${forms}: got ${JSON.stringify(runId)}`);
}

/** The status in our terms; `platformStatus` holds the platform's own. */
export type RunStatus = "running" | "completed" | "failed" | "cancelled";

/** A run as the list of runs shows it. */
export interface Run {
  /** 24 hex digits. */
  readonly id: string;
  /** `null` on legacy servers, which identify runs by number only. */
  readonly slug: string | null;
  /** Counts within the workflow. */
  readonly number: number | null;
  /** The user who started it; empty when the server omits it. */
  readonly user: string;
  /** The workflow's name when the run started. */
  readonly workflowName: string | null;
  /** `null` on current servers. */
  readonly workflowId: string | null;
  /** `null` if none was submitted. */
  readonly displayName: string | null;
  /** Derived from `platformStatus`. */
  readonly status: RunStatus;
  /** True once the status can no longer change. A failed run that is not final is still winding down. */
  readonly isFinal: boolean;
  /** As the server sent it. */
  readonly platformStatus: string;
  /** False if `platformStatus` is a term that this version does not recognize. */
  readonly isStatusKnown: boolean;
  /** The server's explanation of the status. */
  readonly statusReason: string | null;
  /** RFC 3339, as the server sent it. */
  readonly createdAt: string | null;
  /** RFC 3339; `null` while the run continues. */
  readonly completedAt: string | null;
}

/** A run with the details that only a request for that run returns. */
export interface RunDetail extends Run {
  /** In the server's order. */
  readonly jobs: readonly Job[];
  /** As the platform resolved them; `null` when the server omits them. */
  readonly inputs: JsonObject | null;
  /** Pages and endpoints that the run publishes. */
  readonly links: readonly RunLink[];
  /** What the platform's web page opens once the run has started. */
  readonly redirect: RunRedirect | null;
}

/** A job of a run. */
export interface Job {
  /** Its name in the workflow file. */
  readonly name: string;
  /** The platform's term: running, completed, error, canceled, skipped, skipped-failed, or an unknown one. */
  readonly status: string;
  /** In the server's order. */
  readonly steps: readonly Step[];
  /** What the job wrote to `$OUTPUTS`. */
  readonly outputs: JsonObject;
}

/** A step of a job. */
export interface Step {
  /** Its name in the workflow file, else its id, else what it uses, else `step N`. */
  readonly name: string;
  /** The platform's term, like a job's. */
  readonly status: string;
  /** Position within the job, from 0. */
  readonly index: number;
  /** The action or workflow that it calls, like `parallelworks/cancel-jobs`; `null` if it runs a script. */
  readonly uses: string | null;
  /** The file of the run that holds its log. */
  readonly logPath: string;
  /** Messages that the platform attached to it. */
  readonly annotations: readonly LogAnnotation[];
  /** The jobs of the workflow that it calls; empty if it calls none, or if the server omits them. */
  readonly jobs: readonly Job[];
}

/** A message that a step marked in its log as an error, a warning or a notice. */
export interface LogAnnotation {
  /** The platform's own term. */
  readonly type: "error" | "warning" | "notice";
  /** `null` if it has none. */
  readonly title: string | null;
  /** The annotation without its type and title. */
  readonly message: string;
}

/** The current step of a run, like step 2 of 3. */
export interface StepPosition {
  /** The names of the jobs around it: one, or several inside a subworkflow, outermost first. */
  readonly path: readonly string[];
  /** The name of the innermost job. */
  readonly job: string;
  /** Step name. */
  readonly step: string;
  /** From 1, across all jobs. */
  readonly ordinal: number;
  /** Steps in all jobs; one that calls a workflow counts as the steps of that workflow. */
  readonly total: number;
}

/** A page or endpoint that a run publishes. */
export interface RunLink {
  /** Its key in the run's links. */
  readonly name: string;
  /** `null` for a link to an endpoint. */
  readonly url: string | null;
  /** The name of an endpoint; `null` for a link to a URL. */
  readonly endpoint: string | null;
}

/** What the platform's web page of a run opens. */
export interface RunRedirect {
  /** Which list `name` refers to. */
  readonly kind: "session" | "link";
  /** Name of the session or the link. */
  readonly name: string;
}

/** Also if it has been cancelled. */
export function isBeingCancelled({ status, platformStatus }: Run): boolean {
  return status === "cancelled" || /^cancell?ing$/i.test(platformStatus);
}

/** One page of the list of runs. */
export interface RunPage {
  /** In the server's order. */
  readonly runs: readonly Run[];
  /** Matching runs on all pages. */
  readonly total: number;
}

/** A run as `status` reports it. A field that the server omits is `null`; the details are absent if they were not requested. */
export interface RunView<Status extends string = RunStatus>
  extends RunIdentity, Pick<Run, "workflowId" | "completedAt">, Partial<Pick<RunDetail, "jobs" | "links">> {
  /** Derived from `platformStatus`. */
  readonly status: Status;
  /** As the server sent it. */
  readonly platformStatus: string | null;
  /** RFC 3339. */
  readonly startedAt: string | null;
  /** Measured with the server's clock. */
  readonly durationSeconds: number | null;
  /** The server's or our explanation of the status. */
  readonly errorMessage: string | null;
  /** Job name → outputs. */
  readonly outputs?: JsonObject;
}
