import assert from "node:assert/strict";
import { renderExplained } from "../../../lib/cli/commands/inputs.ts";
import { styleFor } from "../../../lib/cli/terminal/style.ts";

const ROW = { origin: "default", overrode: [], isSent: true };

Deno.test("a long value leaves its origin on the same line", () => {
  const rows = [{ ...ROW, path: "run", value: "x".repeat(50) }, { ...ROW, path: "n", value: 4 }];
  const lines = (columns: number) => renderExplained(rows, { style: styleFor(false), columns }).split("\n");
  assert.deepEqual(lines(80), [
    `run  "${"x".repeat(38)}…  default, sent`,
    `n    4${" ".repeat(39)}  default, sent`,
  ]);
  assert.ok(lines(Infinity)[0]?.includes(JSON.stringify(rows[0]?.value)));
});
