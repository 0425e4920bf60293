/**
 * Shows the progress of runs: of one in a live line, of several in a table, which both need a terminal; elsewhere a line per
 * change, or JSON Lines.
 */

import type { Clock } from "../../clock.ts";
import type { RunEvent } from "../../events.ts";
import type { RunResult } from "../../result.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import type { Output } from "../output.ts";
import type { OnTimeout } from "./wait_options.ts";
import { renderEventLine, renderStatusLine, renderTimeLeft, type StatusEvent, timeLeftAfter } from "./run_lines.ts";
import { formatDuration } from "../../duration.ts";
import type { Layout } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { fitToWidth } from "../terminal/text_width.ts";
import { counted } from "../../text.ts";
import { paintRows, statusSummary } from "../render/cells.ts";

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

type SeenEvent = StatusEvent | Extract<RunEvent, { type: "finished" }>;

export type ShowRun = (event: RunEvent) => void;

export interface RunViewOptions {
  /** Of the runs; default: there is one. */
  readonly names?: readonly string[];
  /** Default: `keep`. */
  readonly onTimeout?: OnTimeout | undefined;
  /** Clears what is updated in place: a question may follow. */
  readonly signal: AbortSignal;
}

export function viewRuns(output: Output, clock: Clock, { names = [""], onTimeout, signal }: RunViewOptions) {
  const latest: { readonly event: SeenEvent; readonly atMs: number }[] = [];
  /** As it is by now: the time of a run that goes on grows. */
  const now = (index: number): SeenEvent | undefined => {
    const seen = latest[index];
    if (seen?.event.type !== "status") return seen?.event;
    const { event, atMs } = seen;
    const passedMs = clock.monotonic() - atMs;
    return { ...event, elapsedMs: event.elapsedMs + passedMs, timeLeft: timeLeftAfter(event.timeLeft, passedMs) };
  };
  const renderRows = (columns: number, rows: number) =>
    renderWatched(names.map((name, index) => watchedRun(name, now(index))), { style: output.style, columns, rows });
  const renderLine = () => {
    const event = now(0);
    const frame = FRAMES[Math.floor(clock.monotonic() / 1_000) % FRAMES.length];
    return event?.type === "status" ? `${frame} ${renderStatusLine(event)}` : "";
  };
  const isShared = names.length > 1;
  let line = isShared && output.mode === "text" ? output.live(clock, renderRows) : undefined;
  const isTable = line !== undefined;
  const clear = () => {
    line?.[Symbol.dispose]();
    line = undefined;
  };
  signal.addEventListener("abort", clear, { once: true });

  /** @param index Of its name. */
  const showOf = (index = 0): ShowRun => {
    const print = (text: string) => output.log("INFO", isShared ? text.replace(/^/gm, `${names[index]}: `) : text);
    let lastChange = "";
    const showStatus = (event: StatusEvent) => {
      if (!isShared) line ??= output.live(clock, renderLine);
      if (line !== undefined) return line.draw();
      // Without a terminal, print a line only if something besides the time has changed.
      const { platformStatus, position } = event;
      const change = `${platformStatus} ${position?.path.join("/")} ${position?.step}`;
      if (change !== lastChange) print(renderStatusLine(event));
      lastChange = change;
    };
    return (event) => {
      if (output.mode === "events") return output.event(eventDocument(event));
      if (event.type === "status" && (event.status !== "running" || signal.aborted)) return;
      if (event.type === "status" || event.type === "finished") latest[index] = { event, atMs: clock.monotonic() };
      if (isTable && ["started", "status", "finished"].includes(event.type)) return line?.draw();
      if (event.type === "status") return showStatus(event);
      if (event.type === "finished") clear();
      const text = renderEventLine(event, onTimeout);
      if (text !== undefined) print(text);
    };
  };
  return { showOf, [Symbol.dispose]: clear };
}

function eventDocument(event: RunEvent) {
  return { v: 1, ...event, ...(event.type === "finished" ? { result: resultDocument(event.result) } : {}) };
}

/** A result as JSON, with the exit code of the process. */
export function resultDocument(result: RunResult) {
  return { ...result, exitCode: EXIT_CODES[result.kind] };
}

export type WatchedRun = Readonly<ReturnType<typeof watchedRun>>;

/**
 * One row. What the run is doing is empty if it is unknown.
 *
 * @param seen Its latest status, or its end; `undefined` before the first poll.
 */
export function watchedRun(
  name: string,
  seen: StatusEvent | { readonly type: "finished"; readonly result: RunResult } | undefined,
) {
  if (seen?.type !== "status") {
    const { status = "waiting", durationSeconds = null } = seen?.result ?? {};
    return { name, status, elapsedMs: durationSeconds === null ? null : durationSeconds * 1_000, detail: "" };
  }
  const { platformStatus: status, elapsedMs, position, timeLeft } = seen;
  const step = position === null ? [] : [`${position.ordinal}/${position.total} ${position.step}`];
  const detail = [...step, ...(timeLeft === null ? [] : [renderTimeLeft(timeLeft)])].join("  ");
  return { name, status, elapsedMs, detail };
}

/** The heading, the summary and the line below the table. */
const OTHER_ROWS = 3;

/** @param rows The height of the terminal; without it, all runs are shown. */
export function renderWatched(
  runs: readonly WatchedRun[],
  { style, columns, rows = Infinity }: Layout & { readonly rows?: number },
): string {
  const count = Math.max(1, rows - OTHER_ROWS);
  const isCut = runs.length > count;
  // The runs that have ended give way first.
  const byUse = [...runs.filter(isRunning), ...runs.filter((run) => !isRunning(run))];
  const shown = isCut ? byUse.slice(0, count - 1) : runs;
  const table = renderTable([
    ["RUN", "STATUS", "TOOK", "STEP"],
    ...shown.map(({ name, status, elapsedMs, detail }) => [
      name,
      status,
      elapsedMs === null ? "" : formatDuration(elapsedMs),
      detail,
    ]),
  ], { columns, headings: 1, optional: [3, 2], paint: paintRows(style, 1) });
  const hidden = isCut ? [style.dim(`… and ${counted(runs.length - shown.length, "other run")}`)] : [];
  return [table, ...hidden, fitToWidth(statusSummary("run", runs), columns)].join("\n");
}

function isRunning({ status }: WatchedRun): boolean {
  return !["completed", "failed", "cancelled"].includes(status);
}
