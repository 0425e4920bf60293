import { missingLogs } from "../../runs/failure.ts";
import { formatDuration } from "../../duration.ts";
import { createLogReader, createTail, lastLines, type LogReader, type Tail } from "../../platform/logs.ts";
import { isTemporary, Unavailable, UsageError } from "../../errors.ts";
import type { Deps } from "../../runs/deps.ts";
import { findRun } from "../../runs/find.ts";
import { DEFAULT_TRACK } from "../../runs/options.ts";
import { followDelayMs, MAX_RETRY_AFTER_MS } from "../../runs/poll_interval.ts";
import { redactingReads } from "../../runs/redacting.ts";
import {
  allJobs,
  allSteps,
  formatPath,
  hasFailed,
  lacksJobs,
  type PlacedJob,
  type PlacedStep,
} from "../../runs/step_tree.ts";
import type { RunDetail, RunId, Step } from "../../run.ts";
import { type ArgValues, flag, integer, option } from "../argv.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { openDeps } from "../open.ts";
import type { Output } from "../output.ts";
import { checkCanPick, pickRun } from "../tracking/pick_run.ts";
import { ONE_RUN, parseOneRun } from "../tracking/run_ref.ts";
import { escapeJson, oneLine } from "../../escape.ts";
import { cleanLines, createLogCleaner, type LogCleaner, type LogTextOptions } from "../../log_text.ts";
import { didYouMean } from "../../did_you_mean.ts";

/** What `--tail` keeps in memory for each step, in UTF-16 code units. */
const MAX_TAIL_LENGTH = 8 * 1024 * 1024;

const ARGS = {
  run: { ...ONE_RUN.run, required: false },
  follow: flag("Follow the logs until the run ends", "f"),
  job: option("JOB", "Only this job and those inside it, by name or path (session_runner/ssh_job)"),
  step: option("STEP", "Only this step, by name or number"),
  tail: option("N", "Only the last N lines of each step, and at most 8 MiB", { parse: integer({ min: 0 }) }),
  failed: flag("Only steps that failed"),
  ...JSON_OPTION,
} as const;

export const command = defineCommand({
  examples: [
    { line: "pw-workflow-runner logs hello-world-00046 --tail 20", does: "Show the last lines of each step" },
    { line: "pw-workflow-runner logs hello-world#46 -f", does: "Follow the logs until the run ends" },
  ],
  notes:
    "Without RUN, at a terminal, you select one of the latest runs. --follow tries for 30 minutes to reach a server that " +
    "does not respond.",
  args: ARGS,
  async run({ context, output, signal, values }) {
    if (values.run === undefined) checkCanPick(context, "logs");
    const ref = values.run === undefined ? undefined : parseOneRun(values.run);
    if (values.follow === true && output.mode === "json") {
      throw new UsageError("Cannot use --follow together with --json");
    }
    await using deps = await openDeps({ context, output, values });
    const runId = ref === undefined
      ? await pickRun({ context, client: deps.client, signal }, { isRunning: false, mayColor: values.noColor !== true })
      : await findRun(deps, ref, { signal });
    const client = await redactingReads(deps, runId);
    const run = await client.getRun(runId, { signal });
    const show = values.follow === true ? followLogs : printLogs;
    const wanted = { run, isSelected: selection(run, values), tail: values.tail };
    await show({ deps: { ...deps, client }, output, signal }, runId, wanted);
  },
});

interface LogDeps {
  readonly deps: Deps;
  readonly output: Output;
  readonly signal: AbortSignal;
}

interface WantedLogs {
  readonly run: RunDetail;
  readonly isSelected: (placed: PlacedStep) => boolean;
  /** How many lines of each; `undefined` for all. */
  readonly tail: number | undefined;
}

/** @throws UsageError if the run has no job or step of that name. */
function selection(
  run: RunDetail,
  { job: jobName, step: stepName, failed }: Pick<ArgValues<typeof ARGS>, "job" | "step" | "failed">,
): WantedLogs["isSelected"] {
  const isInJob = ({ fullPath }: PlacedJob) => jobName === undefined || isInside(fullPath, jobName);
  const isStep = ({ name, index }: Step) => name === stepName || String(index + 1) === stepName;
  if (jobName !== undefined) {
    const jobs = allJobs(run.jobs);
    if (!jobs.some(isInJob)) throw notFoundInRun("job", jobName, jobs.map(({ path }) => path.join("/")));
  }
  const steps = allSteps(run.jobs).filter(isInJob).map(({ step }) => step);
  if (stepName !== undefined && !steps.some(isStep)) {
    throw notFoundInRun("step", stepName, steps.map(({ name }) => name));
  }
  return (placed) =>
    isInJob(placed) && (stepName === undefined || isStep(placed.step)) && (failed !== true || hasFailed(placed.step));
}

/**
 * Whether a job, or one around it, is meant.
 *
 * @param fullPath The names of jobs and the steps between them.
 * @param wanted The name of a job, or a path to it, in which names may be left out: `session_runner/ssh_job`.
 */
function isInside(fullPath: readonly string[], wanted: string): boolean {
  const names = wanted.split(/\s*[/›]\s*/);
  const last = names.pop();
  return fullPath.some((name, depth) => {
    if (depth % 2 === 1) return false;
    if (name === wanted) return true;
    let next = 0;
    for (const around of fullPath.slice(0, depth)) if (around === names[next]) next += 1;
    return name === last && next === names.length;
  });
}

function notFoundInRun(kind: string, name: string, names: readonly string[]): UsageError {
  const available = [...new Set(names)].map((name) => `"${name}"`).join(", ");
  return new UsageError(`Cannot show the ${kind} "${name}": the run has no ${kind} of that name`, {
    hint: didYouMean(name, names) ?? `Available: ${available || "none yet"}`,
  });
}

/** Prints the logs so far. */
export async function printLogs(
  { deps, output, signal }: LogDeps,
  runId: RunId,
  { run, isSelected, tail }: WantedLogs,
): Promise<void> {
  const logs = allSteps(run.jobs).filter(isSelected).map((placed): PrintedLog => {
    const reader = createLogReader(deps.client, { runId, path: placed.step.logPath });
    return { placed, reader, tail };
  });
  if (output.mode === "json") await printDocument(output, logs, signal);
  else await printText(output, logs, signal);
  for (const { placed, reader } of logs) if (!reader.isPresent()) warnOfMissingLogs(output, placed);
}

function warnOfMissingLogs(output: Output, { path, step }: PlacedStep): void {
  if (!lacksJobs(step) || step.status === "pending" || step.status.startsWith("skipped")) return;
  output.log("WARNING", `${oneLine(formatPath([...path, step.name]))}: ${oneLine(missingLogs(step))}`);
}

interface PrintedLog {
  readonly placed: PlacedStep;
  readonly reader: LogReader;
  readonly tail: number | undefined;
}

/** A heading precedes each log if there is more than one: the first one is printed once the second one has begun. */
async function printText(output: Output, logs: readonly PrintedLog[], signal: AbortSignal): Promise<void> {
  const begun: { readonly log: PrintedLog; readonly pieces: AsyncIterable<string> }[] = [];
  let hasHeadings = false;
  const print = async () => {
    const next = begun.shift();
    if (next === undefined) return;
    if (hasHeadings) output.answer(heading(output, next.log.placed));
    await printLog(output, next.pieces);
  };
  for (const log of logs) {
    const pieces = await begin(log, signal, { mayColor: output.mayColorLogs });
    if (pieces === null) continue;
    hasHeadings ||= begun.length > 0;
    begun.push({ log, pieces });
    if (hasHeadings) await print();
  }
  if (begun.length === 0 && !hasHeadings) output.log("INFO", "No logs yet");
  await print();
}

async function printLog(output: Output, pieces: AsyncIterable<string>): Promise<void> {
  const clean = createLogCleaner({ mayColor: output.mayColorLogs });
  let isLineOpen = false;
  const show = (text: string) => {
    output.logText(text);
    if (text !== "") isLineOpen = !text.endsWith("\n");
  };
  for await (const piece of pieces) show(clean(piece));
  show(clean("", { isLast: true }));
  if (isLineOpen) output.raw("\n");
}

/** One document, written as the logs arrive. */
async function printDocument(output: Output, logs: readonly PrintedLog[], signal: AbortSignal): Promise<void> {
  let separator = "[\n";
  for (const log of logs) {
    const pieces = await begin(log, signal, null);
    if (pieces === null) continue;
    const { path, job, step: { name, status } } = log.placed;
    const members = Object.entries({ job: job.name, step: name, status, path }).map(([name, value]) =>
      `    "${name}": ${json(value)},\n`
    );
    output.raw(`${separator}  {\n${members.join("")}    "log": "`);
    for await (const piece of pieces) output.raw(json(piece).slice(1, -1));
    output.raw('"\n  }');
    separator = ",\n";
  }
  output.raw(separator === "[\n" ? "[]\n" : "\n]\n");
}

function json(value: string | readonly string[]): string {
  return escapeJson(JSON.stringify(value));
}

/**
 * Requests a log and waits for its beginning. `null` if the step has not written anything yet.
 *
 * @param clean How to clean a log before its last lines are counted; `null` keeps it as it is.
 */
async function begin(
  { reader, tail }: PrintedLog,
  signal: AbortSignal,
  clean: LogTextOptions | null,
): Promise<AsyncIterable<string> | null> {
  const pieces = reader.readNew({ signal, isLast: true });
  if (tail !== undefined) {
    const text = await tailOf(clean === null ? pieces : cleanLines(pieces, clean), tail);
    return reader.isPresent() ? ReadableStream.from([lastLines(text, tail).map((line) => `${line}\n`).join("")]) : null;
  }
  const first = await pieces.next();
  if (!reader.isPresent()) return null;
  return (async function* () {
    if (!first.done) yield first.value;
    yield* pieces;
  })();
}

interface FollowedLog {
  readonly reader: LogReader;
  readonly clean: LogCleaner;
  /** Until its beginning was read: then only the last lines are printed. */
  tail: Tail | null;
}

/** Reads the logs again and again until the run has ended and its last lines are printed. */
async function followLogs(
  { deps, output, signal }: LogDeps,
  runId: RunId,
  { isSelected, tail }: WantedLogs,
): Promise<void> {
  const followed = new Map<string, FollowedLog>();
  const finished = new Set<string>();
  let current = "";
  let isLineOpen = false;
  let hasGrown = false;
  let delayMs = 0;
  let lostAtMs: number | null = null;
  const show = (key: string, title: string, text: string) => {
    if (text === "") return;
    hasGrown = true;
    if (key !== current) {
      if (isLineOpen) output.raw("\n");
      output.answer(title);
      current = key;
    }
    output.logText(text);
    isLineOpen = !text.endsWith("\n");
  };
  /** @returns Whether the run has ended. After an error, the next call continues. */
  const readNew = async (): Promise<boolean> => {
    const retry = lostAtMs === null ? "some" : "none";
    const run = await deps.client.getRun(runId, { signal, retry });
    for (const placed of allSteps(run.jobs).filter(isSelected)) {
      const { step } = placed;
      const key = step.logPath;
      // A step that has not started has no log.
      if (finished.has(key) || step.status === "pending") continue;
      const log = followed.get(key) ?? {
        reader: createLogReader(deps.client, { runId, path: key }),
        clean: createLogCleaner({ mayColor: output.mayColorLogs }),
        tail: tail === undefined ? null : createTail(tail, MAX_TAIL_LENGTH),
      };
      followed.set(key, log);
      const { reader, clean } = log;
      const title = heading(output, placed);
      // The status was read before the log, so the log of a finished step is complete.
      const isLast = step.status !== "running";
      for await (const piece of reader.readNew({ signal, isLast, retry })) {
        const text = clean(piece);
        if (log.tail === null) show(key, title, text);
        else log.tail.add(text);
      }
      if (log.tail !== null && reader.isPresent()) {
        show(key, title, log.tail.text());
        log.tail = null;
      }
      if (isLast) {
        show(key, title, clean("", { isLast: true }));
        finished.add(key);
        if (!reader.isPresent()) warnOfMissingLogs(output, placed);
      }
    }
    return run.isFinal;
  };
  while (true) {
    const startMs = deps.clock.monotonic();
    hasGrown = false;
    let retryAfterMs = 0;
    try {
      const isFinal = await readNew();
      if (lostAtMs !== null) {
        output.log("INFO", `Connection restored after ${formatDuration(deps.clock.monotonic() - lostAtMs)}`);
      }
      lostAtMs = null;
      if (isFinal) break;
    } catch (error) {
      if (!isTemporary(error)) throw error;
      if (lostAtMs === null) output.log("WARNING", `Connection lost, still trying: ${oneLine(error.message)}`);
      lostAtMs ??= startMs;
      if (deps.clock.monotonic() - lostAtMs >= DEFAULT_TRACK.unreachableTimeoutMs) throw error;
      if (error instanceof Unavailable) retryAfterMs = Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
    }
    delayMs = followDelayMs(delayMs, { hasGrown, tookMs: deps.clock.monotonic() - startMs });
    await deps.clock.sleep(Math.max(delayMs, retryAfterMs), { signal });
  }
  if (isLineOpen) output.raw("\n");
}

/** The last lines. An unfinished line stays without a newline. */
async function tailOf(pieces: AsyncIterable<string>, lines: number): Promise<string> {
  const tail = createTail(lines, MAX_TAIL_LENGTH);
  for await (const piece of pieces) tail.add(piece);
  return tail.text();
}

function heading({ answerStyle }: Output, { path, step }: PlacedStep): string {
  return answerStyle.bold(`==> ${oneLine(formatPath([...path, step.name]))} <==`);
}
