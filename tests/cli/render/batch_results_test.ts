import assert from "node:assert/strict";
import { failureGroups } from "../../../lib/batches/failure_groups.ts";
import { renderBatchResults } from "../../../lib/cli/render/batch_lines.ts";
import { styleFor } from "../../../lib/cli/terminal/style.ts";
import { textWidth } from "../../../lib/cli/terminal/text_width.ts";
import { aResult } from "../../batches/support/results.ts";

const style = styleFor(false);
const RESULTS = [
  aResult({ row: 1, label: "mesh.size=0.1", run: "solve-abcdef", seconds: 65 }),
  aResult({
    row: 2,
    label: "mesh.size=0.2",
    run: "solve-ghijkl",
    status: "failed",
    attempt: 2,
    error: "no license\nmore",
  }),
  aResult({ row: 3, label: "mesh.size=0.3", status: "waiting", attempt: 0 }),
];

Deno.test("the table of results has a line per row, the failures and a summary", () => {
  assert.equal(
    renderBatchResults(RESULTS, failureGroups(RESULTS), { style, columns: 100 }),
    [
      "ROW  STATUS     TOOK    ATTEMPT  LABEL          RUN           ERROR",
      "1    completed  1m 05s  1        mesh.size=0.1  solve-abcdef",
      "2    failed             2        mesh.size=0.2  solve-ghijkl  no license",
      "3    waiting                     mesh.size=0.3",
      '1 \u00d7 "no license" (row 2)',
      "3 rows: 1 completed, 1 failed, 1 waiting",
    ].join("\n"),
  );
});

Deno.test("without retries and errors there are no columns for them", () => {
  const text = renderBatchResults(RESULTS.slice(0, 1), [], { style, columns: 100 });
  assert.match(text, /^ROW +STATUS +TOOK +LABEL +RUN\n/);
});

for (const columns of [50, 80, 120]) {
  Deno.test(`at ${columns} columns no line is wider, and the label stays`, () => {
    const long = RESULTS.map((result) => ({
      ...result,
      error: result.error && "the solver ended with a long message ".repeat(4),
    }));
    const text = renderBatchResults(long, failureGroups(long), { style, columns });
    for (const line of text.split("\n")) assert.ok(textWidth(line) <= columns, line);
    assert.match(text, /mesh\.size=0\.2/);
  });
}
