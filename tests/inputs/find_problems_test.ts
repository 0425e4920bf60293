import assert from "node:assert/strict";
import { findProblems } from "../../lib/inputs/check.ts";
import { formatPath, type JsonObject } from "../../lib/json.ts";
import { readForm } from "../../lib/inputs/read_form.ts";

const FORM = readForm({
  on: { execute: { inputs: { n: { type: "string" }, partition: { type: "string" } } } },
});

for (
  const [inputs, want] of [
    [{ n: "1", partiton: "debug" }, [
      'invalid partiton: unknown field: did you mean "partition", which is required?',
    ]],
    [{ partition: "debug", x: "1" }, [
      "missing n: is required: give text",
      'unknown x: unknown field: did you mean "n"?',
    ]],
    [{ n: "1", something: "debug" }, [
      "missing partition: is required: give text",
      "unknown something: unknown field",
    ]],
    // Only the first of two similar names replaces the required field.
    [{ n: "1", partiton: "a", partitin: "b" }, [
      'invalid partiton: unknown field: did you mean "partition", which is required?',
      'unknown partitin: unknown field: did you mean "partition"?',
    ]],
  ] as const satisfies readonly (readonly [JsonObject, readonly string[]])[]
) {
  Deno.test(`${JSON.stringify(inputs)} has ${want.length === 1 ? "one problem" : "two problems"}: ${want.join("; ")}`, () => {
    assert.ok(FORM !== null);
    const found = findProblems(FORM, inputs, { secretPaths: new Set(), clusters: null });
    assert.deepEqual(found.map(({ type, path, message }) => `${type} ${formatPath(path)}: ${message}`), want);
  });
}
