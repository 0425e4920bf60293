import assert from "node:assert/strict";
import { readForm } from "../../lib/inputs/read_form.ts";
import { describeInvalid, isAllowed } from "../../lib/inputs/value_check.ts";
import type { Json } from "../../lib/json.ts";

const OPTIONS = [{ label: "A", value: "a" }, { label: "One", value: 1 }];

const ROWS: readonly (readonly [field: Record<string, Json>, allowed: readonly Json[], refused: readonly Json[]])[] = [
  [{ type: "string" }, ["", "x"], [1, true, null, [], {}]],
  [{ type: "integer", min: 1, max: 9 }, [1, 5, 9], [0, 10, 1.5, "5", null]],
  [{ type: "number", min: 0 }, [0, 0.5, 1e9], [-0.001, "0", NaN]],
  [{ type: "number", max: 1 }, [-5, 1], [1.001]],
  [{ type: "boolean" }, [true, false], ["true", 0, null]],
  [{ type: "dropdown", options: OPTIONS }, ["a", 1], ["A", "1", "", null, ["a"]]],
  [{ type: "multi-dropdown", options: OPTIONS }, [[], ["a"], ["a", 1]], ["a", ["b"], ["a", "b"], null]],
  [{ type: "storage" }, ["pw://me/bucket", { id: "x" }], ["", 5, null]],
  [{ type: "group", items: {} }, [{}], [[], "x", null]],
  [{ type: "list", template: {} }, [[], [{}]], [{}, "x", null]],
];

for (const [definition, allowed, refused] of ROWS) {
  const field = readForm({ on: { execute: { inputs: { x: definition } } } })?.fields.get("x");
  for (const [values, want] of [[allowed, true], [refused, false]] as const) {
    Deno.test(`isAllowed() for ${JSON.stringify(definition)} ${want ? "accepts" : "refuses"} ${JSON.stringify(values)}`, () => {
      assert.ok(field !== undefined);
      for (const value of values) {
        assert.equal(isAllowed(field, value), want, JSON.stringify(value));
      }
    });
  }
}

for (const allowsWorkspace of [true, false]) {
  Deno.test(`a cluster may ${allowsWorkspace ? "" : "not "}be the workspace when the form ${allowsWorkspace ? "includes" : "leaves out"} it`, () => {
    const definition = { type: "compute-clusters", optional: true, "include-workspace": allowsWorkspace };
    const cluster = readForm({ on: { execute: { inputs: { x: definition } } } })?.fields.get("x");
    assert.ok(cluster?.kind === "cluster");
    for (const name of ["workspace", "user-workspace"]) assert.equal(isAllowed(cluster, name), allowsWorkspace);
    for (const name of ["gpu", "pw://me/gpu", { id: "1" }]) assert.equal(isAllowed(cluster, name), true);
    const refused: readonly Json[] = ["pw://me", "a/b", "", {}, { id: "" }, { id: 5 }, null];
    for (const name of refused) {
      assert.equal(isAllowed(cluster, name), false);
    }
  });
}

Deno.test("an invalid secret is not quoted, nor hinted at", () => {
  const field = readForm({ on: { execute: { inputs: { x: { type: "dropdown", options: OPTIONS } } } } })?.fields.get(
    "x",
  );
  assert.ok(field !== undefined);
  assert.equal(describeInvalid(field, "A", { isSecret: true }), 'must be one of "a", 1: got •••');
  assert.match(describeInvalid(field, "A", { isSecret: false }), /got "A"; give "a"/);
});
