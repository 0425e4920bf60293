import assert from "node:assert/strict";
import { renderTable } from "../../../lib/cli/terminal/table.ts";

Deno.test("renderTable() lines cells up by the width that a terminal gives them", () => {
  assert.equal(
    renderTable([["a", "数値", "x"], ["bbb", "c", "y"]], { columns: Infinity }),
    "a    数値  x\nbbb  c     y",
  );
});

Deno.test("renderTable() shortens the last column to the terminal's width", () => {
  assert.equal(renderTable([["ab", "a long description"]], { columns: 14 }), "ab  a long de…");
});

Deno.test("renderTable() keeps a cell on its line, whatever it holds", () => {
  assert.equal(renderTable([["a\nb", "\u001b[2J"]], { columns: Infinity }).split("\n").length, 1);
});
