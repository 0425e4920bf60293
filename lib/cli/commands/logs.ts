import { lastLines, newText, readStepLog } from "../../platform/logs.ts";
import { UsageError } from "../../errors.ts";
import type { Deps } from "../../runs/deps.ts";
import { findRun } from "../../runs/find.ts";
import type { Job, RunDetail, RunId, Step } from "../../run.ts";
import { text, wholeNumber } from "../argv.ts";
import { defineCommand, JSON_ARG } from "../command.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { openDeps } from "../open.ts";
import type { Output } from "../output.ts";
import { parseOneRun } from "../tracking/run_ref.ts";
import { escapeLog, escapeLogPieces, oneLine } from "../../escape.ts";
import { didYouMean } from "../../did_you_mean.ts";

const FOLLOW_INTERVAL_MS = 1_000;

const lineCount = wholeNumber({ min: 0 });

export const logs = defineCommand({
  name: "logs",
  summary: "what a run said",
  usage: "RUN [options]",
  examples: [
    { line: "pw-workflow-runner logs hello-world-00047 --tail 20", does: "the last lines of each step" },
    { line: "pw-workflow-runner logs hello-world#47 -f", does: "go on until the run ends" },
  ],
  args: {
    run: { type: "positional", multiple: true, required: false },
    follow: { type: "boolean", short: "f", description: "Go on until the run ends" },
    job: { type: "custom", parse: text, metavar: "JOB", description: "Only this job" },
    step: { type: "custom", parse: text, metavar: "STEP", description: "Only this step, by name or number" },
    tail: {
      type: "custom",
      parse: lineCount,
      metavar: "N",
      description: "Only the last lines of each step",
    },
    failed: { type: "boolean", description: "Only steps that failed" },
    ...JSON_ARG,
  },
  async run({ context, output, signal, values }) {
    const ref = parseOneRun(values.run ?? []);
    if (values.follow === true && output.mode === "json") {
      throw new UsageError("Cannot follow in JSON: --follow and --json exclude each other");
    }
    await using deps = await openDeps({ context, output, values });
    const runId = await findRun(deps, ref, { signal });
    const run = await deps.client.getRun(runId, { signal });
    const isWanted = selection(run, values);
    if (values.follow === true) {
      await followLogs({ deps, output, signal }, runId, { isWanted, tail: values.tail });
    } else {
      await printLogs({ deps, output, signal }, runId, { run, isWanted, tail: values.tail });
    }
    return EXIT_CODES.completed;
  },
});

interface Tools {
  readonly deps: Deps;
  readonly output: Output;
  readonly signal: AbortSignal;
}

type IsWanted = (job: Job, step: Step) => boolean;

/** @throws UsageError when a job or step of that name is not there. */
function selection(
  run: RunDetail,
  { job: jobName, step: stepName, failed }: {
    job?: string | undefined;
    step?: string | undefined;
    failed?: boolean | undefined;
  },
): IsWanted {
  const isStep = ({ name, index }: Step) => name === stepName || String(index + 1) === stepName;
  const jobs = run.jobs.filter(({ name }) => jobName === undefined || name === jobName);
  if (jobName !== undefined && jobs.length === 0) throw nothingNamed("job", jobName, run.jobs.map(({ name }) => name));
  const steps = jobs.flatMap((job) => job.steps);
  if (stepName !== undefined && !steps.some(isStep)) {
    throw nothingNamed(
      "step",
      stepName,
      steps.map(({ name }) => name),
    );
  }
  return (job, step) =>
    (jobName === undefined || job.name === jobName) && (stepName === undefined || isStep(step)) &&
    (failed !== true || step.status === "error" || step.status === "failed");
}

function nothingNamed(what: string, name: string, known: readonly string[]): UsageError {
  return new UsageError(`Cannot show the ${what} "${name}": the run has none of that name`, {
    hint: didYouMean(name, known) ?? `It has ${known.map((word) => `"${word}"`).join(", ") || "none yet"}`,
  });
}

/** Prints what the steps have written so far. */
export async function printLogs(
  { deps, output, signal }: Tools,
  runId: RunId,
  { run, isWanted, tail }: { readonly run: RunDetail; readonly isWanted: IsWanted; readonly tail: number | undefined },
): Promise<void> {
  const found: { job: string; step: string; status: string; log: string }[] = [];
  for (const { job, step } of stepsOf(run, isWanted)) {
    const log = await readStepLog(deps.client, runId, job.name, step.index, { signal });
    if (log === null) continue;
    const shown = tail === undefined ? log : lastLines(log, tail).map((line) => `${line}\n`).join("");
    found.push({ job: job.name, step: step.name, status: step.status, log: shown });
  }
  if (output.mode === "json") return output.document(found);
  if (found.length === 0) output.say("INFO", "Nothing was written yet");
  for (const { job, step, log } of found) {
    if (found.length > 1) output.answer(heading(output, job, step));
    output.raw(endLine(escapeLog(log)));
  }
}

/** Reads again what may have grown, until the run has ended and its last lines were read. */
async function followLogs(
  { deps, output, signal }: Tools,
  runId: RunId,
  { isWanted, tail }: { readonly isWanted: IsWanted; readonly tail: number | undefined },
): Promise<void> {
  const seen = new Map<string, string>();
  const cleaners = new Map<string, ReturnType<typeof escapeLogPieces>>();
  const finished = new Set<string>();
  let current = "";
  let isLineOpen = false;
  while (true) {
    const run = await deps.client.getRun(runId, { signal });
    for (const { job, step } of stepsOf(run, isWanted)) {
      const key = `${job.name}/${step.index}`;
      if (finished.has(key)) continue;
      const isFirst = !seen.has(key);
      const before = seen.get(key) ?? "";
      // Its state was read before its log: what it says now is all that it will ever say.
      const isLast = step.status !== "running" && step.status !== "pending";
      const read = await readStepLog(deps.client, runId, job.name, step.index, { signal, before });
      if (read !== null) {
        // A character of which the first bytes were written reads as this mark, and as itself the next time.
        const log = isLast ? read : read.replace(/\ufffd$/, "");
        seen.set(key, log);
        const fresh = newText(before, log);
        const clean = cleaners.get(key) ?? escapeLogPieces();
        cleaners.set(key, clean);
        const shown = clean(isFirst && tail !== undefined ? endOf(fresh, tail) : fresh, { isLast });
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

function stepsOf(run: RunDetail, isWanted: IsWanted): { job: Job; step: Step }[] {
  return run.jobs.flatMap((job) => job.steps.filter((step) => isWanted(job, step)).map((step) => ({ job, step })));
}

function heading({ answerStyle }: Output, job: string, step: string): string {
  return answerStyle.bold(`==> ${oneLine(job)} / ${oneLine(step)} <==`);
}

/** Its last lines; a line that goes on stays open. */
function endOf(log: string, tail: number): string {
  const lines = lastLines(log, tail);
  return lines.join("\n") + (lines.length > 0 && log.endsWith("\n") ? "\n" : "");
}

function endLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
