import assert from "node:assert/strict";
import type { Json } from "../../lib/json.ts";
import { evaluateCondition, evaluateExpression, substituteExpressions } from "../../lib/simulator/expressions.ts";

const SCOPE = {
  inputs: { name: "ada", count: 3, is_on: true, empty: "", rows: [{ id: 7 }], group: { deep: "down" } },
  always: true,
  completed: false,
};

const VALUES: readonly (readonly [string, Json])[] = [
  ["inputs.name", "ada"],
  ["inputs.group.deep", "down"],
  ["inputs.rows.0.id", 7],
  ["inputs.nothing.deeper", null],
  ["'text'", "text"],
  ["-2.5", -2.5],
  ["true", true],
  ["inputs.count == 3", true],
  ["inputs.name != 'ada'", false],
  ["!inputs.empty", true],
  ["inputs.is_on && inputs.name", "ada"],
  ["inputs.empty || 'else'", "else"],
  ["inputs.is_on ? 'yes' : 'no'", "yes"],
  ["!(completed || always)", false],
];

for (const [expression, value] of VALUES) {
  Deno.test(`${expression} is ${JSON.stringify(value)}`, () =>
    assert.deepEqual(evaluateExpression(expression, SCOPE), value));
}

for (const expression of ["", "nowhere.x", "inputs.name ==", "(always", "always always", "inputs.is_on ? 1", "@"]) {
  Deno.test(`${JSON.stringify(expression)} is refused with the platform's message`, () => {
    assert.throws(() => evaluateExpression(expression, SCOPE), /^HttpError: Expression Parser Error/);
  });
}

Deno.test("substitute() replaces the expressions in a text by their values", () => {
  const text = "Hello ${{ inputs.name }}, ${{inputs.count}} ${{ inputs.nothing }}${{ inputs.rows }}";
  assert.equal(substituteExpressions(text, SCOPE), 'Hello ada, 3 [{"id":7}]');
});

for (
  const [text, isTrue] of [
    ["${{ always }}", true],
    ["always", true],
    ["${{ !completed }}", true],
    [true, true],
    [undefined, false],
  ] as const
) {
  Deno.test(`the condition ${text} is ${isTrue}`, () => assert.equal(evaluateCondition(text, SCOPE), isTrue));
}
