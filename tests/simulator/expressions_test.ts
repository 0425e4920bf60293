import assert from "node:assert/strict";
import type { Json } from "../../lib/json.ts";
import {
  evaluateCondition,
  evaluateExpression,
  resolveExpressions,
  substituteExpressions,
} from "../../lib/simulator/expressions.ts";

const SCOPE = {
  inputs: {
    name: "ada",
    count: 3,
    is_on: true,
    empty: "",
    rows: [{ id: 7 }],
    group: { deep: "down" },
    tags: ["a", "b"],
    "my-name": { "sub-name": "dashed" },
  },
  always: true,
  completed: false,
  index: 1,
  $: { hidden: true },
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
  ["inputs.my-name.sub-name", "dashed"],
  ["inputs.count - 1", 2],
  ["2 * -3 + inputs.count", -3],
  ["inputs.name + '/x'", "ada/x"],
  ["inputs.nothing - 1", null],
  ["inputs.count >= 3 && inputs.count < 4", true],
  ["inputs.nothing <= 1", false],
  ["inputs.count === 3", true],
  ["inputs.count !== 3", false],
  ["inputs.name != Existing", true],
  ["ada == inputs.name", true],
  ["inputs.nothing ?? 'else'", "else"],
  ["inputs.name includes 'd'", true],
  ["inputs.tags !includes 'b'", false],
  ["'b' in inputs.tags", true],
  ["inputs.name !in inputs.tags", true],
  ["inputs.nothing includes 'x'", false],
  ["inputs.rows get 0 get id", 7],
  ["['a', 'b', 'c'] get 0:(inputs.count - 1)", ["a", "b"]],
  [".hidden && 'shown' || ''", "shown"],
  ["!.hidden", false],
  ["inputs.tags.[index]", "b"],
  ["inputs.tags[index] == b", true],
  ["'it''s'", "it's"],
  ['"say ""hi"" \\"', 'say "hi" \\'],
  ["'a.0 -1 .hidden get 0:1'", "a.0 -1 .hidden get 0:1"],
];

for (const [expression, value] of VALUES) {
  Deno.test(`${expression} is ${JSON.stringify(value)}`, () =>
    assert.deepEqual(evaluateExpression(expression, SCOPE), value));
}

for (
  const expression of [
    "",
    "nowhere.x",
    "inputs.name ==",
    "(always",
    "always always",
    "inputs.is_on ? 1",
    "@",
    "f(1)",
    "a b",
    "1 | 2",
  ]
) {
  Deno.test(`${JSON.stringify(expression)} is refused with the platform's message`, () => {
    assert.throws(() => evaluateExpression(expression, SCOPE), /^HttpError: Expression Parser Error/);
  });
}

Deno.test("substitute() replaces the expressions in a text by their values", () => {
  const text = "Hello ${{ inputs.name }}, ${{inputs.count}} ${{ inputs.nothing }}${{ inputs.rows }}";
  assert.equal(substituteExpressions(text, SCOPE), 'Hello ada, 3 [{"id":7}]');
});

Deno.test("resolveExpressions() keeps the type of a text that is one expression", () => {
  const value = {
    a: "${{ inputs.rows }}",
    b: ["n=${{ inputs.count }}", 4],
    c: "${{ inputs.count }}${{ inputs.count }}",
  };
  assert.deepEqual(resolveExpressions(value, SCOPE), { a: [{ id: 7 }], b: ["n=3", 4], c: "33" });
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
