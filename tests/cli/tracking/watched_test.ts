import assert from "node:assert/strict";
import { renderWatched, type WatchedRun } from "../../../lib/cli/tracking/run_view.ts";
import { styleFor } from "../../../lib/cli/terminal/style.ts";
import { textWidth } from "../../../lib/cli/terminal/text_width.ts";

const style = styleFor(false);
const aRow = (parts: Partial<WatchedRun>): WatchedRun => ({
  name: "quick-abcdefgh",
  status: "running",
  elapsedMs: 5_000,
  detail: "2/3 compute",
  ...parts,
});

Deno.test("renderWatched() prints a line per run, and counts them by status", () => {
  const rows = [
    aRow({}),
    aRow({ name: "b", status: "completed", detail: "" }),
    aRow({ name: "c", status: "waiting", elapsedMs: null, detail: "" }),
    aRow({ name: "d", status: "completed", detail: "" }),
  ];
  assert.equal(
    renderWatched(rows, { style, columns: 80 }),
    [
      "RUN             STATUS     TOOK  STEP",
      "quick-abcdefgh  running    5s    2/3 compute",
      "b               completed  5s",
      "c               waiting",
      "d               completed  5s",
      "4 runs: 1 running, 2 completed, 1 waiting",
    ].join("\n"),
  );
});

Deno.test("without steps there is no heading for them", () => {
  assert.match(renderWatched([aRow({ detail: "" })], { style, columns: 80 }), /^RUN +STATUS +TOOK\n/);
});

for (const rows of [5, 8, 12]) {
  Deno.test(`on a terminal of ${rows} lines, runs that have ended are left out first`, () => {
    const runs = Array.from(
      { length: 20 },
      (_, index) => aRow({ name: `r${index}`, status: index < 18 ? "completed" : "running" }),
    );
    const text = renderWatched(runs, { style, columns: 80, rows });
    assert.ok(text.split("\n").length < rows, text);
    assert.match(text, /^r18 +running/m);
    assert.match(text, /… and \d+ other runs\n20 runs: 18 completed, 2 running$/);
  });
}

Deno.test("at 50 columns, the step gives way before the name", () => {
  const name = "a-workflow-with-abcdefghij234567";
  const text = renderWatched([aRow({ name })], { style, columns: 50 });
  assert.ok(text.includes(`${name}  running`), text);
  for (const line of text.split("\n")) assert.ok(textWidth(line) <= 50, line);
});

Deno.test("no line is wider than the terminal, so that the table can be cleared", () => {
  const statuses = ["running", "running", "waiting", "failed", "completed", "canceling"];
  const rows = statuses.map((status, index) => aRow({ name: `hello-world-${index}`, status, detail: "" }));
  for (const line of renderWatched(rows, { style, columns: 47 }).split("\n")) assert.ok(textWidth(line) <= 47, line);
});
