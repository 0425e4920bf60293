/** Cases as `name:seconds`, `?` for one that has not passed before, `<a` for one that needs a, `!x` for the lock x. */

import assert from "node:assert/strict";
import { estimateOf, type ExpectedCase } from "../../lib/suites/estimate.ts";

function casesOf(text: string): readonly ExpectedCase[] {
  return text.split(" ").map((word) => {
    const [, name = "", seconds, need, lock] = /^(\w+):(\d+|\?)(?:<(\w+))?(?:!(\w+))?$/.exec(word) ?? [];
    return {
      id: name,
      name,
      suite: "nightly",
      needs: need === undefined ? [] : [{ id: need, when: "passed" }],
      locks: lock === undefined ? [] : [lock],
      usualSeconds: seconds === "?" ? null : Number(seconds),
    };
  });
}

for (
  const [cases, jobs, runSeconds, wallSeconds, unknownCount] of [
    ["a:60", 8, 60, 60, 0],
    ["a:60 b:30 c:10", 8, 100, 60, 0],
    ["a:60 b:30 c:10", 1, 100, 100, 0],
    ["a:60 b:30 c:10", 2, 100, 60, 0],
    ["b:30 c:10 a:60", 2, 100, 70, 0],
    ["a:60 b:30<a", 8, 90, 90, 0],
    ["b:30<a a:60", 8, 90, 90, 0],
    ["a:60!x b:30!x c:10", 8, 100, 90, 0],
    ["a:60 b:?", 8, 60, 60, 1],
    ["a:? b:?", 8, 0, 0, 2],
    ["a:? b:30<a", 8, 30, 30, 1],
    ["a:60<elsewhere", 8, 60, 60, 0],
  ] as const
) {
  Deno.test(`${cases} with ${jobs} at once: ${runSeconds} s, ${wallSeconds} s until the end, ${unknownCount} unknown`, () => {
    const estimate = estimateOf(casesOf(cases), jobs);
    assert.deepEqual(
      [estimate.runSeconds, estimate.wallSeconds, estimate.unknownCount, estimate.jobs],
      [runSeconds, wallSeconds, unknownCount, jobs],
    );
  });
}

Deno.test("the five dearest cases are named, the longest first", () => {
  const { dearest } = estimateOf(casesOf("a:1 b:6 c:5 d:2 e:? f:4 g:3"), 8);
  assert.deepEqual(dearest.map(({ name, usualSeconds }) => `${name} ${usualSeconds}`), [
    "b 6",
    "c 5",
    "f 4",
    "g 3",
    "d 2",
  ]);
});
