import type { ExplainedInput } from "../../inputs/explain.ts";
import type { Style } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";

/** A line per value: path, value, origin, and the values that it overrides. Pure. */
export function renderExplained(rows: readonly ExplainedInput[], style: Style): string {
  const cells = rows.map(({ path, value, origin, overrode, isSent }) => [
    path,
    JSON.stringify(value),
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
