/** A running batch on a terminal: totals, the rows that changed last, and failures by their reason. Pure. */

import { hasOpenRun } from "../../batch.ts";
import { type FailureGroup, isFailure } from "../../batches/failure_groups.ts";
import { formatDuration } from "../../duration.ts";
import { oneLine } from "../../escape.ts";
import type { RowState } from "../batch/row_states.ts";
import type { Layout } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { fitToWidth, textWidth } from "../terminal/text_width.ts";
import { packed } from "../terminal/wrap.ts";
import { batchTotals, type EstimatedEnd, formatEstimate, renderFailureGroups } from "./batch_lines.ts";
import { formatCount, paintRows } from "./cells.ts";

export interface BatchTableState {
  readonly name: string;
  /** In the order of the file. */
  readonly rows: readonly RowState[];
  readonly nowMs: number;
  readonly elapsedMs: number;
  /** `null` while it cannot be estimated. */
  readonly estimate: EstimatedEnd | null;
  /** How long ago the server reported these states; `null` before the first time. */
  readonly ageMs: number | null;
  /** Then the states of running rows may be outdated. */
  readonly isConnectionLost: boolean;
  /** How many runs at once. */
  readonly jobs: number;
  /** What people should know, like a lower pace: one line each. */
  readonly notes: readonly string[];
  readonly failureGroups: readonly FailureGroup[];
  readonly view: BatchTableView;
}

export interface BatchTableView {
  readonly shows: "changed" | "failed";
  /** How many rows are above the first one that is shown. */
  readonly scroll: number;
}

/** A text of fewer lines than the terminal has, the highest useful scroll, and how many rows are shown. */
export type BatchTable = ReturnType<typeof renderBatchTable>;

const MIN_TABLE_ROWS = 3;

/** What the parts of the table are made of. */
type Parts = BatchTableState & Layout;

export function renderBatchTable(state: BatchTableState, options: Layout & { readonly rows: number }) {
  const { columns, rows: height, style } = options;
  const parts: Parts = { ...state, columns, style };
  const top = [...titleLines(parts), barLine(parts), ...totalLines(parts)];
  const notes = state.notes.map((note) => style.yellow(fitToWidth(oneLine(note), columns)));
  const listed = listedRows(state);
  // The line that the cursor is in, the heading of the table, and the keys.
  const free = Math.max(MIN_TABLE_ROWS, height - top.length - notes.length - 3);
  const groups = groupLines(parts, Math.max(1, Math.floor(free / 4)));
  const pageSize = Math.max(MIN_TABLE_ROWS, free - groups.length);
  const maxScroll = Math.max(0, listed.length - pageSize);
  const scroll = Math.min(state.view.scroll, maxScroll);
  const shown = listed.length <= pageSize
    ? listed.toSorted((a, b) => a.row - b.row)
    : listed.slice(scroll, scroll + pageSize);
  const range = listed.length <= pageSize
    ? ""
    : `${formatCount(scroll + 1)}\u2013${formatCount(scroll + shown.length)} of ${formatCount(listed.length)}`;
  const lines = [...top, ...notes, tableOf(shown, parts), ...groups, keysLine(range, parts)];
  // In a terminal of a few lines, the end gives way: more lines than it has cannot be cleared.
  const text = lines.join("\n").split("\n").slice(0, Math.max(1, height - 1)).join("\n");
  return { text, maxScroll, pageSize };
}

/** `sweep · 12m 04s · as of 3s ago`. */
function titleLines({ name, elapsedMs, ageMs, isConnectionLost, columns, style }: Parts): string[] {
  const parts = [
    style.bold(fitToWidth(oneLine(name), Math.max(8, columns - MAX_TITLE_REST))),
    formatDuration(elapsedMs),
    ...(isConnectionLost ? [style.yellow("connection lost")] : []),
    ...(ageMs === null ? [] : [(isConnectionLost ? style.yellow : style.dim)(`as of ${formatDuration(ageMs)} ago`)]),
  ];
  return packed(parts, " \u00b7 ", columns);
}

/** The time and the age beside a long name. */
const MAX_TITLE_REST = 28;

/** One for each part. */
const MIN_BAR_CELLS = 4;
const BAR = [["green", "\u2501"], ["red", "\u2501"], ["cyan", "\u254d"], ["dim", "\u2500"]] as const;

/** Done, failed, running and waiting rows, in this order; none that occurs is too small to see. */
function barLine({ rows, columns, style }: Parts): string {
  const { done, failed, running, waiting } = batchTotals(rows);
  const text = ` ${formatCount(done)} of ${formatCount(rows.length)} done`;
  const cells = columns - textWidth(text);
  if (cells < MIN_BAR_CELLS) return fitToWidth(text.trimStart(), columns);
  const widths = [done - failed, failed, running, waiting].map((part) =>
    part === 0 ? 0 : Math.max(1, Math.floor(part / rows.length * cells))
  );
  // Rounding leaves some cells, or takes more than there are.
  const excess = widths.reduce((sum, width) => sum + width, 0) - cells;
  const rounded = excess > 0 ? widths.indexOf(Math.max(...widths)) : done === rows.length ? 0 : 3;
  const bar = widths.map((width, index) => index === rounded ? width - excess : width).map((width, index) => {
    const [paint, cell] = BAR[index] ?? BAR[0];
    return style[paint](cell.repeat(width));
  });
  return bar.join("") + text;
}

function totalLines({ rows, estimate, columns, style }: Parts): string[] {
  const { running, waiting, failed, cancelled } = batchTotals(rows);
  const parts = [
    style.cyan(`${formatCount(running)} running`),
    `${formatCount(waiting)} waiting`,
    (failed > 0 ? style.red : style.dim)(`${formatCount(failed)} failed`),
    ...(cancelled > 0 ? [style.yellow(`${formatCount(cancelled)} cancelled`)] : []),
    ...(estimate === null ? [] : [formatEstimate(estimate)]),
  ];
  return packed(parts, " \u00b7 ", columns);
}

/** Those that changed last first, then those that were not submitted; or the failed ones in the order of the file. */
function listedRows({ rows, view }: BatchTableState): readonly RowState[] {
  if (view.shows === "failed") return rows.filter(({ status }) => isFailure(status));
  return rows.toSorted((a, b) => b.changedAtMs - a.changedAtMs || a.row - b.row);
}

function tableOf(shown: readonly RowState[], { rows, nowMs, view, isConnectionLost, columns, style }: Parts): string {
  if (view.shows === "failed" && shown.length === 0) return style.dim("No row has failed");
  const isNarrow = columns < 70;
  const isFailedView = view.shows === "failed";
  // In a narrow terminal, the reason matters most among failed rows, and the label among all.
  const hasTime = !isNarrow || !isFailedView;
  const hasAttempts = !isNarrow && rows.some(({ attempt }) => attempt > 1);
  const hasDetail = !isNarrow || isFailedView;
  const body = shown.map((state) => [
    String(state.row),
    isConnectionLost && hasOpenRun(state.status) ? `${state.status}?` : state.status,
    hasTime ? tookText(state, nowMs) : "",
    hasAttempts && state.attempt > 0 ? String(state.attempt) : "",
    oneLine(state.label),
    hasDetail ? oneLine(state.error?.split("\n")[0] ?? "") : "",
  ]);
  const table = [["ROW", "STATUS", "TOOK", "ATTEMPT", "LABEL", "DETAIL"], ...body];
  // The detail takes what the label leaves, and the label what a short detail leaves.
  const others = [0, 1, 2, 3, 5].filter((column) => body.some((cells) => cells[column]))
    .reduce((sum, column) => sum + Math.max(...table.map((cells) => textWidth(cells[column] ?? "") + 2)), 0);
  const isDetailed = body.some((cells) => cells[5]);
  const maxLabel = isDetailed ? Math.max(12, Math.floor(columns * 0.35), columns - others) : Infinity;
  const fitted = table.map((cells) => cells.with(LABEL, fitToWidth(cells[LABEL] ?? "", maxLabel)));
  return renderTable(fitted, { columns, headings: 1, paint: paintRows(style, 1) });
}

const LABEL = 4;

function tookText({ status, seconds, startedAtMs }: RowState, nowMs: number): string {
  if (seconds !== null) return formatDuration(seconds * 1_000);
  return status === "running" && startedAtMs !== null ? formatDuration(nowMs - startedAtMs) : "";
}

function groupLines({ failureGroups: groups, columns, style }: Parts, max: number): readonly string[] {
  if (groups.length <= max) return renderFailureGroups(groups, { style, columns });
  const others = groups.slice(max - 1);
  const failures = others.reduce((sum, { rows }) => sum + rows.length, 0);
  const more = `\u2026 and ${formatCount(failures)} \u00d7 ${formatCount(others.length)} other errors`;
  return [...renderFailureGroups(groups.slice(0, max - 1), { style, columns }), style.red(fitToWidth(more, columns))];
}

/** The keys that fit, and which rows are shown. */
function keysLine(range: string, { view, jobs, columns, style }: Parts): string {
  const keys = [
    ...(range === "" ? [] : [range]),
    "q detach",
    view.shows === "failed" ? "f all rows" : "f failed",
    ...(range === "" ? [] : ["\u2191\u2193 scroll"]),
    `+/- at once (${jobs})`,
  ];
  return style.dim(packed(keys, "  ", columns)[0] ?? "");
}
