import assert from "node:assert/strict";
import { renderTable } from "../../../lib/cli/terminal/table.ts";

Deno.test("renderTable() aligns columns by the width of their text on a terminal", () => {
  assert.equal(
    renderTable([["a", "数値", "x"], ["bbb", "c", "y"]], { columns: Infinity }),
    "a    数値  x\nbbb  c     y",
  );
});

Deno.test("renderTable() shortens the last column to fit the available width", () => {
  assert.equal(renderTable([["ab", "a long description"]], { columns: 14 }), "ab  a long de…");
});

Deno.test("renderTable() escapes line breaks and control characters in a cell", () => {
  assert.equal(renderTable([["a\nb", "\u001b[2J"]], { columns: Infinity }).split("\n").length, 1);
});
