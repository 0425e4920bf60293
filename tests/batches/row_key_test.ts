import assert from "node:assert/strict";
import type { BatchRow } from "../../lib/batch.ts";
import type { JsonObject } from "../../lib/json.ts";
import { rowKeys } from "../../lib/batches/check_rows.ts";

function rowOf(inputs: JsonObject, parts: Partial<BatchRow> = {}): BatchRow {
  const nothing = { id: null, displayName: null, tags: [], locks: [] };
  return { row: 1, place: "", label: "", workflow: "solve", inputs, ...nothing, ...parts };
}

Deno.test("equal rows have different keys, which do not depend on the rows around them", async () => {
  const [a, b] = [rowOf({ n: 1, m: { x: 1, y: [2] } }), rowOf({ n: 2 })];
  const [first, second, other] = await rowKeys({ name: "sweep", rows: [a, a, b] });
  assert.equal(new Set([first, second, other]).size, 3);
  assert.deepEqual(await rowKeys({ name: "sweep", rows: [b, a, b, a] }).then((keys) => [keys[0], keys[1], keys[3]]), [
    other,
    first,
    second,
  ]);
});

Deno.test("a row's key depends on batch, workflow and inputs, not on the order of members, labels or tags", async () => {
  const keyOf = async (row: BatchRow, name = "sweep") => (await rowKeys({ name, rows: [row] }))[0];
  const key = await keyOf(rowOf({ n: 1, m: { x: 1, y: 2 } }));
  assert.equal(await keyOf(rowOf({ m: { y: 2, x: 1 }, n: 1 }, { label: "b", tags: ["t"], row: 7 })), key);
  assert.notEqual(await keyOf(rowOf({ n: 1, m: { x: 1, y: 2 } }), "other"), key);
  assert.notEqual(await keyOf(rowOf({ n: 1, m: { x: 1, y: 2 } }, { workflow: "mesh" })), key);
  assert.notEqual(await keyOf(rowOf({ n: "1", m: { x: 1, y: 2 } })), key);
});
