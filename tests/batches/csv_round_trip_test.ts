import assert from "node:assert/strict";
import { parseCsv } from "../../lib/batches/csv_rows.ts";
import { resultsCsv } from "../../lib/batches/results.ts";
import { testRandom } from "../support/seeded_random.ts";
import { aResult } from "./support/results.ts";

const PIECES = ["a", '"', ",", ";", "\t", "\n", "\r\n", "\r", " ", "=", "-", "1", "\u00e9", "\ud83d\ude00", "'", ""];

Deno.test("every text of a result is read back from the CSV as it was, but for the apostrophe before a formula", () => {
  const random = testRandom();
  const text = () =>
    Array.from({ length: Math.floor(random() * 6) }, () => PIECES[Math.floor(random() * PIECES.length)]).join("");
  for (let round = 0; round < 500; round++) {
    const [label, output, error] = [text(), text(), text()];
    const { records, problems } = parseCsv(resultsCsv([aResult({ label, outputs: { x: output, y: 1 }, error })]), "");
    assert.deepEqual(problems, []);
    assert.equal(records.length, 2);
    const cells = records[1]?.cells ?? [];
    for (const [cell, want] of [[cells[1], label], [cells[7], output], [cells[9], error]]) {
      assert.ok(
        cell === want || (cell === `'${want}` && /^[=+\-@\t\r]/.test(want ?? "")),
        JSON.stringify([cell, want]),
      );
    }
  }
});

Deno.test("no text makes the reader of CSV fail, loop or lose lines", () => {
  const random = testRandom();
  for (let round = 0; round < 2_000; round++) {
    const text = Array.from({ length: 12 }, () => PIECES[Math.floor(random() * PIECES.length)]).join("");
    const { records } = parseCsv(text, "x.csv");
    const lines = text.split(/\r\n?|\n/).length;
    for (const { line } of records) assert.ok(line >= 1 && line <= lines, JSON.stringify(text));
  }
});
