/** Why a run failed. The platform reports no reason: it is collected from the run's jobs and their logs. */

import { lastLines, readStepLog } from "../platform/logs.ts";
import { RunnerError } from "../errors.ts";
import type { Annotation, FailedJob, FailedStep, Failure } from "../result.ts";
import type { Job, RunDetail, Step } from "../run.ts";
import type { Deps } from "./deps.ts";
import { runIdOf } from "./view.ts";

const TAIL_LINES = 20;

const MAX_ANNOTATIONS = 20;

/** Hundreds of matrix jobs may fail; the first ones are enough. */
const MAX_STEPS = 10;

/**
 * The failed jobs and steps of a run, with the last lines of their logs and the annotations in them.
 *
 * @returns `undefined` when no job or step failed. A log that cannot be read has an empty tail.
 */
export async function digestFailure(
  { client }: Pick<Deps, "client">,
  run: RunDetail,
  { signal }: { readonly signal: AbortSignal },
): Promise<Failure | undefined> {
  const failed = run.jobs.filter((job) => hasFailed(job) || job.steps.some(hasFailed));
  if (failed.length === 0) return undefined;
  const runId = runIdOf(run, "");
  let steps = 0;
  const failedJobs: FailedJob[] = [];
  for (const job of failed) {
    const failedSteps: FailedStep[] = [];
    for (const step of job.steps.filter(hasFailed)) {
      steps += 1;
      const log = steps > MAX_STEPS
        ? ""
        : await textOrEmpty(() => readStepLog(client, runId, job.name, step.index, { signal }));
      failedSteps.push({
        name: step.name,
        status: step.status,
        annotations: annotationsIn(log),
        logTail: lastLines(log, TAIL_LINES),
      });
    }
    failedJobs.push({ name: job.name, status: job.status, failedSteps });
  }
  return { summary: summaryOf(failedJobs), failedJobs };
}

/** Parses `::error title=…::message`, `::warning` and `::notice` in log lines. */
export function annotationsIn(log: string): Annotation[] {
  const annotations: Annotation[] = [];
  for (const line of log.split("\n")) {
    const match = /::(error|warning|notice)(?:\s+([^:]*))?::(.*)$/.exec(line);
    if (match === null) continue;
    const [, type, attributes, message] = match;
    const title = /(?:^|,)\s*title=([^,]*)/.exec(attributes ?? "")?.[1] ?? null;
    annotations.push({
      type: type === "error" ? "error" : type === "warning" ? "warning" : "notice",
      title,
      message: (message ?? "").trim(),
    });
    if (annotations.length === MAX_ANNOTATIONS) break;
  }
  return annotations;
}

function hasFailed({ status }: Job | Step): boolean {
  return status === "error" || status === "failed" || status === "faulted";
}

function summaryOf(failedJobs: readonly FailedJob[]): string {
  const [job] = failedJobs;
  if (job === undefined) return "";
  const [step] = job.failedSteps;
  const where = step === undefined ? `job "${job.name}" failed` : `step "${step.name}" of job "${job.name}" failed`;
  const why = step?.annotations.find((annotation) => annotation.type === "error")?.message;
  const more = failedJobs.length > 1
    ? `, and ${failedJobs.length - 1} more failed ${failedJobs.length === 2 ? "job" : "jobs"}`
    : "";
  return `${where}${more}${why === undefined || why === "" ? "" : `: ${why}`}`;
}

/** A failure report without one log is better than none. */
async function textOrEmpty(read: () => Promise<string | null>): Promise<string> {
  try {
    return await read() ?? "";
  } catch (error) {
    if (error instanceof RunnerError) return "";
    throw error;
  }
}
