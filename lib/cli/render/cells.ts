/** What several tables show alike. */

import { oneLine } from "../../escape.ts";
import type { StepPosition } from "../../run.ts";
import { formatPath } from "../../runs/view.ts";
import { counted } from "../../text.ts";
import type { Style } from "../terminal/style.ts";
import { renderTable, type TableOptions } from "../terminal/table.ts";
import { fitToWidth } from "../terminal/text_width.ts";

/** Shortens the workflow of `WORKFLOW#47`, not the number. */
export function fitRunNumber(text: string, cells: number): string {
  const [, name = text, number = ""] = /^(.*)(#\d+)$/.exec(text) ?? [];
  return fitToWidth(name, cells - number.length) + number;
}

/** For a table with a heading, and the status of each row in this column. */
export function paintRows(style: Style, statusColumn?: number): NonNullable<TableOptions["paint"]> {
  return (text, { row, column }) => {
    if (row === 0) return style.dim(text);
    return column === statusColumn ? paintStatus(text, style) : text;
  };
}

export const formatCount = (count: number): string => count.toLocaleString("en-US");

/** `500 rows: 497 completed, 2 failed, 1 waiting`. */
export function statusSummary(noun: string, listed: readonly { readonly status: string }[]): string {
  const parts = [...Map.groupBy(listed, ({ status }) => status)].map(([status, { length }]) =>
    `${formatCount(length)} ${status}`
  );
  return `${counted(listed.length, noun)}: ${parts.join(", ")}`;
}

/** A line per fact that is known; the second one is a status. */
export function renderFacts(facts: readonly (readonly [label: string, fact: string | null])[], style: Style): string {
  return renderTable(facts.flatMap(([label, fact]) => fact === null ? [] : [[label, fact]]), {
    columns: Infinity,
    paint: (text, { row, column }) => row === 1 && column === 1 ? paintStatus(text, style) : text,
  });
}

const STATUS_COLORS: Readonly<Record<string, keyof Style>> = {
  completed: "green",
  failed: "red",
  rejected: "red",
  running: "cyan",
};

/** Paints a status by its first word. */
function paintStatus(text: string, style: Style): string {
  return style[STATUS_COLORS[/^\w*/.exec(text)?.[0] ?? ""] ?? "yellow"](text);
}

/** `step 2/3 "run mpi"`; inside a subworkflow, `step 2/3 "session_runner › ssh_job › run mpi"`. */
export function renderPosition({ path, step, ordinal, total }: StepPosition): string {
  const name = path.length === 1 ? step : formatPath([...path, step]);
  return `step ${ordinal}/${total} "${oneLine(name)}"`;
}
