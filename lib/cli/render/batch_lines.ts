/** A batch in lines: a running one where nothing can be updated in place, and the results as a table with a summary. Pure. */

import { hasOpenRun, type RowResult, type RowStatus } from "../../batch.ts";
import { type FailureGroup, failureGroupText, isFailure } from "../../batches/failure_groups.ts";
import { formatDuration, formatSeconds } from "../../duration.ts";
import { oneLine } from "../../escape.ts";
import type { BatchEvent } from "../../runs/batch_task.ts";
import type { Layout } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { fitToWidth, textWidth } from "../terminal/text_width.ts";
import { formatCount, paintRows, statusSummary } from "./cells.ts";

/** When the batch will have ended: as likely as not, and nine times of ten. */
export interface EstimatedEnd {
  readonly p50Ms: number;
  readonly p90Ms: number;
}

/** How many are done, which is with any status, and how many have each. */
export function batchTotals(rows: readonly { readonly status: RowStatus }[]) {
  const count = (test: (status: RowStatus) => boolean) =>
    rows.reduce((sum, { status }) => sum + Number(test(status)), 0);
  const running = count(hasOpenRun);
  const waiting = count((status) => status === "waiting");
  const cancelled = count((status) => status === "cancelled");
  return { done: rows.length - running - waiting, failed: count(isFailure), cancelled, running, waiting };
}

/** What people should know; `undefined` for what the table or other lines show. */
export function noteOf(event: BatchEvent): string | undefined {
  switch (event.type) {
    case "slowed":
      return `Running ${event.jobs} at a time for now: ${oneLine(event.reason)}`;
    case "poll-delayed":
      return `Server busy, still polling: ${oneLine(event.reason)}`;
    case "connection-lost":
      return `Connection lost, still trying: ${oneLine(event.reason)}`;
    case "connection-restored":
      return "Connection restored";
    case "stopped":
      if (event.reason === "interrupted") return undefined;
      return `Submitting no more runs: ${event.detail ?? event.reason}`;
    default:
      return undefined;
  }
}

/** With more rows, only failures have a line. */
const MAX_ROWS_WITH_LINES = 200;
const COUNT_INTERVAL_MS = 60_000;

/** The line for a row whose run has ended for good; `undefined` if it has none. */
export function endLine(
  { row, label, status, attempt, run, seconds, error }: Omit<RowResult, "workflow" | "tags" | "inputs" | "outputs">,
  { rowCount }: { readonly rowCount: number },
): string | undefined {
  if (rowCount > MAX_ROWS_WITH_LINES && !isFailure(status)) return undefined;
  const took = seconds === null ? "" : ` after ${formatSeconds(seconds)}`;
  const details = [...(run === null ? [] : [run]), ...(attempt > 1 ? [`attempt ${attempt}`] : [])];
  const name = `${oneLine(label)}${details.length === 0 ? "" : ` (${oneLine(details.join(", "))})`}`;
  const reason = error === null ? "" : `: ${oneLine(error.trim().split("\n")[0] ?? "")}`;
  return `Row ${row} ${status}${took}: ${name}${reason}`;
}

/** For batches whose rows have no line each. */
export function isCountLineDue(
  { rowCount, lastAtMs, nowMs }: { readonly rowCount: number; readonly lastAtMs: number; readonly nowMs: number },
): boolean {
  return rowCount > MAX_ROWS_WITH_LINES && nowMs - lastAtMs >= COUNT_INTERVAL_MS;
}

/** `497 of 1,000 done, 8 running, 480 waiting, 12 failed, 40m–55m left`. */
export function countLine(rows: readonly { readonly status: RowStatus }[], estimate: EstimatedEnd | null): string {
  const { done, running, waiting, failed } = batchTotals(rows);
  return [
    `${formatCount(done)} of ${formatCount(rows.length)} done`,
    `${formatCount(running)} running`,
    `${formatCount(waiting)} waiting`,
    `${formatCount(failed)} failed`,
    ...(estimate === null ? [] : [formatEstimate(estimate)]),
  ].join(", ");
}

/** `40m–55m left`, `~40m left`. */
export function formatEstimate({ p50Ms, p90Ms }: EstimatedEnd): string {
  const [likely, late] = [coarse(p50Ms), coarse(p90Ms)];
  return likely === late ? `~${likely} left` : `${likely}\u2013${late} left`;
}

/** Whole minutes from two minutes on. */
function coarse(durationMs: number): string {
  if (durationMs < 120_000) return formatDuration(durationMs);
  return formatDuration(Math.round(durationMs / 60_000) * 60_000).replace(/ 00[sm]$/, "");
}

/** @param layout.leftCount How many more rows the batch has, which were not asked for. */
export function renderBatchResults(
  results: readonly RowResult[],
  groups: readonly FailureGroup[],
  { style, columns, leftCount = 0 }: Layout & { readonly leftCount?: number },
): string {
  const hasAttempts = results.some(({ attempt }) => attempt > 1);
  const table = renderTable(
    [
      ["ROW", "STATUS", "TOOK", "ATTEMPT", "LABEL", "RUN", "ERROR"],
      ...results.map(({ row, status, seconds, attempt, label, run, error }) => [
        String(row),
        status,
        formatSeconds(seconds),
        hasAttempts && attempt > 0 ? String(attempt) : "",
        label,
        run ?? "",
        error?.split("\n")[0] ?? "",
      ]),
    ],
    {
      columns,
      headings: 1,
      // The run first, then the label: they are in the JSON.
      optional: [5, 3, 2, 6],
      shortened: results.some(({ error }) => error !== null) ? 6 : 4,
      paint: paintRows(style, 1),
    },
  );
  const left = Array.from({ length: leftCount }, () => ({ status: "not selected" }));
  const summary = statusSummary("row", [...results, ...left]);
  return [table, ...renderFailureGroups(groups, { style, columns }), summary].join("\n");
}

/** A line per group; empty without failures. The rows of a group stay where its error is cut. */
export function renderFailureGroups(groups: readonly FailureGroup[], { style, columns }: Layout): readonly string[] {
  return groups.map(({ error, rows }) => {
    const lineOf = (error: string, maxParts?: number) => failureGroupText({ error, rows }, maxParts);
    const whole = lineOf(oneLine(error));
    if (textWidth(whole) <= columns) return style.red(whole);
    const cells = Math.max(MIN_ERROR_CELLS, columns - textWidth(lineOf("", FEW_PARTS)));
    return style.red(fitToWidth(lineOf(fitToWidth(oneLine(error), cells), FEW_PARTS), columns));
  });
}

const FEW_PARTS = 3;
const MIN_ERROR_CELLS = 12;
