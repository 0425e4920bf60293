/** Several tracked runs as one table with a summary. Pure. */

import { formatDuration } from "../../duration.ts";
import type { RunEvent } from "../../events.ts";
import type { RunResult } from "../../result.ts";
import type { Layout } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { fitToWidth } from "../terminal/text_width.ts";
import { counted } from "../../text.ts";
import { renderTimeLeft } from "../tracking/run_lines.ts";
import { paintRows, statusSummary } from "./cells.ts";

export type WatchedRun = Readonly<ReturnType<typeof watchedRun>>;

/**
 * One row. What the run is doing is empty if it is unknown.
 *
 * @param seen Its latest status, or its end; `undefined` before the first poll.
 */
export function watchedRun(
  name: string,
  seen: Extract<RunEvent, { type: "status" }> | { readonly type: "finished"; readonly result: RunResult } | undefined,
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
