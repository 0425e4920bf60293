import assert from "node:assert/strict";
import { UsageError } from "../../lib/errors.ts";
import { formatRows, parseRowNumbers } from "../../lib/batches/row_numbers.ts";

for (
  const [rows, want] of [
    [[3], "3"],
    [[12, 3, 7, 8, 9, 10, 11, 3], "3, 7\u201312"],
    [[1, 2, 4], "1, 2, 4"],
    [[1, 3, 5, 7], "1, 3, \u2026"],
    [[], ""],
  ] as const
) {
  Deno.test(`the rows ${rows} are written ${want}`, () =>
    assert.equal(formatRows(rows, 2 + Number(rows.length < 4)), want));
}

for (
  const [text, want] of [
    ["4,8,15-20", [4, 8, 15, 16, 17, 18, 19, 20]],
    [" 3 , 1 - 2,2", [1, 2, 3]],
    ["7\u20138", [7, 8]],
  ] as const
) {
  Deno.test(`--rows ${text} names ${want}`, () => assert.deepEqual([...parseRowNumbers(text)], want));
}

for (const text of ["", "0", "3-1", "a", "1,,2", "-3", "1.5", "1-9000000"]) {
  Deno.test(`--rows "${text}" is refused`, () => {
    assert.throws(() => parseRowNumbers(text), (error) => error instanceof UsageError);
  });
}
