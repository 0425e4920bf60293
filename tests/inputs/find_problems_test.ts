import assert from "node:assert/strict";
import { findProblems } from "../../lib/inputs/find_problems.ts";
import { formatPath } from "../../lib/inputs/path.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import type { JsonObject } from "../../lib/json.ts";

const FORM = readForm({
  on: { execute: { inputs: { n: { type: "string" }, partition: { type: "string" } } } },
});

for (
  const [inputs, want] of [
    [{ n: "1", partiton: "debug" }, [
      'wrong partiton: is not asked for: did you mean "partition", which is required?',
    ]],
    [{ partition: "debug", x: "1" }, [
      "wrong n: is required: give text",
      'unknown-name x: is not asked for by this workflow: did you mean "n"?',
    ]],
    [{ n: "1", something: "debug" }, [
      "wrong partition: is required: give text",
      "unknown-name something: is not asked for by this workflow",
    ]],
    // The second of two near names was not meant: what it would have been meant for is taken.
    [{ n: "1", partiton: "a", partitin: "b" }, [
      'wrong partiton: is not asked for: did you mean "partition", which is required?',
      'unknown-name partitin: is not asked for by this workflow: did you mean "partition"?',
    ]],
  ] as const satisfies readonly (readonly [JsonObject, readonly string[]])[]
) {
  Deno.test(`${JSON.stringify(inputs)} has ${want.length === 1 ? "one mistake" : "two mistakes"}: ${want.join("; ")}`, () => {
    assert.ok(FORM !== null);
    const found = findProblems(FORM, inputs, { asked: new Set() });
    assert.deepEqual(found.map(({ type, path, message }) => `${type} ${formatPath(path)}: ${message}`), want);
  });
}
