/** Why a run failed. The platform reports no reason: it is collected from the run's jobs and their logs. */

import { createLogReader, createTail, lastLines } from "../platform/logs.ts";
import { expected, RunnerError } from "../errors.ts";
import { cleanLines, shortenLine } from "../log_text.ts";
import type { FailedJob, FailedStep, RunFailure } from "../result.ts";
import { type LogAnnotation, type RunDetail, type RunId, runIdOf, type Step } from "../run.ts";
import type { Deps } from "./deps.ts";
import { type Limited, withLimit } from "./limit.ts";
import type { Given } from "./options.ts";
import { formatPath, hasFailed, innerJobs, lacksJobs, outerJobs, type PlacedJob, stepsOf } from "./view.ts";

export const DEFAULT_TAIL_LINES = 20;
const MAX_TAIL_LENGTH = 64 * 1024;

/** How {@link digestFailure} reads logs. */
export interface DigestOptions extends Limited {
  /** Number of lines at the end of each log. */
  readonly tailLines: number;
}

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
 * @returns `undefined` when no job or step failed. A log that cannot be read in time has an empty tail, and a note.
 */
export async function digestFailure(
  deps: Pick<Deps, "client" | "clock">,
  run: RunDetail,
  { signal = new AbortController().signal, limit: ownLimit, tailLines = DEFAULT_TAIL_LINES }: Given<DigestOptions> = {},
): Promise<RunFailure | undefined> {
  const failed = outerJobs(run.jobs).flatMap(failedIn);
  if (failed.length === 0) return undefined;
  using deadline = deps.clock.timeout(READ_LOGS_MS);
  const limit = ownLimit === undefined ? deadline.signal : AbortSignal.any([ownLimit, deadline.signal]);
  const limited = { signal, limit };
  const runId = runIdOf(run);
  let steps = 0;
  const failedJobs = await Array.fromAsync(failed, async ({ job: { name, status }, path, failed: failedOnes }) => {
    const failedSteps = await Array.fromAsync(failedOnes, async (step): Promise<FailedStep> => {
      steps += 1;
      const digest = steps > MAX_STEPS ? EMPTY_LOG : await digestLog(deps, { runId, step }, { ...limited, tailLines });
      const { name, status, annotations: known } = step;
      // The platform's own come from the log too; only there, they have a title.
      const others = known.filter(({ message }) => digest.annotations.every((logged) => logged.message !== message));
      const annotations = [...digest.annotations, ...others].slice(0, MAX_ANNOTATIONS);
      return { name, status, ...digest, annotations };
    });
    return { name, path, status, failedSteps };
  });
  return { summary: summaryOf(failedJobs), failedJobs };
}

/**
 * A job with its failed steps, after the jobs inside these. A step, or a job, that only failed because of the jobs inside it
 * is left out.
 */
function failedIn(placed: PlacedJob): readonly (PlacedJob & { readonly failed: readonly Step[] })[] {
  // A step that completed does not count, even if something inside it failed; one that is still running does.
  const steps = stepsOf(placed).filter(({ step }) => step.status !== "completed")
    .map((step) => ({ step: step.step, causes: innerJobs(step).flatMap(failedIn) }));
  const causes = steps.flatMap(({ causes }) => causes);
  const failed = steps.flatMap(({ step, causes }) => hasFailed(step) && causes.length === 0 ? [step] : []);
  const isFailed = failed.length > 0 || (hasFailed(placed.job) && causes.length === 0);
  return isFailed ? [...causes, { ...placed, failed }] : causes;
}

const EMPTY_LOG = { annotations: [], logTail: [], note: null } as const;

/** A failure report without one log is better than none. */
async function digestLog(
  { client }: Pick<Deps, "client">,
  { runId, step }: { readonly runId: RunId; readonly step: Step },
  { tailLines, ...limited }: DigestOptions,
): Promise<Pick<FailedStep, "annotations" | "logTail" | "note">> {
  return await withLimit(limited, `read ${step.logPath}`, async (signal) => {
    const tail = createTail(tailLines, MAX_TAIL_LENGTH);
    const annotations = collectAnnotations();
    const reader = createLogReader(client, { runId, path: step.logPath });
    for await (const lines of cleanLines(reader.readNew({ signal, isLast: true }))) {
      tail.add(lines);
      annotations.add(lines);
    }
    const logTail = lastLines(tail.text(), tailLines).map((line) => shortenLine(line));
    const note = !reader.isPresent() && lacksJobs(step) ? missingLogs(step) : null;
    return { annotations: annotations.all(), logTail, note };
  }).catch((error: unknown) => ({ ...EMPTY_LOG, note: expected(RunnerError)(error).message }));
}

/** Why there are no logs of the workflow that a step calls. */
export function missingLogs({ uses }: Pick<Step, "uses">): string {
  return `The logs of the workflow that it calls, ${uses}, could not be found: the server does not show its jobs`;
}

/** Parses `::error title=…::message`, `::warning` and `::notice` in the lines of a log. */
export function collectAnnotations() {
  const annotations: LogAnnotation[] = [];
  let line = "";
  const addLine = () => {
    const annotation = annotations.length < MAX_ANNOTATIONS ? annotationIn(line) : null;
    if (annotation !== null) annotations.push(annotation);
    line = "";
  };
  return {
    add(piece: string) {
      for (const [index, part] of piece.split("\n").entries()) {
        if (index > 0) addLine();
        if (line.length < MAX_LINE_LENGTH) line += part.slice(0, MAX_LINE_LENGTH);
      }
    },
    /** The first ones, once the whole log was added. */
    all(): readonly LogAnnotation[] {
      addLine();
      return annotations;
    },
  };
}

function annotationIn(line: string): LogAnnotation | null {
  if (!line.includes("::")) return null;
  const match = /::(error|warning|notice)(?:\s+(.*?))?::(.*)$/.exec(line);
  if (match === null) return null;
  const [, type, attributes, message] = match;
  return {
    type: type === "error" ? "error" : type === "warning" ? "warning" : "notice",
    title: /(?:^|,)\s*title=([^,]*)/.exec(attributes ?? "")?.[1] ?? null,
    message: (message ?? "").trim(),
  };
}

function summaryOf(failedJobs: readonly FailedJob[]): string {
  const [job] = failedJobs;
  if (job === undefined) return "";
  const [step] = job.failedSteps;
  const name = formatPath(job.path);
  const where = step === undefined ? `job "${name}" failed` : `step "${step.name}" of job "${name}" failed`;
  const why = step?.annotations.find((annotation) => annotation.type === "error")?.message;
  const more = failedJobs.length > 1
    ? `, and ${failedJobs.length - 1} more failed ${failedJobs.length === 2 ? "job" : "jobs"}`
    : "";
  return `${where}${more}${why === undefined || why === "" ? "" : `: ${why}`}`;
}
