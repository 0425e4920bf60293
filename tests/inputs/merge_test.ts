import assert from "node:assert/strict";
import * as fc from "../deps/fast_check.ts";
import {
  createInputLayer,
  createValueLayer,
  type InputLayer,
  mergeLayers,
  withDefaults,
} from "../../lib/inputs/merge.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import { isObject, type Json, type JsonObject } from "../../lib/json.ts";

const TEXT = { type: "string" };
const GROUP = { type: "group", items: { size: { type: "number", default: 1 } } };
const NAME = fc.constantFrom("alpha", "beta", "gamma", "odd name", "0", "");
const { value: VALUE } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.integer({ min: 0, max: 3 }),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 2 }),
    fc.dictionary(NAME, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const OBJECT = fc.dictionary(NAME, VALUE, { maxKeys: 5, noNullPrototype: true });

/** A simple reference implementation. */
function merged(lower: Json | undefined, higher: Json): Json {
  if (!isObject(lower) || !isObject(higher)) return higher;
  const names = [...new Set([...Object.keys(lower), ...Object.keys(higher)])];
  return Object.fromEntries(names.map((name) => {
    const value = higher[name];
    return [name, value === undefined ? lower[name] ?? null : merged(lower[name], value)];
  }));
}

Deno.test("layers are merged key by key, in order, and never modified", () => {
  fc.assert(
    fc.property(fc.array(OBJECT, { maxLength: 4 }), (values) => {
      const before = JSON.stringify(values);
      const { value } = mergeLayers(values.map((value, index) => createInputLayer(`#${index}`, value)));
      assert.deepEqual(value, values.reduce<Json>(merged, {}));
      assert.equal(JSON.stringify(values), before);
    }),
    { numRuns: 500 },
  );
});

Deno.test("values are set in merged objects without modifying any layer", () => {
  const base: JsonObject = { group: { a: 1, inner: { b: 2 } }, rows: [{ c: 3 }] };
  const other: JsonObject = { group: { inner: { d: 4 } } };
  const before = JSON.stringify([base, other]);
  const { value, layers } = mergeLayers([
    createInputLayer("base", base),
    createInputLayer("other", other),
    setting(["group", "inner", "b"], 5),
    setting(["group", "a"], 6),
    setting(["rows", 0, "c"], 7),
    setting(["rows", 1, "c"], 8),
    setting(["group", "inner"], { e: 9 }),
    setting(["group", "inner", "e"], 10),
  ]);
  assert.deepEqual(value, { group: { a: 6, inner: { b: 5, d: 4, e: 10 } }, rows: [{ c: 7 }, { c: 8 }] });
  assert.equal(JSON.stringify([base, other]), before);
  assert.deepEqual(layers.map((layer) => layer.value), [base, other, 5, 6, 7, 8, { e: 9 }, 10]);
});

for (
  const [what, inputs, want] of [
    [
      "a group that is sent because of them",
      { options: GROUP, note: { type: "string", default: "n", ignore: "${{ !inputs.options }}" } },
      { options: { size: 1 }, note: "n" },
    ],
    [
      "the rows of a list that is one of them",
      {
        rows: {
          type: "list",
          default: [{ name: "a" }],
          template: { name: TEXT, size: { type: "number", default: 1 } },
        },
      },
      { rows: [{ name: "a", size: 1 }] },
    ],
  ] satisfies readonly [string, JsonObject, JsonObject][]
) {
  Deno.test(`defaults are those that the form has with ${what}, as when the inputs are given again`, () => {
    const form = readForm({ on: { execute: { inputs } } });
    assert.ok(form !== null);
    const filled = (given: JsonObject) =>
      withDefaults(mergeLayers([createInputLayer("given", given)]), form, { clusters: [] }).value;
    assert.deepEqual(filled({}), want);
    assert.deepEqual(filled(filled({})), want);
  });
}

Deno.test("an object that occurs twice is copied for each path", () => {
  const shared: JsonObject = { a: 1 };
  const { value } = mergeLayers([createInputLayer("base", { one: shared, two: shared }), setting(["one", "a"], 2)]);
  assert.deepEqual(value, { one: { a: 2 }, two: { a: 1 } });
});

for (const name of ["__proto__", "constructor", "prototype"]) {
  Deno.test(`${name} is refused at any depth, and changes nothing`, () => {
    const value: JsonObject = JSON.parse(`{"a": {"b": {"${name}": {"polluted": true}}}}`);
    for (
      const layers of [[createInputLayer("base", value)], [
        createInputLayer("base", { a: { b: {} } }),
        createInputLayer("higher", value),
      ]]
    ) {
      assert.throws(() => mergeLayers(layers), (error) => {
        assert.ok(error instanceof Error && "problems" in error && Array.isArray(error.problems));
        assert.deepEqual(error.problems.map(({ path, message }) => `${path} ${message}`), [
          `a.b.${name} is a reserved name`,
        ]);
        return true;
      });
    }
    assert.equal(Reflect.get({}, "polluted"), undefined);
  });
}

function setting(path: readonly (string | number)[], value: Json): InputLayer {
  return createValueLayer("-i", path, value);
}
