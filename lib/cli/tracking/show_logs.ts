/** Prints the logs of a run: those so far, or until it ends. */

import { formatDuration } from "../../duration.ts";
import { isTemporary, Unavailable } from "../../errors.ts";
import { escapeJson, oneLine } from "../../escape.ts";
import { cleanLines, createLogCleaner, type LogCleaner, type LogTextOptions } from "../../log_text.ts";
import { createLogReader, createTail, lastLines, type LogReader, type Tail } from "../../platform/logs.ts";
import type { RunDetail, RunId } from "../../run.ts";
import { missingLogs } from "../../runs/failure.ts";
import { DEFAULT_TRACK } from "../../runs/options.ts";
import { followDelayMs, MAX_RETRY_AFTER_MS } from "../../runs/poll_interval.ts";
import { allSteps, formatPath, lacksJobs, type PlacedStep } from "../../runs/view.ts";
import type { OpenedCall } from "../command.ts";
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

/** Prints the logs so far. */
export async function printLogs(
  { deps, output, signal }: LogCall,
  runId: RunId,
  { run, isSelected, isFailedOnly, tail }: WantedLogs,
): Promise<void> {
  const logs = allSteps(run.jobs).filter(isSelected).map((placed): PrintedLog => {
    const reader = createLogReader(deps.client, { runId, path: placed.step.logPath });
    return { placed, reader, tail };
  });
  if (output.mode === "json") await printDocument(output, logs, signal);
  else if (logs.length === 0) output.log("INFO", noLogs(run, isFailedOnly));
  else await printText(output, logs, signal);
  for (const { placed, reader } of logs) if (!reader.isPresent()) warnOfMissingLogs(output, placed);
}

function noLogs({ isFinal }: RunDetail, isFailedOnly: boolean): string {
  if (!isFailedOnly) return NO_LOGS_YET;
  return isFinal ? "No step failed" : "No step has failed so far";
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
  if (begun.length === 0 && !hasHeadings) output.log("INFO", NO_LOGS_YET);
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
    const kept = createTail(tail, MAX_TAIL_LENGTH);
    for await (const piece of clean === null ? pieces : cleanLines(pieces, clean)) kept.add(piece);
    const lines = lastLines(kept.text(), tail).map((line) => `${line}\n`);
    return reader.isPresent() ? ReadableStream.from([lines.join("")]) : null;
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

/**
 * Reads the logs again and again until the run has ended and its last lines are printed.
 *
 * @throws The last error of an outage that takes longer than a wait for a run allows by default.
 */
export async function followLogs(
  { deps, output, signal }: LogCall,
  runId: RunId,
  { isSelected, isFailedOnly, tail }: WantedLogs,
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
    if (run.isFinal && followed.size === 0) output.log("INFO", noLogs(run, isFailedOnly));
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

function heading({ answerStyle }: Output, { path, step }: PlacedStep): string {
  return answerStyle.bold(`==> ${oneLine(formatPath([...path, step.name]))} <==`);
}
