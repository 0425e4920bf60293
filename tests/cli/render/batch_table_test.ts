import assert from "node:assert/strict";
import type { FailureGroup } from "../../../lib/batches/failure_groups.ts";
import { type BatchTableState, renderBatchTable } from "../../../lib/cli/render/batch_table.ts";
import { styleFor } from "../../../lib/cli/terminal/style.ts";
import { textWidth } from "../../../lib/cli/terminal/text_width.ts";
import { aState } from "./support/batch_state.ts";

const style = styleFor(false);
const render = (state: BatchTableState, columns = 80, rows = 24) => renderBatchTable(state, { columns, rows, style });
const rowNumbers = (text: string) => [...text.matchAll(/^(\d+) {2,}\w+/gm)].map(([, row]) => Number(row));

Deno.test("a small batch shows its totals, every row in the order of the file, and its failures", () => {
  assert.equal(
    render(aState(5)).text,
    [
      "sweep \u00b7 12m 04s \u00b7 as of 3s ago",
      `${"\u2501".repeat(26)}${"\u254d".repeat(27)}${"\u2500".repeat(15)} 2 of 5 done`,
      "2 running \u00b7 1 waiting \u00b7 1 failed \u00b7 40m\u201355m left",
      "ROW  STATUS     TOOK    LABEL                            DETAIL",
      "1    completed  1m 00s  mesh.size=0.001 solver=fast",
      "2    failed     1m 01s  mesh.size=0.002 solver=accurate  node 17 lost",
      '3    running    1m 02s  mesh.size=0.003 solver=fast      2/3 "run mpi"',
      '4    running    1m 03s  mesh.size=0.004 solver=accurate  2/3 "run mpi"',
      "5    waiting            mesh.size=0.005 solver=fast",
      '1 \u00d7 "node 17 lost" (row 2)',
      "q detach  f failed  +/- at once (8)",
    ].join("\n"),
  );
});

for (const columns of [120, 80, 50]) {
  for (const rows of [40, 24, 12]) {
    for (const count of [5, 50, 1_000]) {
      for (const shows of ["changed", "failed"] as const) {
        Deno.test(`${count} rows, ${shows}, fit into ${columns} columns and ${rows} lines`, () => {
          const odd = { notes: ["Slowed down: the server refuses more requests ".repeat(3)], isConnectionLost: true };
          const { text } = render(aState(count, { ...odd, view: { shows, scroll: 0 } }), columns, rows);
          for (const line of text.split("\n")) assert.ok(textWidth(line) <= columns, line);
          assert.ok(text.split("\n").length < rows, text);
          if (count > 5) assert.match(text, /^\d+ +failed.*mesh|^\d+ +running\?/m);
          assert.match(text, / of [\d,]+ done$/m);
          assert.match(text, /q detach/);
        });
      }
    }
  }
}

for (const [columns, rows] of [[36, 8], [30, 4], [200, 6]] as const) {
  Deno.test(`in a terminal of ${columns} columns and ${rows} lines nothing wraps or scrolls`, () => {
    for (const name of ["sweep", "a-long-name-of-a-batch-".repeat(9)]) {
      const { text } = render(aState(50, { isConnectionLost: true, ageMs: 130_000, name }), columns, rows);
      for (const line of text.split("\n")) assert.ok(textWidth(line) <= columns, line);
      assert.ok(text.split("\n").length < rows, text);
    }
  });
}

for (const columns of [120, 80, 50, 20]) {
  Deno.test(`of ${columns} columns, the bar takes no more where one row failed, one is running and one waits`, () => {
    const state = aState(300);
    const statuses = ["failed", "running", "waiting"] as const;
    const rows = state.rows.map((row, index) => ({ ...row, status: statuses[index] ?? "completed" as const }));
    const bar = render({ ...state, rows }, columns).text.split("\n").find((line) => line.endsWith(" 298 of 300 done"));
    assert.equal(textWidth(bar ?? ""), columns);
    assert.match(bar ?? "", /^\u2501{2,}\u254d\u2500 /);
  });
}

Deno.test("what does not fit is sorted by its last change, and rows that were not submitted come last", () => {
  const { text, maxScroll, pageSize } = render(aState(1_000));
  assert.deepEqual(rowNumbers(text), [...Array(pageSize).keys()].map((index) => 508 - index));
  assert.equal(maxScroll, 1_000 - pageSize);
  const end = render(aState(1_000, { view: { shows: "changed", scroll: maxScroll } }));
  assert.equal(rowNumbers(end.text).at(-1), 1_000);
  assert.match(end.text, /^986\u20131,000 of 1,000 {2}q/m);
});

Deno.test("scrolling past the end shows the end", () => {
  const state = aState(1_000, { view: { shows: "changed", scroll: 5_000 } });
  assert.equal(rowNumbers(render(state).text).at(-1), 1_000);
});

Deno.test("the failed rows are in the order of the file, with their reason", () => {
  const { text } = render(aState(1_000, { view: { shows: "failed", scroll: 2 } }), 120);
  assert.deepEqual(rowNumbers(text).slice(0, 3), [22, 32, 42]);
  assert.match(text, /^32 .*node 17 lost$/m);
  assert.doesNotMatch(text, /completed {2}/);
});

Deno.test("without failures, the view of failed rows has a line for that", () => {
  const rows = aState(5).rows.map((row) => ({ ...row, status: "completed" as const, detail: "" }));
  const { text } = render(aState(5, { rows, failureGroups: [], view: { shows: "failed", scroll: 0 } }));
  assert.match(text, /^No row has failed$/m);
});

Deno.test("many groups of failures are counted, so that rows stay visible", () => {
  const groups = Array.from(
    { length: 30 },
    (_, index): FailureGroup => ({ error: `e${"x".repeat(index)}`, rows: [index] }),
  );
  const { text, pageSize } = render(aState(1_000, { failureGroups: groups }));
  assert.match(text, /^\u2026 and 27 \u00d7 27 other errors$/m);
  assert.ok(pageSize >= 10);
});

Deno.test("a cut error leaves room for the rows that have it", () => {
  const failureGroups = [{ error: "the solver ended ".repeat(9).trim(), rows: [3, 7, 8, 9, 12, 20] }];
  assert.match(
    render(aState(5, { failureGroups }), 50).text,
    /^1?6 \u00d7 "the solver .*\u2026" \(rows 3, 7\u20139, 12, \u2026\)$/m,
  );
});

Deno.test("with the connection lost, running rows have a question mark, and the age is shown", () => {
  const { text } = render(aState(5, { isConnectionLost: true, ageMs: 130_000 }));
  assert.match(text, /\u00b7 connection lost \u00b7 as of 2m 10s ago$/m);
  assert.match(text, /^3 +running\? /m);
  assert.match(text, /^1 +completed {2}/m);
});

Deno.test("a bar shows even one failure among thousands, and is full at the end", () => {
  const rows = aState(2).rows.slice(0, 1);
  const many = Array.from({ length: 5_000 }, (_, index) => ({
    ...rows[0] ?? assert.fail(),
    row: index + 1,
    status: index === 7 ? "failed" as const : "completed" as const,
  }));
  const [, bar = ""] = renderBatchTable(aState(2, { rows: many }), { columns: 80, rows: 24, style: styleFor(true) })
    .text
    .split("\n");
  // deno-lint-ignore no-control-regex -- the bar is colored
  assert.match(bar, /^\u001b\[32m\u2501+\u001b\[39m\u001b\[31m\u2501\u001b\[39m 5,000 of 5,000 done$/);
  // deno-lint-ignore no-control-regex -- the bar is colored
  assert.equal(bar.replaceAll(/\u001b\[\d+m/g, "").length, 80);
});

Deno.test("control characters in labels and errors are escaped before anything is cut", () => {
  const state = aState(5);
  const rows = state.rows.map((row) => ({
    ...row,
    label: `\u001b[2J${"\u0007".repeat(50)}`,
    detail: "\u001b]0;x\u0007",
  }));
  const { text } = render({ ...state, rows, name: "a\u001b[1mb" });
  // deno-lint-ignore no-control-regex -- none may be left
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f]/);
  for (const line of text.split("\n")) assert.ok(textWidth(line) <= 80, line);
});

Deno.test("the table takes 10,000 rows", () => {
  const state = aState(10_000);
  const { maxScroll, pageSize } = render(state);
  assert.equal(maxScroll + pageSize, 10_000);
});
