import assert from "node:assert/strict";
import * as fc from "../deps/fast_check.ts";
import { givenLayer, type InputLayer } from "../../lib/inputs/layers.ts";
import { mergeLayers } from "../../lib/inputs/merge.ts";
import { isObject } from "../../lib/inputs/path.ts";
import type { Json, JsonObject } from "../../lib/json.ts";

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

/** The rule, written as plainly as it goes. */
function merged(under: Json | undefined, over: Json): Json {
  if (!isObject(under) || !isObject(over)) return over;
  const names = [...new Set([...Object.keys(under), ...Object.keys(over)])];
  return Object.fromEntries(names.map((name) => {
    const value = over[name];
    return [name, value === undefined ? under[name] ?? null : merged(under[name], value)];
  }));
}

Deno.test("layers merge key by key, in their order, and stay as they were", () => {
  fc.assert(
    fc.property(fc.array(OBJECT, { maxLength: 4 }), (values) => {
      const before = JSON.stringify(values);
      const { value } = mergeLayers(values.map((value, index) => givenLayer(`#${index}`, value)));
      assert.deepEqual(value, values.reduce<Json>(merged, {}));
      assert.equal(JSON.stringify(values), before);
    }),
    { numRuns: 500 },
  );
});

Deno.test("one value after another is set where an object has been merged, and no layer changes", () => {
  const base: JsonObject = { group: { a: 1, inner: { b: 2 } }, rows: [{ c: 3 }] };
  const other: JsonObject = { group: { inner: { d: 4 } } };
  const before = JSON.stringify([base, other]);
  const { value, layers } = mergeLayers([
    givenLayer("base", base),
    givenLayer("other", other),
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

Deno.test("the same object given twice is not the same place", () => {
  const shared: JsonObject = { a: 1 };
  const { value } = mergeLayers([givenLayer("base", { one: shared, two: shared }), setting(["one", "a"], 2)]);
  assert.deepEqual(value, { one: { a: 2 }, two: { a: 1 } });
});

for (const name of ["__proto__", "constructor", "prototype"]) {
  Deno.test(`${name} is refused however deep in a layer it stands, and changes nothing`, () => {
    const value: JsonObject = JSON.parse(`{"a": {"b": {"${name}": {"polluted": true}}}}`);
    for (
      const layers of [[givenLayer("base", value)], [givenLayer("base", { a: { b: {} } }), givenLayer("over", value)]]
    ) {
      assert.throws(() => mergeLayers(layers), (error) => {
        assert.ok(error instanceof Error && "problems" in error && Array.isArray(error.problems));
        assert.deepEqual(error.problems.map(({ path, message }) => `${path} ${message}`), [
          `a.b.${name} is a name that can't be used`,
        ]);
        return true;
      });
    }
    assert.equal(Reflect.get({}, "polluted"), undefined);
  });
}

function setting(path: readonly (string | number)[], value: Json): InputLayer {
  return { type: "value", origin: "-i", path, value, isUntyped: false, isSecret: false };
}
