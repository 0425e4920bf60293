import assert from "node:assert/strict";
import { canonicalJson, type Json, type JsonObject } from "../../lib/json.ts";
import {
  type CurrentRow,
  type EarlierRow,
  matchDocument,
  matchRows,
  reasonOf,
  type RowMatch,
  summaryOfMatch,
} from "../../lib/batches/match_rows.ts";

/** Rows are their inputs: `n`, with `@id` before it. */
type Short = number | readonly [id: string | null, n: Json, workflow?: string];

function current(rows: readonly Short[]): CurrentRow[] {
  return rows.map((short, index) => {
    const [id, n, workflow = "solve"] = typeof short === "number" ? [null, short] as const : short;
    const inputs: JsonObject = { n, same: 1 };
    const contentHash = canonicalJson([workflow, inputs]);
    return { row: index + 1, place: `a.csv:${index + 2}`, id, label: `n=${n}`, workflow, inputs, contentHash };
  });
}

function earlier(rows: readonly Short[]): EarlierRow[] {
  return current(rows).map(({ place: _, ...row }) => ({
    ...row,
    key: `key ${row.row}`,
    status: "completed",
    isInFile: true,
  }));
}

/** `kept 2`: kept, and was row 2. */
function decisions({ rows, gone }: RowMatch): string[] {
  return [
    ...rows.map(({ decision, earlier }) => `${decision}${earlier === null ? "" : ` ${earlier.row}`}`),
    ...gone.map(({ row }) => `gone ${row}`),
  ];
}

for (
  const [name, before, now, want] of [
    ["nothing changed", [1, 2], [1, 2], ["kept 1", "kept 2"]],
    ["the first time", [], [1, 2], ["new", "new"]],
    ["another order", [1, 2, 3], [3, 1, 2], ["kept 3", "kept 1", "kept 2"]],
    ["one in the middle was changed", [1, 2, 3], [1, 9, 3], ["kept 1", "changed 2", "kept 3"]],
    ["the first was changed", [1, 2], [9, 2], ["changed 1", "kept 2"]],
    ["one was added in the middle", [1, 2], [1, 9, 2], ["kept 1", "new", "kept 2"]],
    ["one was removed", [1, 2, 3], [1, 3], ["kept 1", "kept 3", "gone 2"]],
    ["one was removed and two added at the end", [1, 2, 3], [1, 3, 8, 9], ["kept 1", "kept 3", "new", "new", "gone 2"]],
    ["one was replaced by two: none is known to be it", [1, 2, 3], [1, 8, 9, 3], [
      "kept 1",
      "new",
      "new",
      "kept 3",
      "gone 2",
    ]],
    ["two in a row were changed", [1, 2, 3, 4], [1, 8, 9, 4], ["kept 1", "changed 2", "changed 3", "kept 4"]],
    ["equal rows, one of them less", [5, 5, 5], [5, 5], ["kept 1", "kept 2", "gone 3"]],
    ["equal rows, one more", [5, 5], [5, 5, 5], ["kept 1", "kept 2", "new"]],
    ["an id whose inputs changed", [["a", 1], ["b", 2]], [["b", 2], ["a", 7]], ["kept 2", "changed 1"]],
    ["an id wins over equal inputs", [["a", 1], ["b", 2]], [["a", 2], ["b", 1]], ["changed 1", "changed 2"]],
    ["equal inputs with another id are another row", [["a", 1]], [["b", 1]], ["new", "gone 1"]],
    ["other ids beside equal rows without one", [["a", 5], 5, 5], [["b", 5], ["c", 5]], ["kept 2", "kept 3", "gone 1"]],
    ["an id wins over equal inputs without an id", [["a", 1], 2], [["a", 2]], ["changed 1", "gone 2"]],
    ["an id was added to a row", [1, 2], [["a", 1], 2], ["kept 1", "kept 2"]],
    ["an equal row before an id was removed", [5, ["a", 5]], [["a", 5]], ["kept 2", "gone 1"]],
    ["another workflow at the same position is another row", [[null, 1, "solve"]], [[null, 1, "mesh"]], [
      "new",
      "gone 1",
    ]],
    ["another workflow with the same id is the same row", [["a", 1, "solve"]], [["a", 1, "mesh"]], ["changed 1"]],
  ] as const satisfies readonly (readonly [string, readonly Short[], readonly Short[], readonly string[]])[]
) {
  Deno.test(`matchRows(): ${name}`, () => {
    assert.deepEqual(decisions(matchRows(current(now), earlier(before))), want);
  });
}

Deno.test("a row that an earlier edit removed comes back by its content, never by its position, and is not gone again", () => {
  const before = earlier([1, 2, 3]).map((row) => row.row === 2 ? { ...row, isInFile: false } : row);
  assert.deepEqual(decisions(matchRows(current([1, 2, 3]), before)), ["kept 1", "kept 2", "kept 3"]);
  assert.deepEqual(decisions(matchRows(current([1, 9, 3]), before)), ["kept 1", "new", "kept 3"]);
  assert.deepEqual(decisions(matchRows(current([1, 3]), before)), ["kept 1", "kept 3"]);
});

Deno.test("the summary counts, and shows what changed", () => {
  const rows = [...Array(500).keys()];
  const now = rows.filter((n) => n !== 100 && n !== 200).map((n) => n === 300 ? 3_000 : n);
  const match = matchRows(current([...now, 1_001, 1_002, 1_003]), earlier(rows));
  assert.equal(
    summaryOfMatch(match),
    "497 kept \u00b7 3 new \u00b7 2 no longer in the file, left alone \u00b7 1 changed: n 300 \u2192 3000",
  );
  assert.equal(summaryOfMatch(matchRows(current(rows), [])), "500 new");
});

Deno.test("many changes are shortened", () => {
  const match = matchRows(current([11, 12, 13, 14, 15]), earlier([1, 2, 3, 4, 5]));
  assert.equal(summaryOfMatch(match), "5 changed: n 1 \u2192 11; n 2 \u2192 12; n 3 \u2192 13; \u2026");
});

Deno.test("each row has a reason", () => {
  const before: Short[] = [["a", 1], 2, 3, 4];
  const { rows } = matchRows(current([["a", 1], 4, 3, 9, ["b", 8]]), earlier(before));
  assert.deepEqual(rows.map(reasonOf), [
    'same id "a"',
    "same inputs, which was row 4",
    "same inputs",
    "new",
    "new",
  ]);
  const changed = matchRows(current([1, 9]), earlier([1, 2]));
  assert.deepEqual(changed.rows.map(reasonOf), ["same inputs", "same position, n 2 \u2192 9"]);
});

Deno.test("an id names the row that is in the file, and not an earlier version of it", () => {
  const before = earlier([["a", 2], ["a", 1]]).map((row, index) => ({ ...row, isInFile: index === 0 }));
  assert.deepEqual(decisions(matchRows(current([["a", 2]]), before)), ["kept 1"]);
  assert.deepEqual(decisions(matchRows(current([["a", 1]]), before)), ["changed 1"]);
});

Deno.test("a changed secret is not shown, and a value that is new or no longer given is named", () => {
  const [before] = earlier([1]);
  const [now] = current([1]);
  assert.ok(before !== undefined && now !== undefined);
  const secret = matchRows([{ ...now, contentHash: "other" }], [before]);
  assert.deepEqual(secret.rows.map(reasonOf), ["same position, a secret input"]);
  const moved = matchRows([{ ...now, contentHash: "other", inputs: { x: "y".repeat(99), same: 1 } }], [before]);
  assert.equal(
    moved.rows.map(reasonOf).join(),
    `same position, n 1 \u2192 not given, x not given \u2192 "${"y".repeat(38)}\u2026`,
  );
});

Deno.test("the JSON document has the decision and reason of each row", () => {
  const document = matchDocument(matchRows(current([1, 9]), earlier([1, 2, 3])));
  assert.deepEqual(document, {
    summary: "1 kept \u00b7 1 new \u00b7 2 no longer in the file, left alone",
    rows: [
      {
        ...{ row: 1, label: "n=1", place: "a.csv:2", decision: "kept", matchedBy: "content" },
        ...{ earlierRow: 1, earlierStatus: "completed", changes: [], reason: "same inputs" },
      },
      {
        ...{ row: 2, label: "n=9", place: "a.csv:3", decision: "new", matchedBy: null },
        ...{ earlierRow: null, earlierStatus: null, changes: [], reason: "new" },
      },
    ],
    gone: [{ row: 2, label: "n=2", status: "completed" }, { row: 3, label: "n=3", status: "completed" }],
  });
});

Deno.test("matchRows() takes 10,000 equal rows", () => {
  const rows = Array<number>(10_000).fill(1);
  const match = matchRows(current([...rows, 2]), earlier(rows));
  assert.equal(summaryOfMatch(match), "10,000 kept \u00b7 1 new");
});
