/** `deno task mutate` itself: what it plants, and which tests it runs. */

import assert from "node:assert/strict";
import { draw, mutationsOf } from "./mutate/draw.ts";
import { type Fault, planted } from "./mutate/fault.ts";
import { NAMED_FAULTS } from "./mutate/faults.ts";
import { namedMutants, testsOf } from "./mutate/mutants.ts";
import { testOrder } from "./mutate/order.ts";
import { seededRandom } from "./support/seeded_random.ts";

const ROOT = new URL("../", import.meta.url);
const FAULT: Fault = {
  name: "x",
  file: "lib/clock.ts",
  find: "a < b",
  replace: "a > b",
  tests: ["tests/clock_test.ts"],
};

Deno.test("a named fault replaces its place", () => assert.equal(planted(FAULT, "if (a < b) c();"), "if (a > b) c();"));

for (
  const [what, text, parts] of [
    ["whose place is gone", "if (a <= b) c();", {}],
    ["whose place is not unique", "a < b || a < b", {}],
    ["that changes nothing", "a < b", { replace: "a < b" }],
  ] as const
) {
  Deno.test(`a named fault ${what} is an error`, () => {
    assert.throws(() => planted({ ...FAULT, ...parts }, text), /Cannot plant "x"/);
  });
}

Deno.test("all named faults without a place, a file, a test or a name of their own are reported at once", async () => {
  const faults = [FAULT, FAULT, { ...FAULT, name: "y", file: "lib/gone.ts" }, {
    ...FAULT,
    name: "z",
    tests: ["tests/gone"],
  }];
  await assert.rejects(namedMutants(ROOT, faults), /Two faults: "x"\n[^]*plant "x"[^]*plant "y"[^]*plant "z"/);
});

Deno.test("every named fault has its place", async () => {
  await namedMutants(ROOT, NAMED_FAULTS);
});

for (
  const [text, want] of [
    ["a === b;", ["!=="]],
    ["a < b;", [">="]],
    ["a && b;", ["||"]],
    ["a - 1;", ["+"]],
    ['a + "text";', []],
    ["!a;", ["(a)"]],
    ["if (a) b;", ["!(a)"]],
    ["while (true) b;", []],
    ["a ? b : c;", ["!(a)"]],
    ["function f() { return a; }", ["undefined"]],
    ["function f() { return true; }", ["false"]],
    ["function f() { return undefined; }", []],
    ["function f() { return; }", []],
    ["function f() { return event satisfies never; }", []],
    ["const f = () => false;", ["true"]],
    ["const f = () => void g();", []],
    ["f();", [";"]],
    ["await f();", [";"]],
    ["const a = f();", []],
    ["type A = B extends C ? D : E;", []],
  ] as const
) {
  Deno.test(`\`${text}\` has ${want.length === 0 ? "no faults to draw" : `the fault ${want.join()}`}`, () => {
    assert.deepEqual(mutationsOf("lib/x.ts", text).map(({ after }) => after), want);
  });
}

Deno.test("a drawn fault replaces exactly its place, and names its line", () => {
  const text = "const a = 1;\nif (a === 1) f();\n";
  const mutation = mutationsOf("lib/x.ts", text).find(({ kind }) => kind === "operator");
  assert.ok(mutation !== undefined);
  assert.equal(mutation.line, 2);
  assert.equal(text.slice(mutation.start, mutation.end), "===");
});

Deno.test("the same seed draws the same faults, each at most once", () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  const drawn = draw(items, 20, seededRandom(7));
  assert.deepEqual(draw(items, 20, seededRandom(7)), drawn);
  assert.notDeepEqual(draw(items, 20, seededRandom(8)), drawn);
  assert.equal(new Set(drawn).size, 20);
  assert.equal(draw(items, 80, seededRandom(7)).length, 50);
});

for (
  const [file, want] of [
    ["lib/runs/submit.ts", ["tests/runs/submit_test.ts", "tests/runs"]],
    ["lib/runs/submit_step.ts", ["tests/runs"]],
    ["lib/cli/tracking/show_logs.ts", ["tests/cli/tracking", "tests/cli"]],
    ["lib/cli/suite/answer_plan.ts", ["tests/suites", "tests/cli"]],
    ["lib/cli/doctor/probe/checks.ts", ["tests/cli/doctor/probe", "tests/cli/doctor", "tests/cli"]],
  ] as const
) {
  Deno.test(`the tests of ${file} are ${want.join(", then ")}`, async () => {
    assert.deepEqual(await testsOf(ROOT, file), want);
  });
}

Deno.test("the tests that import a file most directly run first, and all others after them", async () => {
  const order = await testOrder(ROOT);
  const first = order("tests/runs", "lib/runs/search.ts");
  assert.equal(first[0], "tests/runs/search_test.ts");
  assert.deepEqual(first.toSorted(), order("tests/runs", "lib/gone.ts"));
  assert.deepEqual(order("tests/clock_test.ts", "lib/runs/search.ts"), ["tests/clock_test.ts"]);
  const elsewhere = order.elsewhere("lib/runs/search.ts", ["tests/runs"]);
  assert.equal(elsewhere.length, 12);
  assert.ok(elsewhere.every((test) => !test.startsWith("tests/runs/")), elsewhere.join());
  assert.deepEqual(order.elsewhere("lib/gone.ts", []), []);
});
