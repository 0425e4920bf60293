import type { ExplainedInput } from "../../inputs/explain.ts";
import type { Layout } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { fitToWidth } from "../terminal/text_width.ts";

/** At a terminal. A value may be a whole script. */
const MAX_VALUE_CELLS = 40;

/** A line per value: path, value, origin, and the values that it overrides. Pure. */
export function renderExplained(
  rows: readonly ExplainedInput[],
  { style, columns }: Layout,
): string {
  const cells = rows.map(({ path, value, origin, overrode, isSent }) => [
    path,
    columns === Infinity ? JSON.stringify(value) : fitToWidth(JSON.stringify(value), MAX_VALUE_CELLS),
    isSent ? (origin === "default" ? "default, sent" : origin) : `(${origin})`,
    overrode.map(({ value, origin }) => `overrides ${JSON.stringify(value)} from ${origin}`).join(", "),
  ]);
  return renderTable(cells, {
    columns: Infinity,
    paint(text, { row, column }) {
      if (rows[row]?.isSent === false) return style.dim(text);
      return column === 0 ? style.bold(text) : column === 3 ? style.dim(text) : text;
    },
  });
}
