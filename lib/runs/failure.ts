/** Why a run failed. The platform reports no reason: it is collected from the run's jobs and their logs. */

import { createLogReader, createTail, lastLines, type StepLog } from "../platform/logs.ts";
import { RunnerError } from "../errors.ts";
import { cleanLines, shortenLine } from "../log_text.ts";
import type { FailedJob, FailedStep, LogAnnotation, RunFailure } from "../result.ts";
import type { Job, RunDetail, Step } from "../run.ts";
import type { Deps } from "./deps.ts";
import { type Limited, withLimit } from "./limit.ts";
import { runIdOf } from "./view.ts";

export const DEFAULT_TAIL_LINES = 20;
const MAX_TAIL_LENGTH = 64 * 1024;

const MAX_ANNOTATIONS = 20;

/** Hundreds of matrix jobs may fail; the first ones are enough. */
const MAX_STEPS = 10;

/** For all logs together: one may be very long, or have no end. */
const READ_LOGS_MS = 60_000;

/** The part of a line that is searched for an annotation. */
const MAX_LINE_LENGTH = 16 * 1024;

/**
 * The failed jobs and steps of a run, with the last lines of their logs and the annotations in them.
 *
 * @returns `undefined` when no job or step failed. A log that cannot be read in time has an empty tail.
 */
export async function digestFailure(
  deps: Pick<Deps, "client" | "clock">,
  run: RunDetail,
  options: {
    readonly signal: AbortSignal;
    readonly limit?: AbortSignal | undefined;
    /** Number of lines at the end of each log. */
    readonly tailLines?: number | undefined;
  },
): Promise<RunFailure | undefined> {
  const failed = run.jobs.filter((job) => hasFailed(job) || job.steps.some(hasFailed));
  if (failed.length === 0) return undefined;
  using deadline = deps.clock.timeout(READ_LOGS_MS);
  const limit = options.limit === undefined ? deadline.signal : AbortSignal.any([options.limit, deadline.signal]);
  const { signal, tailLines = DEFAULT_TAIL_LINES } = options;
  const runId = runIdOf(run, "");
  let steps = 0;
  const failedJobs: FailedJob[] = [];
  for (const job of failed) {
    const failedSteps: FailedStep[] = [];
    for (const step of job.steps.filter(hasFailed)) {
      steps += 1;
      const log = { runId, job: job.name, stepIndex: step.index };
      const digest = steps > MAX_STEPS ? EMPTY_LOG : await digestLog(deps, log, { signal, limit, tailLines });
      failedSteps.push({ name: step.name, status: step.status, ...digest });
    }
    failedJobs.push({ name: job.name, status: job.status, failedSteps });
  }
  return { summary: summaryOf(failedJobs), failedJobs };
}

const EMPTY_LOG = { annotations: [], logTail: [] } as const;

/** A failure report without one log is better than none. */
async function digestLog(
  { client }: Pick<Deps, "client">,
  log: StepLog,
  { tailLines, ...limited }: Limited & { readonly tailLines: number },
): Promise<Pick<FailedStep, "annotations" | "logTail">> {
  try {
    return await withLimit(limited, `read the log of ${log.job}`, async (signal) => {
      const tail = createTail(tailLines, MAX_TAIL_LENGTH);
      const annotations = collectAnnotations();
      for await (const lines of cleanLines(createLogReader(client, log).readNew({ signal, isLast: true }))) {
        tail.add(lines);
        annotations.add(lines);
      }
      const logTail = lastLines(tail.text(), tailLines).map((line) => shortenLine(line));
      return { annotations: annotations.all(), logTail };
    });
  } catch (error) {
    if (error instanceof RunnerError) return EMPTY_LOG;
    throw error;
  }
}

interface AnnotationCollector {
  add(piece: string): void;
  /** The first ones, once the whole log was added. */
  all(): readonly LogAnnotation[];
}

/** Parses `::error title=…::message`, `::warning` and `::notice` in the lines of a log. */
export function collectAnnotations(): AnnotationCollector {
  const annotations: LogAnnotation[] = [];
  let line = "";
  const addLine = () => {
    const annotation = annotations.length < MAX_ANNOTATIONS ? annotationIn(line) : null;
    if (annotation !== null) annotations.push(annotation);
    line = "";
  };
  return {
    add(piece) {
      for (const [index, part] of piece.split("\n").entries()) {
        if (index > 0) addLine();
        if (line.length < MAX_LINE_LENGTH) line += part.slice(0, MAX_LINE_LENGTH);
      }
    },
    all() {
      addLine();
      return annotations;
    },
  };
}

function annotationIn(line: string): LogAnnotation | null {
  if (!line.includes("::")) return null;
  const match = /::(error|warning|notice)(?:\s+([^:]*))?::(.*)$/.exec(line);
  if (match === null) return null;
  const [, type, attributes, message] = match;
  return {
    type: type === "error" ? "error" : type === "warning" ? "warning" : "notice",
    title: /(?:^|,)\s*title=([^,]*)/.exec(attributes ?? "")?.[1] ?? null,
    message: (message ?? "").trim(),
  };
}

/** Whether a job or step has failed, by the platform's terms. */
export function hasFailed({ status }: Job | Step): boolean {
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
