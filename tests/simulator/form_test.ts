import assert from "node:assert/strict";
import type { JsonObject } from "../../lib/json.ts";
import { HttpError } from "../../lib/simulator/responses.ts";
import { resolveInputs } from "../../lib/simulator/form.ts";

const HIDDEN = { type: "string", label: "Text", hidden: "${{ inputs.mode != 'exact' }}", ignore: "${{ .hidden }}" };

const RESOLVED: readonly {
  readonly name: string;
  readonly form: JsonObject;
  readonly values: JsonObject;
  readonly inputs: JsonObject;
}[] = [
  {
    name: "a default replaces a missing value",
    form: { n: { type: "integer", default: 3 } },
    values: {},
    inputs: { n: 3 },
  },
  {
    name: "a default replaces empty text",
    form: { t: { type: "string", default: "x" } },
    values: { t: "" },
    inputs: { t: "x" },
  },
  {
    name: "false and 0 are not replaced by defaults",
    form: { b: { type: "boolean", default: true }, n: { type: "number", default: 1 } },
    values: { b: false, n: 0 },
    inputs: { b: false, n: 0 },
  },
  { name: "a boolean without a default is false", form: { b: { type: "boolean" } }, values: {}, inputs: { b: false } },
  { name: "an optional input can be omitted", form: { t: { type: "string", optional: true } }, values: {}, inputs: {} },
  { name: "a header has no value", form: { h: { type: "header", text: "Hi" } }, values: {}, inputs: {} },
  {
    name: "defaults apply inside a group",
    form: { g: { type: "group", items: { n: { type: "integer", default: 1 } } } },
    values: {},
    inputs: { g: { n: 1 } },
  },
  {
    name: "a group's items can be a list",
    form: { g: { type: "group", items: [{ name: "n", type: "integer", default: 1 }] } },
    values: {},
    inputs: { g: { n: 1 } },
  },
  {
    name: "the fields of an optional group are not required without the group",
    form: {
      g: { type: "group", optional: true, items: { t: { type: "string" }, n: { type: "integer", default: 1 } } },
    },
    values: {},
    inputs: { g: { n: 1 } },
  },
  { name: "unknown members are kept", form: {}, values: { v3: true }, inputs: { v3: true } },
  {
    name: "numbers outside min and max are accepted",
    form: { n: { type: "integer", min: 1, max: 2 } },
    values: { n: 9 },
    inputs: { n: 9 },
  },
  {
    name: "a hidden field is not required",
    form: { mode: { type: "string" }, t: HIDDEN },
    values: { mode: "fast" },
    inputs: { mode: "fast" },
  },
  {
    name: "a hidden field has its default, and an ignored one does not",
    form: {
      h: { type: "string", hidden: true, default: "${{ .hidden && 'kept' }}" },
      i: { type: "string", ignore: true, default: "x" },
    },
    values: {},
    inputs: { h: "kept" },
  },
  {
    name: "conditions that refer to each other hide and ignore a field",
    form: {
      t: { type: "string", ignore: "${{ inputs.mode == fast }}", hidden: "${{ .ignore }}", optional: "${{ .hidden }}" },
    },
    values: { mode: "fast" },
    inputs: { mode: "fast" },
  },
  {
    name: "an empty text in a row of a list is kept",
    form: { l: { type: "list", template: { t: { type: "string", default: "x" } } } },
    values: { l: [{ t: "" }] },
    inputs: { l: [{ t: "" }] },
  },
  {
    name: "a cluster object without $type is accepted unchecked",
    form: { c: { type: "compute-clusters" } },
    values: { c: { id: "?" } },
    inputs: { c: { id: "?" } },
  },
];

for (const { name, form, values, inputs } of RESOLVED) {
  Deno.test(`resolveInputs(): ${name}`, () => {
    assert.deepEqual(resolveInputs({ on: { execute: { inputs: form } } }, values, { user: "demo" }), inputs);
  });
}

const REFUSED: readonly {
  readonly name: string;
  readonly form: JsonObject;
  readonly values: JsonObject;
  readonly message: string;
}[] = [
  {
    name: "all missing fields are listed, by label or name",
    form: { a: { type: "string", label: "First" }, b: { type: "number" } },
    values: { a: null },
    message: "Missing required fields: First, b",
  },
  {
    name: "missing fields of a group are listed too",
    form: { g: { type: "group", items: { t: { type: "string", label: "Inner" } } } },
    values: { g: {} },
    message: "Missing required fields: Inner",
  },
  {
    name: "a field shown by an expression is required",
    form: { mode: { type: "string" }, t: HIDDEN },
    values: { mode: "exact" },
    message: "Missing required fields: Text",
  },
  {
    name: "a cluster with $type must exist",
    form: { c: { type: "compute-clusters" } },
    values: { c: { $type: "computeResource", id: "?" } },
    message: "Compute resource not found",
  },
  {
    name: "the workspace is refused unless the field allows it",
    form: { c: { type: "compute-clusters" } },
    values: { c: "workspace" },
    message: "Compute resource not found",
  },
];

for (const { name, form, values, message } of REFUSED) {
  Deno.test(`resolveInputs() refuses: ${name}`, () => {
    assert.throws(
      () => resolveInputs({ on: { execute: { inputs: form } } }, values, { user: "demo" }),
      (error) => error instanceof HttpError && error.status === 400 && error.message === message,
    );
  });
}
