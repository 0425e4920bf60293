import assert from "node:assert/strict";
import * as fc from "./deps/fast_check.ts";
import { formatPath, type InputPath, parsePath } from "../lib/json.ts";

for (
  const [text, want] of [
    ["a", ["a"]],
    ["a.b-c._1", ["a", "b-c", "_1"]],
    ["rows[0].name", ["rows", 0, "name"]],
    ["a[0][12]", ["a", 0, 12]],
    ["a.0", ["a", "0"]],
    ['a["odd name"].b', ["a", "odd name", "b"]],
    ['["a.b"]["\\"]"]', ["a.b", '"]']],
  ] as const satisfies readonly (readonly [string, InputPath])[]
) {
  Deno.test(`${text} is the path ${JSON.stringify(want)}`, () => assert.deepEqual(parsePath(text), want));
}

for (
  const text of [
    "",
    ".",
    "a.",
    ".a",
    "a..b",
    "[0]",
    "a[",
    "a[b]",
    "a[-1]",
    "a b",
    'a["b]',
    'a["\\x"]',
    'a."b"',
    "a[0]b",
  ]
) {
  Deno.test(`${JSON.stringify(text)} is not a path`, () => assert.equal(parsePath(text), undefined));
}

Deno.test("parsePath() is the inverse of formatPath()", () => {
  const name = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: fc.constantFrom(...'ab01-_.[]"\\') }));
  const path = fc.tuple(name, fc.array(fc.oneof(name, fc.integer({ min: 0, max: 99 })), { maxLength: 4 }));
  fc.assert(fc.property(path, ([first, rest]) => {
    assert.deepEqual(parsePath(formatPath([first, ...rest])), [first, ...rest]);
  }));
});
