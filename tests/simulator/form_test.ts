import assert from "node:assert/strict";
import type { JsonObject } from "../../lib/json.ts";
import { Refusal } from "../../lib/simulator/answers.ts";
import { resolveInputs } from "../../lib/simulator/form.ts";

const HIDDEN = { type: "string", label: "Text", hidden: "${{ inputs.mode != 'exact' }}", ignore: "${{ .hidden }}" };

const RESOLVED: readonly {
  readonly name: string;
  readonly form: JsonObject;
  readonly given: JsonObject;
  readonly inputs: JsonObject;
}[] = [
  { name: "a default fills a gap", form: { n: { type: "integer", default: 3 } }, given: {}, inputs: { n: 3 } },
  {
    name: "a default fills an empty text",
    form: { t: { type: "string", default: "x" } },
    given: { t: "" },
    inputs: { t: "x" },
  },
  {
    name: "false and 0 are values",
    form: { b: { type: "boolean", default: true }, n: { type: "number", default: 1 } },
    given: { b: false, n: 0 },
    inputs: { b: false, n: 0 },
  },
  { name: "a boolean without a default is false", form: { b: { type: "boolean" } }, given: {}, inputs: { b: false } },
  { name: "an optional input may be left out", form: { t: { type: "string", optional: true } }, given: {}, inputs: {} },
  { name: "a header has no value", form: { h: { type: "header", text: "Hi" } }, given: {}, inputs: {} },
  {
    name: "a group's defaults nest",
    form: { g: { type: "group", items: { n: { type: "integer", default: 1 } } } },
    given: {},
    inputs: { g: { n: 1 } },
  },
  {
    name: "a group's items may be a list",
    form: { g: { type: "group", items: [{ name: "n", type: "integer", default: 1 }] } },
    given: {},
    inputs: { g: { n: 1 } },
  },
  { name: "unknown members pass", form: {}, given: { v3: true }, inputs: { v3: true } },
  {
    name: "numbers beyond min and max pass",
    form: { n: { type: "integer", min: 1, max: 2 } },
    given: { n: 9 },
    inputs: { n: 9 },
  },
  {
    name: "what is hidden is not asked for",
    form: { mode: { type: "string" }, t: HIDDEN },
    given: { mode: "fast" },
    inputs: { mode: "fast" },
  },
  {
    name: "an empty text in a list's row stays",
    form: { l: { type: "list", template: { t: { type: "string", default: "x" } } } },
    given: { l: [{ t: "" }] },
    inputs: { l: [{ t: "" }] },
  },
  {
    name: "a cluster without $type passes unchecked",
    form: { c: { type: "compute-clusters" } },
    given: { c: { id: "?" } },
    inputs: { c: { id: "?" } },
  },
];

for (const { name, form, given, inputs } of RESOLVED) {
  Deno.test(`inputs: ${name}`, () => {
    assert.deepEqual(resolveInputs({ on: { execute: { inputs: form } } }, given, { user: "demo" }), inputs);
  });
}

const REFUSED: readonly {
  readonly name: string;
  readonly form: JsonObject;
  readonly given: JsonObject;
  readonly message: string;
}[] = [
  {
    name: "every missing one is named, by its label or its name",
    form: { a: { type: "string", label: "First" }, b: { type: "number" } },
    given: { a: null },
    message: "Missing required fields: First, b",
  },
  {
    name: "a group's are named too",
    form: { g: { type: "group", items: { t: { type: "string", label: "Inner" } } } },
    given: { g: {} },
    message: "Missing required fields: Inner",
  },
  {
    name: "what an expression shows is asked for",
    form: { mode: { type: "string" }, t: HIDDEN },
    given: { mode: "exact" },
    message: "Missing required fields: Text",
  },
  {
    name: "a cluster with $type must exist",
    form: { c: { type: "compute-clusters" } },
    given: { c: { $type: "computeResource", id: "?" } },
    message: "Compute resource not found",
  },
  {
    name: "the workspace needs to be allowed",
    form: { c: { type: "compute-clusters" } },
    given: { c: "workspace" },
    message: "Compute resource not found",
  },
];

for (const { name, form, given, message } of REFUSED) {
  Deno.test(`refused inputs: ${name}`, () => {
    assert.throws(
      () => resolveInputs({ on: { execute: { inputs: form } } }, given, { user: "demo" }),
      (error) => error instanceof Refusal && error.status === 400 && error.message === message,
    );
  });
}
