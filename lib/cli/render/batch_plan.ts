/** What a batch would do with each row, and why: for `--dry-run`. Pure. */

import { type MatchedRow, reasonOf, type RowMatch } from "../../batches/match_rows.ts";
import type { Layout } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { paintRows } from "./cells.ts";

/** @param actionOf What is done with a row, like `submit`. */
export function renderBatchPlan<Row extends MatchedRow>(
  match: RowMatch<Row>,
  { style, columns, actionOf }: Layout & { readonly actionOf: (row: Row) => string },
): string {
  const rows = match.rows.map((matched) => {
    return [String(matched.row.row), actionOf(matched), matched.row.label, reasonOf(matched)];
  });
  const gone = match.gone.map(({ row, label, status }) => {
    return ["", "leave", label, `no longer in the file, was row ${row} (${status})`];
  });
  return renderTable([["ROW", "ACTION", "LABEL", "WHY"], ...rows, ...gone], {
    columns,
    paint: paintRows(style),
  });
}
