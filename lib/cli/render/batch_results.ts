/** The results of a batch as a table with a summary. Pure. */

import type { RowResult } from "../../batch.ts";
import { type FailureGroup, failureGroupText } from "../../batches/failure_groups.ts";
import { countsOf } from "../../batches/results.ts";
import { formatDuration } from "../../duration.ts";
import { oneLine } from "../../escape.ts";
import { counted } from "../../text.ts";
import type { Layout } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { fitToWidth, textWidth } from "../terminal/text_width.ts";
import { paintRows } from "./cells.ts";

export function renderBatchResults(
  results: readonly RowResult[],
  groups: readonly FailureGroup[],
  { style, columns }: Layout,
): string {
  const hasAttempts = results.some(({ attempt }) => attempt > 1);
  const hasErrors = results.some(({ error }) => error !== null);
  const table = renderTable(
    [
      ["ROW", "STATUS", "TOOK", hasAttempts ? "ATTEMPT" : "", "LABEL", "RUN", hasErrors ? "ERROR" : ""],
      ...results.map(({ row, status, seconds, attempt, label, run, error }) => [
        String(row),
        status,
        seconds === null ? "" : formatDuration(seconds * 1_000),
        hasAttempts && attempt > 0 ? String(attempt) : "",
        label,
        run ?? "",
        error?.split("\n")[0] ?? "",
      ]),
    ].map((cells) => cells.filter((_, column) => column !== 3 || hasAttempts)),
    {
      columns,
      // The run first, then the label: they are in the JSON.
      optional: hasAttempts ? [5, 3, 2, 6] : [4, 2, 5],
      shortened: hasErrors ? (hasAttempts ? 6 : 5) : hasAttempts ? 4 : 3,
      paint: paintRows(style, 1),
    },
  );
  return [table, ...renderFailureGroups(groups, { style, columns }), batchSummary(results)].join("\n");
}

/** A line per group; empty without failures. The rows of a group stay where its error is cut. */
export function renderFailureGroups(
  groups: readonly FailureGroup[],
  { style, columns }: Layout,
): readonly string[] {
  return groups.map(({ error, rows }) => {
    const lineOf = (text: string, options = {}) => failureGroupText({ error: text, rows }, options);
    const whole = lineOf(oneLine(error));
    if (textWidth(whole) <= columns) return style.red(whole);
    const cells = columns - textWidth(lineOf("", FEW_PARTS));
    return style.red(
      fitToWidth(lineOf(fitToWidth(oneLine(error), Math.max(MIN_ERROR_CELLS, cells)), FEW_PARTS), columns),
    );
  });
}

const FEW_PARTS = { maxParts: 3 };
const MIN_ERROR_CELLS = 12;

/** `500 rows: 497 completed, 2 failed, 1 waiting`. */
export function batchSummary(results: readonly Pick<RowResult, "status">[]): string {
  const counts = Object.entries(countsOf(results));
  const parts = counts.map(([status, count]) => `${count.toLocaleString("en-US")} ${status}`);
  return `${counted(results.length, "row")}: ${parts.join(", ")}`;
}
