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

Deno.test("a column without text below the headings is left out, and the others keep their numbers", () => {
  const rows = [["A", "B", "C"], ["a", "", "c"], ["a", "", "a long text"]];
  const paint = (text: string, { column }: { readonly column: number }) => `${column}${text}`;
  assert.equal(renderTable(rows, { columns: Infinity, headings: 1, paint }), "0A  2C\n0a  2c\n0a  2a long text");
  assert.equal(renderTable(rows, { columns: 11, headings: 1 }), "A  C\na  c\na  a long \u2026");
  assert.equal(renderTable([["a", ""], ["", ""]], { columns: Infinity, headings: 0 }), "a\n");
});

Deno.test("renderTable() has room for more rows than a call can have arguments", () => {
  const rows = Array.from({ length: 200_000 }, (_, row) => [`k${row}`, "v"]);
  assert.equal(renderTable(rows, { columns: Infinity }).split("\n").at(-1), "k199999  v");
});
