import { oneLine } from "../../escape.ts";
import { fitToWidth, padToWidth, textWidth } from "./text_width.ts";

export interface TableOptions {
  /** The available width; `Infinity` for no limit. Only the last column is shortened. */
  readonly columns: number;
  /** Applied to the padded text of a cell. */
  readonly paint?: (text: string, position: { readonly row: number; readonly column: number }) => string;
}

const GAP = "  ";

/** One line per row, without trailing spaces. */
export function renderTable(rows: readonly (readonly string[])[], { columns, paint }: TableOptions): string {
  const clean = rows.map((row) => row.map(oneLine));
  const count = Math.max(0, ...clean.map((row) => row.length));
  const widths = Array.from(
    { length: count },
    (_, column) => Math.max(0, ...clean.map((row) => textWidth(row[column] ?? ""))),
  );
  const fixed = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0);
  const last = Math.max(8, columns - fixed);
  return clean.map((cells, row) =>
    cells.map((cell, column) => {
      const isLast = column === count - 1;
      const text = isLast ? fitToWidth(cell, last) : padToWidth(cell, widths[column] ?? 0);
      return paint === undefined ? text : paint(text, { row, column });
    }).join(GAP).trimEnd()
  ).join("\n");
}
