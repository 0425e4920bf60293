import assert from "node:assert/strict";
import { chunksOf } from "../lib/chunks.ts";

for (
  const [items, want] of [
    [[], []],
    [[1, 2], [[1, 2]]],
    [[1, 2, 3], [[1, 2], [3]]],
  ] as const
) {
  Deno.test(`chunksOf([${items}], 2) is ${JSON.stringify(want)}`, () => assert.deepEqual(chunksOf(items, 2), want));
}
