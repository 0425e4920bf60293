import { oneLine } from "../../escape.ts";
import { fitToWidth, padToWidth, textWidth } from "./text_width.ts";

export interface TableOptions {
  /** The available width; `Infinity` for no limit. */
  readonly columns: number;
  /** Applied to the padded text of a cell; columns are numbered as in the rows. */
  readonly paint?: (text: string, position: { readonly row: number; readonly column: number }) => string;
  /** How many rows are headings: a column without text below them is left out. By default, none is. */
  readonly headings?: number;
  /** The column that is shortened; by default the last. */
  readonly shortened?: number;
  /** Columns that are left out, the first one first, where shortening is not enough. */
  readonly optional?: readonly number[];
  /** Shortens a cell. By default, the end is cut. */
  readonly fit?: (text: string, cells: number) => string;
}

const GAP = "  ";
const MIN_SHORTENED_CELLS = 8;

/** One line per row, without trailing spaces. */
export function renderTable(rows: readonly (readonly string[])[], options: TableOptions): string {
  const { columns, paint, headings, optional = [], fit = fitToWidth } = options;
  const clean = rows.map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of clean) row.forEach((text, at) => widths[at] = Math.max(widths[at] ?? 0, textWidth(text)));
  const body = headings === undefined ? [] : clean.slice(headings);
  let shown = [...widths.keys()].filter((column) => body.length === 0 || body.some((row) => row[column]));
  const { shortened = shown.at(-1) ?? 0 } = options;
  const available = () => {
    const others = shown.filter((column) => column !== shortened);
    return columns - others.reduce((sum, column) => sum + (widths[column] ?? 0) + GAP.length, 0);
  };
  const isTooWide = () =>
    available() < (shown.includes(shortened) ? Math.min(MIN_SHORTENED_CELLS, widths[shortened] ?? 0) : -GAP.length);
  for (const column of optional) if (isTooWide()) shown = shown.filter((other) => other !== column);
  const cells = Math.max(MIN_SHORTENED_CELLS, available());
  widths[shortened] = Math.min(widths[shortened] ?? 0, cells);
  return clean.map((row, index) =>
    shown.filter((column) => column < row.length).map((column) => {
      const text = row[column] ?? "";
      const fitted = column === shortened && textWidth(text) > cells ? fit(text, cells) : text;
      const padded = column === shown.at(-1) ? fitted : padToWidth(fitted, widths[column] ?? 0);
      return paint === undefined ? padded : paint(padded, { row: index, column });
    }).join(GAP).trimEnd()
  ).join("\n");
}
