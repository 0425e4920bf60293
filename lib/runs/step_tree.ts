/** The steps of a run as a tree: a step that calls a workflow contains the jobs of that workflow. */

import type { Job, Step } from "../run.ts";

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
