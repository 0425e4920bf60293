import { lastLines, newText, readStepLog } from "../../platform/logs.ts";
import { UsageError } from "../../errors.ts";
import type { Deps } from "../../runs/deps.ts";
import { findRun } from "../../runs/find.ts";
import type { Job, RunDetail, RunId, Step } from "../../run.ts";
import { integer, nonEmptyString } from "../argv.ts";
import { defineCommand, JSON_ARG } from "../command.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { openDeps } from "../open.ts";
import type { Output } from "../output.ts";
import { parseOneRun } from "../tracking/run_ref.ts";
import { escapeLog, escapeLogPieces, oneLine } from "../../escape.ts";
import { didYouMean } from "../../did_you_mean.ts";

const FOLLOW_INTERVAL_MS = 1_000;

const lineCount = integer({ min: 0 });

export const logs = defineCommand({
  name: "logs",
  summary: "Show a run's logs",
  usage: "RUN [options]",
  examples: [
    { line: "pw-workflow-runner logs hello-world-00047 --tail 20", does: "Show the last lines of each step" },
    { line: "pw-workflow-runner logs hello-world#47 -f", does: "Follow the logs until the run ends" },
  ],
  args: {
    run: { type: "positional", multiple: true, required: false },
    follow: { type: "boolean", short: "f", description: "Follow the logs until the run ends" },
    job: { type: "custom", parse: nonEmptyString, metavar: "JOB", description: "Only this job" },
    step: { type: "custom", parse: nonEmptyString, metavar: "STEP", description: "Only this step, by name or number" },
    tail: {
      type: "custom",
      parse: lineCount,
      metavar: "N",
      description: "Only the last N lines of each step",
    },
    failed: { type: "boolean", description: "Only steps that failed" },
    ...JSON_ARG,
  },
  async run({ context, output, signal, values }) {
    const ref = parseOneRun(values.run ?? []);
    if (values.follow === true && output.mode === "json") {
      throw new UsageError("Cannot use --follow together with --json");
    }
    await using deps = await openDeps({ context, output, values });
    const runId = await findRun(deps, ref, { signal });
    const run = await deps.client.getRun(runId, { signal });
    const isSelected = selection(run, values);
    if (values.follow === true) {
      await followLogs({ deps, output, signal }, runId, { isSelected, tail: values.tail });
    } else {
      await printLogs({ deps, output, signal }, runId, { run, isSelected, tail: values.tail });
    }
    return EXIT_CODES.completed;
  },
});

interface LogDeps {
  readonly deps: Deps;
  readonly output: Output;
  readonly signal: AbortSignal;
}

type IsSelected = (job: Job, step: Step) => boolean;

/** @throws UsageError if the run has no job or step of that name. */
function selection(
  run: RunDetail,
  { job: jobName, step: stepName, failed }: {
    job?: string | undefined;
    step?: string | undefined;
    failed?: boolean | undefined;
  },
): IsSelected {
  const isStep = ({ name, index }: Step) => name === stepName || String(index + 1) === stepName;
  const jobs = run.jobs.filter(({ name }) => jobName === undefined || name === jobName);
  if (jobName !== undefined && jobs.length === 0) throw notFoundInRun("job", jobName, run.jobs.map(({ name }) => name));
  const steps = jobs.flatMap((job) => job.steps);
  if (stepName !== undefined && !steps.some(isStep)) {
    throw notFoundInRun(
      "step",
      stepName,
      steps.map(({ name }) => name),
    );
  }
  return (job, step) =>
    (jobName === undefined || job.name === jobName) && (stepName === undefined || isStep(step)) &&
    (failed !== true || step.status === "error" || step.status === "failed");
}

function notFoundInRun(kind: string, name: string, names: readonly string[]): UsageError {
  return new UsageError(`Cannot show the ${kind} "${name}": the run has no ${kind} of that name`, {
    hint: didYouMean(name, names) ?? `Available: ${names.map((name) => `"${name}"`).join(", ") || "none yet"}`,
  });
}

/** Prints the logs so far. */
export async function printLogs(
  { deps, output, signal }: LogDeps,
  runId: RunId,
  { run, isSelected, tail }: {
    readonly run: RunDetail;
    readonly isSelected: IsSelected;
    readonly tail: number | undefined;
  },
): Promise<void> {
  const found: { job: string; step: string; status: string; log: string }[] = [];
  for (const { job, step } of stepsOf(run, isSelected)) {
    const log = await readStepLog(deps.client, runId, job.name, step.index, { signal });
    if (log === null) continue;
    const shown = tail === undefined ? log : lastLines(log, tail).map((line) => `${line}\n`).join("");
    found.push({ job: job.name, step: step.name, status: step.status, log: shown });
  }
  if (output.mode === "json") return output.document(found);
  if (found.length === 0) output.log("INFO", "No logs yet");
  for (const { job, step, log } of found) {
    if (found.length > 1) output.answer(heading(output, job, step));
    output.raw(endLine(escapeLog(log)));
  }
}

/** Reads the logs again and again until the run has ended and its last lines are printed. */
async function followLogs(
  { deps, output, signal }: LogDeps,
  runId: RunId,
  { isSelected, tail }: { readonly isSelected: IsSelected; readonly tail: number | undefined },
): Promise<void> {
  const seen = new Map<string, string>();
  const escapers = new Map<string, ReturnType<typeof escapeLogPieces>>();
  const finished = new Set<string>();
  let current = "";
  let isLineOpen = false;
  while (true) {
    const run = await deps.client.getRun(runId, { signal });
    for (const { job, step } of stepsOf(run, isSelected)) {
      const key = `${job.name}/${step.index}`;
      if (finished.has(key)) continue;
      const isFirst = !seen.has(key);
      const before = seen.get(key) ?? "";
      // The status was read before the log, so the log of a finished step is complete.
      const isLast = step.status !== "running" && step.status !== "pending";
      const read = await readStepLog(deps.client, runId, job.name, step.index, { signal, before });
      if (read !== null) {
        // A partly written character decodes to U+FFFD now, and to itself on the next read.
        const log = isLast ? read : read.replace(/\ufffd$/, "");
        seen.set(key, log);
        const fresh = newText(before, log);
        const escape = escapers.get(key) ?? escapeLogPieces();
        escapers.set(key, escape);
        const shown = escape(isFirst && tail !== undefined ? endOf(fresh, tail) : fresh, { isLast });
        if (shown !== "" && key !== current) {
          if (isLineOpen) output.raw("\n");
          output.answer(heading(output, job.name, step.name));
          current = key;
        }
        output.raw(shown);
        if (shown !== "") isLineOpen = !shown.endsWith("\n");
      }
      if (isLast) finished.add(key);
    }
    if (run.isFinal) {
      if (isLineOpen) output.raw("\n");
      return;
    }
    await deps.clock.sleep(FOLLOW_INTERVAL_MS, { signal });
  }
}

function stepsOf(run: RunDetail, isSelected: IsSelected): { job: Job; step: Step }[] {
  return run.jobs.flatMap((job) => job.steps.filter((step) => isSelected(job, step)).map((step) => ({ job, step })));
}

function heading({ answerStyle }: Output, job: string, step: string): string {
  return answerStyle.bold(`==> ${oneLine(job)} / ${oneLine(step)} <==`);
}

/** The last lines. An unfinished line stays without a newline. */
function endOf(log: string, tail: number): string {
  const lines = lastLines(log, tail);
  return lines.join("\n") + (lines.length > 0 && log.endsWith("\n") ? "\n" : "");
}

function endLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
