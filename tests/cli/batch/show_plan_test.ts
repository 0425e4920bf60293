import assert from "node:assert/strict";
import { matchRows } from "../../../lib/batches/match_rows.ts";
import { renderBatchPlan } from "../../../lib/cli/batch/show_plan.ts";
import { styleFor } from "../../../lib/cli/terminal/style.ts";
import { textWidth } from "../../../lib/cli/terminal/text_width.ts";

const rowOf = (row: number, n: number) => {
  const inputs = { mesh: { size: n } };
  return {
    row,
    place: `a.csv:${row + 1}`,
    id: null,
    label: `mesh.size=${n}`,
    workflow: "solve",
    inputs,
    contentHash: `${n}`,
  };
};
const earlierOf = (row: number, n: number) => {
  return { ...rowOf(row, n), key: `key ${row}`, status: "completed", isInFile: true } as const;
};

const { rows, gone } = matchRows(
  [rowOf(1, 0.1), rowOf(2, 0.3), rowOf(3, 0.4), rowOf(4, 0.5)],
  [earlierOf(1, 0.1), earlierOf(2, 0.2), earlierOf(3, 0.4), earlierOf(4, 0.8), earlierOf(5, 0.9)],
);
const MATCH = {
  rows: rows.map((row) => ({ ...row, action: row.decision === "kept" ? "keep" as const : "submit" as const })),
  gone,
};

Deno.test("the plan has a line per row with what is done and why, then the rows that are gone", () => {
  assert.equal(
    renderBatchPlan(MATCH, { style: styleFor(false), columns: Infinity }),
    [
      "ROW  ACTION  LABEL          WHY",
      "1    keep    mesh.size=0.1  same inputs",
      "2    submit  mesh.size=0.3  same position, mesh.size 0.2 \u2192 0.3",
      "3    keep    mesh.size=0.4  same inputs",
      "4    submit  mesh.size=0.5  new",
      "     leave   mesh.size=0.8  no longer in the file, was row 4 (completed)",
      "     leave   mesh.size=0.9  no longer in the file, was row 5 (completed)",
    ].join("\n"),
  );
});

Deno.test("at 50 columns the reason is cut, not the row", () => {
  const lines = renderBatchPlan(MATCH, { style: styleFor(false), columns: 50 }).split("\n");
  for (const line of lines) assert.ok(textWidth(line) <= 50, line);
  assert.match(lines[2] ?? "", /^2 +submit +mesh\.size=0\.3 +same position/);
});
