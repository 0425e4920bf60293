/** A run as it is shown; its steps are a tree, because a step that calls a workflow contains the jobs of that workflow. */

import type { JsonObject } from "../json.ts";
import type { RunResult } from "../result.ts";
import type { Job, Run, RunDetail, RunView, Step, StepPosition } from "../run.ts";

/** With jobs, outputs and links when `run` is a detail. */
export function toRunView(run: Run | RunDetail): RunView {
  return {
    workflowName: run.workflowName,
    workflowId: run.workflowId,
    runNumber: run.number,
    slug: run.slug,
    status: run.status,
    platformStatus: run.platformStatus,
    startedAt: run.createdAt,
    completedAt: run.completedAt,
    durationSeconds: durationSeconds(run),
    errorMessage: run.statusReason,
    ...("jobs" in run ? { jobs: run.jobs, outputs: outputsOf(run.jobs), links: run.links } : {}),
  };
}

type ResultFacts =
  & Pick<RunResult, "kind" | "submitted" | "failure" | "session" | "message">
  & Partial<Pick<RunResult, "status">>;

export function toRunResult(run: Run | RunDetail, facts: ResultFacts): RunResult {
  const view = toRunView(run);
  const { kind, submitted, status, failure, session, message } = facts;
  return {
    ...view,
    status: status ?? view.status,
    errorMessage: view.errorMessage ?? failure?.summary ?? unknownEnd(run),
    kind,
    submitted,
    ...(failure === undefined ? {} : { failure }),
    ...(session === undefined ? {} : { session }),
    ...(message === undefined ? {} : { message }),
  };
}

function unknownEnd({ status, isStatusKnown, platformStatus }: Run): string | null {
  if (status !== "failed" || isStatusKnown) return null;
  return `the run ended with the unknown status ${JSON.stringify(platformStatus)}`;
}

/** The result of a submission without a known run: by default, its outcome is unknown. */
export function resultWithoutRun(workflow: string, slug: string | null, message: string): RunResult {
  return {
    workflowName: workflow,
    workflowId: null,
    runNumber: null,
    slug,
    status: "unknown",
    platformStatus: null,
    startedAt: null,
    completedAt: null,
    durationSeconds: null,
    errorMessage: null,
    kind: "submit_unknown",
    submitted: "unknown",
    message,
  };
}

/**
 * The innermost running step, counted over all jobs, of subworkflows too; `null` when none is running. Cleanup steps count
 * once they appear.
 */
export function stepPositionOf(jobs: readonly Job[]): StepPosition | null {
  const steps = allSteps(jobs);
  const index = steps.findIndex(({ step }) =>
    step.status === "running" && allSteps(step.jobs).every(({ step: { status } }) => status !== "running")
  );
  const current = steps[index];
  if (current === undefined) return null;
  const counted = (all: readonly PlacedStep[]) => all.filter(({ step }) => step.jobs.length === 0).length;
  const { path, job, step } = current;
  return { path, job: job.name, step: step.name, ordinal: counted(steps.slice(0, index)) + 1, total: counted(steps) };
}

export function isAnythingRunning(jobs: readonly Job[]): boolean {
  return jobs.some(({ status }) => status === "running") ||
    allSteps(jobs).some(({ step }) => step.status === "running");
}

/** Whether its status cannot change any more, or it has failed and nothing in it is running. */
export function isOver({ isFinal, status, jobs }: RunDetail): boolean {
  return isFinal || (status !== "running" && !isAnythingRunning(jobs));
}

function durationSeconds({ createdAt, completedAt }: Run): number | null {
  if (createdAt === null || completedAt === null) return null;
  const durationMs = Date.parse(completedAt) - Date.parse(createdAt);
  return Number.isFinite(durationMs) ? Math.max(0, durationMs / 1000) : null;
}

function outputsOf(jobs: readonly Job[]): JsonObject {
  return Object.fromEntries(
    jobs.filter((job) => Object.keys(job.outputs).length > 0).map((job) => [job.name, job.outputs]),
  );
}

/** A job of a run or of one of its subworkflows. */
export interface PlacedJob {
  readonly job: Job;
  /** The names of the jobs around it and its own, outermost first; with that of a step where jobs alone are ambiguous. */
  readonly path: readonly string[];
  /** Like `path`, with the names of all steps around it. */
  readonly fullPath: readonly string[];
}

export interface PlacedStep extends PlacedJob {
  readonly step: Step;
}

/** The jobs of the run itself. */
export function outerJobs(jobs: readonly Job[]): readonly PlacedJob[] {
  return jobs.map((job) => ({ job, path: [job.name], fullPath: [job.name] }));
}

/** The jobs of the workflow that a step calls. */
export function innerJobs({ job, path, fullPath, step }: PlacedStep): readonly PlacedJob[] {
  const others = job.steps.filter(({ index }) => index !== step.index).flatMap(({ jobs }) => jobs);
  const otherNames = new Set(others.map(({ name }) => name));
  return step.jobs.map((inner) => ({
    job: inner,
    path: [...path, ...(otherNames.has(inner.name) ? [step.name] : []), inner.name],
    fullPath: [...fullPath, step.name, inner.name],
  }));
}

/** The steps of a job, without those inside them. */
export function stepsOf(placed: PlacedJob): readonly PlacedStep[] {
  return placed.job.steps.map((step) => ({ ...placed, step }));
}

/** All jobs; one whose steps contain others comes before these. */
export function allJobs(jobs: readonly Job[]): readonly PlacedJob[] {
  return outerJobs(jobs).flatMap(withInnerJobs);
}

function withInnerJobs(placed: PlacedJob): readonly PlacedJob[] {
  return [placed, ...stepsOf(placed).flatMap(innerJobs).flatMap(withInnerJobs)];
}

/** All steps in the order of the workflow files; one that calls a workflow comes before the steps of that workflow. */
export function allSteps(jobs: readonly Job[]): readonly PlacedStep[] {
  return outerJobs(jobs).flatMap(withInnerSteps);
}

function withInnerSteps(placed: PlacedJob): readonly PlacedStep[] {
  return stepsOf(placed).flatMap((step) => [step, ...innerJobs(step).flatMap(withInnerSteps)]);
}

/** Whether a job or step has failed, by the platform's terms. */
export function hasFailed({ status }: Job | Step): boolean {
  return status === "error" || status === "failed" || status === "faulted";
}

/** `session_runner › ssh_job`. */
export function formatPath(path: readonly string[]): string {
  return path.join(" › ");
}

/** True if it calls a workflow whose jobs the server does not show. The platform's own actions contain no jobs. */
export function lacksJobs({ uses, jobs }: Step): boolean {
  return jobs.length === 0 && uses !== null && !uses.startsWith("parallelworks/");
}
