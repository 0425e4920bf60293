import assert from "node:assert/strict";
import type { Json } from "../../lib/json.ts";
import { compare, type Comparison } from "../../lib/suites/compare.ts";

type Row = readonly [comparison: Comparison, actual: Json | undefined, unmet: string];

/** What is not met, as `path: expected, actual`; empty if all is. */
const ROWS: readonly Row[] = [
  ["ok", "ok", ""],
  ["ok", "OK", 'x: expected "ok", got "OK"'],
  [4, "4", ""],
  [4, "4.0", ""],
  [4, "four", 'x: expected 4, got "four"'],
  ["4", 4, 'x: expected "4", got 4'],
  [true, "true", ""],
  [[1, 2], "[1, 2]", ""],
  [[1, 2], "[1, 3]", "x[1]: expected 2, got 3"],
  [[1, 2], "[1]", "x: expected a list of 2, got a list of 1"],
  [{ equals: { a: 1, b: 2 } }, '{"b":2,"a":1}', ""],
  [{ not: "bad" }, "good", ""],
  [{ not: "bad" }, "bad", 'x: expected not "bad", got "bad"'],
  [{ not: 3 }, "3", 'x: expected not 3, got "3"'],
  [{ min: 3, max: 5 }, "4", ""],
  [{ min: 3 }, "2.9", "x: expected at least 3, got 2.9"],
  [{ max: 5 }, "6", "x: expected at most 5, got 6"],
  [{ min: 3, max: 1 }, "2", "x: expected at least 3, got 2; x: expected at most 1, got 2"],
  [{ min: 1 }, "[1, 0, 2]", "x[1]: expected at least 1, got 0"],
  [{ max: 5 }, "many", 'x: expected at most 5, got "many", not a number'],
  [{ max: 5 }, "[]", "x: expected at most 5, got [], not a number"],
  [{ about: -1.17, within: "0.1%" }, "-1.171", ""],
  [{ about: -1.17, within: "0.1%" }, "-1.18", "x: expected about -1.17, within 0.1%, got -1.18"],
  [{ about: 1, within: 0.1 }, "1.1", ""],
  [{ about: 0, within: "1%" }, "0", ""],
  [{ about: 0, within: "1%" }, "0.001", "x: expected about 0, within 1%, got 0.001"],
  [{ about: [1.5, -2], within: 0.01 }, "[1.501, -2.1]", "x[1]: expected about -2, within 0.01, got -2.1"],
  [{ about: [[1], [2]], within: 0 }, "[[1], [3]]", "x[1][0]: expected about 2, within 0, got 3"],
  [{ about: [1.5], within: 0.1 }, ["1.6"], ""],
  [{ about: [1, 2], within: 1 }, "5", "x: expected a list of 2 numbers, got 5"],
  [{ about: 1, within: 1 }, "NaN", 'x: expected about 1, within 1, got "NaN", not a number'],
  [{ matches: "^ok" }, "first\nok then", ""],
  [{ matches: "^ok$" }, "okay", 'x: expected text that matches ^ok$, got "okay"'],
  [{ contains: ["a", "b"] }, "abc", ""],
  [{ contains: ["a", "z"] }, "abc", 'x: expected text that contains "z", got "abc"'],
  [{ lacks: "Trace" }, "1\nTraceback: x\n2", 'x: expected text without "Trace", got … "Traceback: x" …'],
  [{ exists: true }, "", ""],
  [{ exists: true }, undefined, "x: expected a value, got nothing"],
  [{ exists: false }, undefined, ""],
  [{ exists: false }, "v", 'x: expected no value, got "v"'],
  ["ok", undefined, 'x: expected "ok", got nothing'],
  [{ type: "number" }, "4.5", ""],
  [{ type: "integer" }, "4.5", 'x: expected type integer, got number: "4.5"'],
  [{ type: "integer" }, "4", ""],
  [{ type: "text" }, "4", ""],
  [{ type: "list" }, "[]", ""],
  [{ type: "object" }, "[]", 'x: expected type object, got list: "[]"'],
  [{ type: "null" }, "null", ""],
  [{ type: "boolean" }, "true", ""],
  // As shells and Fortran write numbers.
  [{ about: 0.5, within: 0 }, ".5", ""],
  [{ equals: 0.5 }, "+.5\n", ""],
  [{ min: 5, max: 5 }, "5.", ""],
  [{ type: "number" }, "-.5E+1", ""],
  [{ min: 1 }, ".", 'x: expected at least 1, got ".", not a number'],
  [7, "007", 'x: expected 7, got "007"'],
  // An integer that is rounded would be equal to others.
  [9007199254740992, "9007199254740993", 'x: expected 9007199254740992, got "9007199254740993"'],
  [{ not: 9007199254740992 }, "9007199254740993", ""],
  [9007199254740992, "9007199254740992", ""],
  [{ equals: [9007199254740992] }, "[9007199254740993]", 'x[0]: expected 9007199254740992, got "9007199254740993"'],
  [
    { equals: { a: 9007199254740992 } },
    '{"a": 9007199254740993}',
    'x: expected {"a":9007199254740992}, got {"a":"9007199254740993"}',
  ],
  [{ equals: { a: "9007199254740993" } }, '{"a": 9007199254740993}', ""],
  [{ min: 1, type: "integer" }, "9007199254740993", ""],
  [{ min: 1 }, "[9007199254740993]", ""],
  [{ max: 9007199254740992 }, "9007199254740993", "x: expected at most 9007199254740992, got 9007199254740993"],
  [{ max: 9007199254740992 }, "[9007199254740993]", "x[0]: expected at most 9007199254740992, got 9007199254740993"],
  [{ min: -9007199254740992 }, " -9007199254740993\n", "x: expected at least -9007199254740992, got -9007199254740993"],
  [{ max: 9007199254740994 }, "+9007199254740993", ""],
  [
    { about: 9007199254740992, within: 0 },
    "9007199254740993",
    "x: expected about 9007199254740992, within 0, got 9007199254740993",
  ],
  [
    { about: [9007199254740991], within: 0 },
    "[9007199254740990]",
    "x[0]: expected about 9007199254740991, within 0, got 9007199254740990",
  ],
  [{ about: 9007199254740992, within: 1 }, "9007199254740993", ""],
  [{ type: "list" }, "[9007199254740993]", ""],
  [0.1, "0.1000000000000000055", ""],
  // JSON has no such number: what is read of it must not be taken for another value.
  [{ equals: null }, "1e400", 'x: expected null, got "1e400"'],
  [{ equals: [null] }, "[1e400]", 'x: expected [null], got "[1e400]"'],
  [{ not: null }, "1e400", ""],
  [{ min: 5 }, "1e400", 'x: expected at least 5, got "1e400", not a number'],
  [{ about: [1], within: 1 }, "[1e400]", 'x: expected a list of 1 numbers, got "[1e400]"'],
  [{ equals: null }, -Infinity, 'x: expected null, got "-Infinity"'],
  [{ type: "number" }, "-1e400", 'x: expected type number, got text: "-1e400"'],
];

for (const [comparison, actual, unmet] of ROWS) {
  Deno.test(`${JSON.stringify(comparison)} of ${JSON.stringify(actual)}: ${unmet || "met"}`, () => {
    const results = compare(comparison, actual, "x");
    assert.ok(results.length > 0);
    const lines = results.filter(({ isMet }) => !isMet).map(({ path, expected, actual }) =>
      `${path}: expected ${expected}, got ${actual}`
    );
    assert.equal(lines.join("; "), unmet);
  });
}

Deno.test("what is met is stated once, with all comparisons", () => {
  const all: Comparison = { min: 1, max: 9, type: "integer", not: 3 };
  assert.deepEqual(compare(all, "4", "x"), [
    { path: "x", isMet: true, expected: "not 3, at least 1, at most 9, type integer", actual: '"4"' },
  ]);
});

Deno.test("a long value is shortened", () => {
  const [result] = compare("a", "b".repeat(5_000), "x");
  assert.ok((result?.actual.length ?? 0) < 250);
});
