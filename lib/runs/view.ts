import type { JsonObject } from "../json.ts";
import type { RunResult } from "../result.ts";
import type { Job, Run, RunDetail, RunView, StepPosition } from "../run.ts";
import { allSteps, type PlacedStep } from "./step_tree.ts";

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

export type ResultFacts =
  & Pick<RunResult, "kind" | "submitted" | "failure" | "session" | "message">
  & Partial<Pick<RunResult, "status">>;

export function toRunResult(run: Run | RunDetail, facts: ResultFacts): RunResult {
  const view = toRunView(run);
  const { kind, submitted, status, failure, session, message } = facts;
  return {
    ...view,
    status: status ?? view.status,
    errorMessage: view.errorMessage ?? failure?.summary ?? null,
    kind,
    submitted,
    ...(failure === undefined ? {} : { failure }),
    ...(session === undefined ? {} : { session }),
    ...(message === undefined ? {} : { message }),
  };
}

/** The result of a submission whose outcome is unknown. */
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
