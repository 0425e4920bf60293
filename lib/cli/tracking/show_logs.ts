/** Prints the logs of a run: those so far, or until it ends. */

import { formatDuration } from "../../duration.ts";
import { BadResponse, CredentialError, isTemporary, NotFound, Unavailable } from "../../errors.ts";
import { escapeJson, oneLine } from "../../escape.ts";
import { createLogCleaner, type LogCleaner } from "../../log_text.ts";
import { createLogReader, createTail, type ReadLogOptions, type Tail } from "../../platform/logs.ts";
import type { RunDetail, RunId } from "../../run.ts";
import { missingLogs } from "../../runs/failure.ts";
import { DEFAULT_TRACK } from "../../runs/options.ts";
import { followDelayMs, MAX_RETRY_AFTER_MS } from "../../runs/poll_interval.ts";
import { allSteps, formatPath, isOver, lacksJobs, type PlacedStep } from "../../runs/view.ts";
import type { OpenedCall } from "../command.ts";
import { failureDocument, renderFailure, reportOf } from "../failure_report.ts";
import type { Output } from "../output.ts";

/** What `--tail` keeps in memory for each step, in UTF-16 code units. */
const MAX_TAIL_LENGTH = 8 * 1024 * 1024;

const NO_LOGS_YET = "No logs yet";

type LogCall = Pick<OpenedCall, "deps" | "output" | "signal">;

export interface WantedLogs {
  readonly run: RunDetail;
  readonly isSelected: (placed: PlacedStep) => boolean;
  /** Whether only steps that have failed are selected. */
  readonly isFailedOnly: boolean;
  /** How many lines of each; `undefined` for all. */
  readonly tail: number | undefined;
}

/** @param isByLine Whether its text is cleaned a line at a time. */
function openLog(
  { deps, output }: LogCall,
  { runId, placed, tail, isByLine }: { runId: RunId; placed: PlacedStep; tail: number | undefined; isByLine: boolean },
) {
  const reader = createLogReader(deps.client, { runId, path: placed.step.logPath });
  const cleaner = createLogCleaner({ mayColor: output.mayColorLogs, isByLine });
  // A document has the text as it was written.
  const clean: LogCleaner = output.mode === "json" ? (piece) => piece : cleaner;
  /** Until its beginning was read: then only the last lines are shown. */
  const tailOf: Tail | null = tail === undefined ? null : createTail(tail, MAX_TAIL_LENGTH);
  return { placed, reader, clean, tail: tailOf, gaps: 0, isFinished: false };
}

type OpenLog = ReturnType<typeof openLog>;

/** What was added to a log since it was last read. After an error, the next call continues. */
async function* newText(log: OpenLog, options: ReadLogOptions): AsyncGenerator<string, void> {
  for await (const piece of log.reader.readNew(options)) {
    if (log.tail === null) yield log.clean(piece);
    else log.tail.add(log.clean(piece));
  }
  const rest = options.isLast === true ? log.clean("", { isLast: true }) : "";
  if (log.tail === null || !log.reader.isPresent()) return yield rest;
  log.tail.add(rest);
  yield log.tail.text();
  log.tail = null;
}

/** Prints the logs so far. @returns The exit code. */
export async function printLogs(
  call: LogCall,
  runId: RunId,
  { run, isSelected, isFailedOnly, tail }: WantedLogs,
): Promise<number> {
  const { output, signal } = call;
  const isByLine = tail !== undefined;
  const logs = allSteps(run.jobs).filter(isSelected).map((placed) => openLog(call, { runId, placed, tail, isByLine }));
  if (output.mode === "json") {
    const exitCode = await printDocument(output, logs, signal);
    // What follows was not read.
    if (exitCode !== 0) return exitCode;
  } else if (logs.length === 0) output.log("INFO", noLogs(run, isFailedOnly));
  else await printText(output, logs, signal);
  for (const { placed, reader } of logs) if (!reader.isPresent()) warnOfMissingLogs(output, placed);
  return 0;
}

function warnOfGap(output: Output, log: OpenLog): void {
  const { path, step } = log.placed;
  log.gaps = log.reader.gaps();
  const why = "lines are missing, because the log was rotated more than once since it was read";
  output.log("WARNING", `${oneLine(formatPath([...path, step.name]))}: ${why}`);
}

function noLogs(run: RunDetail, isFailedOnly: boolean): string {
  if (!isFailedOnly) return NO_LOGS_YET;
  return isOver(run) ? "No step failed" : "No step has failed so far";
}

function warnOfMissingLogs(output: Output, { path, step }: PlacedStep): void {
  if (!lacksJobs(step) || step.status === "pending" || step.status.startsWith("skipped")) return;
  output.log("WARNING", `${oneLine(formatPath([...path, step.name]))}: ${oneLine(missingLogs(step))}`);
}

/** A heading precedes each log if there is more than one: each is printed once the next one has begun. */
async function printText(output: Output, logs: readonly OpenLog[], signal: AbortSignal): Promise<void> {
  const writer = lineWriter(output);
  const begun = begunLogs(logs, signal);
  let next = await begun.next();
  if (next.done) return output.log("INFO", NO_LOGS_YET);
  let hasHeadings = false;
  while (!next.done) {
    const { placed, texts } = next.value;
    next = await begun.next();
    hasHeadings ||= !next.done;
    if (hasHeadings) output.answer(heading(output, placed));
    for await (const text of texts) writer.show(text);
    writer.endLine();
  }
}

function lineWriter(output: Output) {
  let isLineOpen = false;
  return {
    show(text: string): void {
      output.logText(text);
      if (text !== "") isLineOpen = !text.endsWith("\n");
    },
    /** What is printed next begins on a new line. */
    endLine(): void {
      if (isLineOpen) output.raw("\n");
      isLineOpen = false;
    },
  };
}

/** One document, written as the logs arrive: an error after its beginning is its last item. @returns The exit code. */
async function printDocument(output: Output, logs: readonly OpenLog[], signal: AbortSignal): Promise<number> {
  let separator = "[\n";
  let end = "";
  try {
    for await (const { placed: { path, job, step: { name, status } }, texts } of begunLogs(logs, signal)) {
      const members = Object.entries({ job: job.name, step: name, status, path }).map(([name, value]) =>
        `    "${name}": ${json(value)},\n`
      );
      output.raw(`${separator}  {\n${members.join("")}    "log": "`);
      separator = ",\n";
      end = '"\n  }';
      for await (const text of texts) output.raw(json(text).slice(1, -1));
      output.raw(end);
      end = "";
    }
  } catch (error) {
    if (separator === "[\n") throw error;
    const failure = reportOf(error);
    output.raw(`${end}${separator}${escapeJson(JSON.stringify(failureDocument(failure)))}\n]\n`);
    output.log("ERROR", await renderFailure(failure, output.style));
    return failure.exitCode;
  }
  output.raw(separator === "[\n" ? "[]\n" : "\n]\n");
  return 0;
}

function json(value: string | readonly string[]): string {
  return escapeJson(JSON.stringify(value));
}

/** Requests each log and waits for its beginning. Leaves out steps that have not written anything yet. */
async function* begunLogs(logs: readonly OpenLog[], signal: AbortSignal) {
  for (const log of logs) {
    const texts = newText(log, { signal, isLast: true });
    const first = await texts.next();
    if (log.reader.isPresent()) yield { placed: log.placed, texts: continued(first, texts) };
  }
}

async function* continued(first: IteratorResult<string, void>, rest: AsyncGenerator<string, void>) {
  if (!first.done) yield first.value;
  yield* rest;
}

/** Of steps, in the platform's terms. One with another status, or without one, may not have started yet. */
const ENDED = /^(completed|error|failed|cancell?ed|skipped|skipped-failed)$/;

/**
 * Reads the logs again and again until the run has ended and its last lines are printed.
 *
 * @throws The last error of an outage that takes longer than a wait for a run allows by default.
 */
export async function followLogs(
  call: LogCall,
  runId: RunId,
  { isSelected, isFailedOnly, tail }: WantedLogs,
): Promise<void> {
  const { deps, output, signal } = call;
  const followed = new Map<string, OpenLog>();
  const writer = lineWriter(output);
  let current = "";
  let hasGrown = false;
  let delayMs = 0;
  let lostAtMs: number | null = null;
  /** @returns Whether the run has ended. After an error, the next call continues. */
  const readNew = async (): Promise<boolean> => {
    const retry = lostAtMs === null ? "some" : "none";
    const run = await deps.client.getRun(runId, { signal, retry });
    const hasEnded = isOver(run);
    for (const placed of allSteps(run.jobs).filter(isSelected)) {
      const { step } = placed;
      const key = step.logPath;
      const known = followed.get(key);
      // A server may show a log late: one that was missing at the end of its step is read once more at the end of the run.
      const isRead = known?.isFinished === true && (!hasEnded || known.reader.isPresent());
      // A step that has not started has no log.
      if (isRead || step.status === "pending") continue;
      const log = known ?? openLog(call, { runId, placed, tail, isByLine: false });
      followed.set(key, log);
      // The status was read before the log, so the log of a finished step is complete.
      const isLast = hasEnded || ENDED.test(step.status);
      for await (const text of newText(log, { signal, isLast, retry })) {
        if (text === "") continue;
        hasGrown = true;
        if (log.reader.gaps() > log.gaps) warnOfGap(output, log);
        if (key !== current) {
          writer.endLine();
          output.answer(heading(output, placed));
          current = key;
        }
        writer.show(text);
      }
      log.isFinished = isLast;
      if (hasEnded && !log.reader.isPresent()) warnOfMissingLogs(output, placed);
    }
    if (hasEnded && followed.size === 0) output.log("INFO", noLogs(run, isFailedOnly));
    return hasEnded;
  };
  while (true) {
    const startMs = deps.clock.monotonic();
    hasGrown = false;
    let retryAfterMs = 0;
    try {
      const hasEnded = await readNew();
      if (lostAtMs !== null) {
        output.log("INFO", `Connection restored after ${formatDuration(deps.clock.monotonic() - lostAtMs)}`);
      }
      lostAtMs = null;
      if (hasEnded) break;
    } catch (error) {
      // Like a poll: a page of a gateway, for example, is no answer of the server, nor is one refusal or 404 the last word.
      const isFirst = lostAtMs === null && (error instanceof CredentialError || error instanceof NotFound);
      if (!isTemporary(error) && !(error instanceof BadResponse) && !isFirst) throw error;
      if (lostAtMs === null) output.log("WARNING", `Connection lost, still trying: ${oneLine(error.message)}`);
      lostAtMs ??= startMs;
      if (deps.clock.monotonic() - lostAtMs >= DEFAULT_TRACK.unreachableTimeoutMs) throw error;
      if (error instanceof Unavailable) retryAfterMs = Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
    }
    delayMs = followDelayMs(delayMs, { hasGrown, tookMs: deps.clock.monotonic() - startMs });
    await deps.clock.sleep(Math.max(delayMs, retryAfterMs), { signal });
  }
  writer.endLine();
}

function heading({ answerStyle }: Output, { path, step }: PlacedStep): string {
  return answerStyle.bold(`==> ${oneLine(formatPath([...path, step.name]))} <==`);
}
