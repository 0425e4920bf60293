import assert from "node:assert/strict";
import { CURRENT_ROW, evaluateExpression, type ExpressionScope, parseExpression } from "../../lib/inputs/expression.ts";
import { type ExpressionValue, truthOf, UNKNOWN_VALUE } from "../../lib/inputs/operators.ts";

const INPUTS: Readonly<Record<string, ExpressionValue>> = {
  mode: "exact",
  flag: true,
  off: false,
  count: 3,
  empty: "",
  nothing: null,
  list: ["fast", "exact"],
  map: { name: "x" },
  "cluster.scheduler": UNKNOWN_VALUE,
  "with-dash.x_1": "y",
  "rows.#.name": "in this row",
  "rows.0.name": "in row 0",
};

const SCOPE: ExpressionScope = {
  input(reference) {
    const name = reference.map((segment) => segment === CURRENT_ROW ? "#" : segment).join(".");
    return INPUTS[name] ?? null;
  },
  attribute: (name) => name === "hidden" ? true : UNKNOWN_VALUE,
};

for (
  const [text, want] of [
    ["${{ inputs.mode == 'exact' }}", true],
    ['${{ inputs.mode == "fast" }}', false],
    ["${{ inputs.mode != 'exact' }}", false],
    ["${{inputs.mode}}", "exact"],
    ["inputs.flag", true],
    ["${{ !inputs.flag }}", false],
    ["${{ !!inputs.flag }}", true],
    ["${{ !inputs.empty && !inputs.nothing }}", true],
    ["${{ inputs.count > 2 && inputs.count <= 3 }}", true],
    ["${{ inputs.count < 3 || inputs.count >= 4 }}", false],
    ["${{ inputs.count == 3.0 }}", true],
    ["${{ inputs.count == -3 }}", false],
    ["${{ inputs.off || inputs.mode == 'exact' && inputs.flag }}", true],
    ["${{ (inputs.flag || inputs.off) && inputs.off }}", false],
    ["${{ inputs.flag ? inputs.mode : 'none' }}", "exact"],
    ["${{ inputs.off ? 1 : inputs.flag ? 2 : 3 }}", 2],
    ["${{ .hidden }}", true],
    ["${{ !.hidden }}", false],
    ["${{ inputs.with-dash.x_1 == 'y' }}", true],
    ["${{ inputs.rows.[index].name }}", "in this row"],
    ["${{ inputs.rows[index].name }}", "in this row"],
    ["${{ inputs.rows[0].name }}", "in row 0"],
    ["${{ inputs.nothing == null }}", true],
    ["${{ true }}", true],
    // Values that only the platform knows are unknown, and the operators have three-valued logic.
    ["${{ inputs.cluster.scheduler }}", UNKNOWN_VALUE],
    ["${{ !inputs.cluster.scheduler }}", UNKNOWN_VALUE],
    ["${{ inputs.cluster.scheduler == 'slurm' }}", UNKNOWN_VALUE],
    ["${{ inputs.cluster.scheduler && inputs.off }}", false],
    ["${{ inputs.off && inputs.cluster.scheduler }}", false],
    ["${{ inputs.cluster.scheduler || inputs.flag }}", true],
    ["${{ inputs.flag && inputs.cluster.scheduler }}", UNKNOWN_VALUE],
    ["${{ inputs.cluster.scheduler ? 'same' : 'same' }}", "same"],
    ["${{ inputs.cluster.scheduler ? 'one' : 'other' }}", UNKNOWN_VALUE],
    ["${{ org.REGION == 'eu' }}", UNKNOWN_VALUE],
    ["${{ .label }}", UNKNOWN_VALUE],
    // Whether the platform converts values of different types is not known.
    ["${{ inputs.flag == 'true' }}", UNKNOWN_VALUE],
    ["${{ inputs.count == '3' }}", UNKNOWN_VALUE],
    ["${{ inputs.count == '4' }}", false],
    // What is absent equals nothing else.
    ["${{ inputs.nothing == '' }}", false],
    ["${{ inputs.nothing == false }}", false],
    ["${{ inputs.nothing != 'x' }}", true],
    ["${{ inputs.mode < 3 }}", UNKNOWN_VALUE],
    // Bare words are text; text may stand around an expression.
    ["${{ inputs.mode != exact }}", false],
    ["${{ inputs.mode == Existing }}", false],
    ["${{ inputs.mode === 'exact' }}", true],
    ["${{ inputs.count === '3' }}", false],
    ["${{ inputs.mode !== exact }}", false],
    ["${{ inputs.nothing === '' }}", false],
    ["${{ inputs.mode includes 'xac' }}", true],
    ["${{ inputs.mode !includes 'xac' }}", false],
    ["${{ 'exact' in inputs.list }}", true],
    ["${{ inputs.mode !in inputs.list }}", false],
    ["${{ inputs.list includes other }}", false],
    ["${{ inputs.count includes 3 }}", UNKNOWN_VALUE],
    ["${{ inputs.count * 2 + 1 }}", 7],
    ["${{ 1 - inputs.count / 2 }}", -0.5],
    ["${{ inputs.count % 2 == 1 && -inputs.count == -3 }}", true],
    ["${{ inputs.count / 0 }}", UNKNOWN_VALUE],
    ["${{ inputs.mode + '-run' }}", "exact-run"],
    ["${{ inputs.nothing ?? inputs.mode }}", "exact"],
    ["${{ inputs.off ?? inputs.mode }}", false],
    ["${{ inputs.cluster.scheduler ?? 'x' }}", UNKNOWN_VALUE],
    ["${{ inputs.list get 1 }}", "exact"],
    ["${{ inputs.map get name == 'x' }}", true],
    ["run-${{ inputs.mode }}-${{ inputs.count }}.log", "run-exact-3.log"],
    ["${{ inputs.mode }} and ${{ org.REGION }}", UNKNOWN_VALUE],
    // Not supported.
    ["${{ inputs.mode ${{ }}", UNKNOWN_VALUE],
    ["${{ in }}", UNKNOWN_VALUE],
    ["${{ inputs.mode == }}", UNKNOWN_VALUE],
    ["${{ inputs.mode[1:2] }}", UNKNOWN_VALUE],
    ["${{ (inputs.flag }}", UNKNOWN_VALUE],
    ["${{ 'open }}", UNKNOWN_VALUE],
    ["${{ }}", UNKNOWN_VALUE],
    [`\${{ ${"(".repeat(900)}1${")".repeat(900)} }}`, UNKNOWN_VALUE],
    [`\${{ ${"!".repeat(1_001)}inputs.flag }}`, false],
  ] as const
) {
  Deno.test(`${text.slice(0, 80)} is ${String(want)}`, () => {
    assert.equal(evaluateExpression(parseExpression(text), SCOPE), want);
  });
}

Deno.test("a reference to something similar to inputs is external", () => {
  assert.deepEqual(parseExpression("${{ input.mode }}").external, ["input.mode"]);
});

for (
  const [value, want] of [
    [true, true],
    [false, false],
    ["", false],
    ["text", true],
    ["false", undefined],
    [0, false],
    [2, true],
    [null, false],
    [[], true],
    [UNKNOWN_VALUE, undefined],
  ] satisfies [ExpressionValue, boolean | undefined][]
) {
  Deno.test(`truthOf(${value === UNKNOWN_VALUE ? "unknown" : JSON.stringify(value)}) is ${want}`, () => {
    assert.equal(truthOf(value), want);
  });
}
