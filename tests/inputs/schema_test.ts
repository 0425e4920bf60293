import assert from "node:assert/strict";
import { Ajv2020 } from "../deps/ajv.ts";
import * as fc from "../deps/fast_check.ts";
import { findProblems } from "../../lib/inputs/check.ts";
import { formatPath, type InputPath, type Json, type JsonObject } from "../../lib/json.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import { jsonSchemaOf } from "../../lib/inputs/schema.ts";
import { skeletonOf, skeletonYaml } from "../../lib/inputs/skeleton.ts";
import { randomFields, randomInputs } from "./support/random_forms.ts";

/** The paths where an independent validator finds a problem, without row indexes. */
function pathsBySchema(fields: JsonObject, inputs: JsonObject): Set<string> {
  const validator = new Ajv2020({ allErrors: true, strict: false });
  const validate = validator.compile(jsonSchemaOf(formOf(fields), "a workflow"));
  if (validate(inputs)) return new Set();
  return new Set(
    (validate.errors ?? []).map(({ instancePath, params }) => {
      const more = params["missingProperty"] ?? params["additionalProperty"];
      return [...instancePath.split("/").slice(1), ...(more === undefined ? [] : [String(more)])];
    }).map(withoutIndexes),
  );
}

function pathsByCheck(fields: JsonObject, inputs: JsonObject): Set<string> {
  return new Set(
    findProblems(formOf(fields), inputs, { secretPaths: new Set(), clusters: null }).map(({ path }) =>
      withoutIndexes(path)
    ),
  );
}

function withoutIndexes(path: InputPath): string {
  // A field may be called 0, too: both sides treat it as a row index.
  return `/${path.map((segment) => /^\d+$/.test(String(segment)) ? "#" : segment).join("/")}/`;
}

function formOf(fields: JsonObject) {
  const form = readForm({ on: { execute: { inputs: fields } } });
  assert.ok(form !== null);
  return form;
}

/** For a missing group, the validator reports the group, and the check reports each required field. */
function assertSamePaths(fields: JsonObject, inputs: JsonObject): void {
  const schema = [...pathsBySchema(fields, inputs)];
  const check = [...pathsByCheck(fields, inputs)];
  assert.deepEqual(
    check.filter((path) => !schema.some((other) => path.startsWith(other))),
    [],
    "found only by the check",
  );
  assert.deepEqual(
    schema.filter((path) => !check.some((other) => other.startsWith(path))),
    [],
    "found only by the schema",
  );
}

Deno.test("the check and a JSON Schema validator agree on random inputs for random forms", () => {
  const valid = { yes: 0, no: 0 };
  const formAndInputs = randomFields(2).chain((fields) =>
    fc.tuple(fc.constant(fields), fc.array(randomInputs(fields), { minLength: 1, maxLength: 4 }))
  );
  fc.assert(
    fc.property(formAndInputs, ([fields, many]) => {
      for (const inputs of many) {
        assertSamePaths(fields, inputs);
        valid[pathsByCheck(fields, inputs).size === 0 ? "yes" : "no"]++;
      }
    }),
    { numRuns: 300 },
  );
  // The property is only meaningful if both results occur.
  assert.ok(valid.yes > 20 && valid.no > 20, JSON.stringify(valid));
});

Deno.test("a skeleton has problems exactly at the required fields without a default", () => {
  fc.assert(
    fc.property(randomFields(2), (fields) => {
      const form = formOf(fields);
      const found = findProblems(form, skeletonOf(form), { secretPaths: new Set(), clusters: null }).map(({ path }) =>
        formatPath(path)
      );
      assert.deepEqual(found, requiredPaths(fields, ""));
      assertSamePaths(fields, skeletonOf(form));
    }),
    { numRuns: 300 },
  );
});

/** Computed from the declaration, by the rules of the platform's guide. */
function requiredPaths(fields: JsonObject, path: string): string[] {
  return Object.entries(fields).flatMap(([name, declared]) => {
    const entry = objectOf(declared);
    const here = path === "" ? name : `${path}.${name}`;
    if (entry["hidden"] === true || entry["disabled"] === true || entry["ignore"] === true) return [];
    if (entry["optional"] === true) return [];
    if (entry["type"] === "group") return requiredPaths(objectOf(entry["items"]), here);
    if (entry["type"] === "list") return requiredPaths(objectOf(entry["template"]), `${here}[0]`);
    return entry["default"] === undefined && entry["type"] !== "boolean" && entry["type"] !== "header" ? [here] : [];
  });
}

function objectOf(value: Json | undefined): JsonObject {
  assert.ok(typeof value === "object" && value !== null && !Array.isArray(value));
  return value;
}

const RESOURCES: JsonObject = {
  cluster: { type: "compute-clusters" },
  anywhere: { type: "compute-clusters", "include-workspace": true, optional: true },
  bucket: { type: "bucket", optional: true },
  rows: { type: "list", optional: true, template: { where: { type: "compute-clusters", optional: true } } },
};

for (
  const [inputs, isValid] of [
    [{ cluster: "gpu" }, true],
    [{ cluster: "pw://me/gpu" }, true],
    [{ cluster: { id: "6894b3f8", name: "gpu" } }, true],
    [{ cluster: { name: "gpu", type: "kubernetes", uri: "pw://gpu", anything: [1] } }, true],
    [{ cluster: { $type: "computeResource", id: "6894b3f8" } }, true],
    [{ cluster: "gpu", anywhere: "workspace", bucket: { name: "b" }, rows: [{ where: "gpu" }] }, true],
    [{ cluster: "gpu", anywhere: null, bucket: "" }, true],
    [{ cluster: "workspace" }, false],
    [{ cluster: "" }, false],
    [{ cluster: "pw://me" }, false],
    [{ cluster: "me/gpu" }, false],
    [{ cluster: "two words" }, false],
    [{ cluster: 7 }, false],
    [{ cluster: ["gpu"] }, false],
    [{ cluster: {} }, false],
    [{ cluster: { name: 7 } }, false],
    [{ cluster: { $type: "computeResource", name: "gpu" } }, false],
    [{ cluster: "gpu", bucket: 7 }, false],
    [{ cluster: "gpu", rows: [{ where: "" }] }, false],
  ] as const
) {
  Deno.test(`resources: ${JSON.stringify(inputs)} is ${isValid ? "accepted" : "refused"} by the check and the schema`, () => {
    const values: JsonObject = JSON.parse(JSON.stringify(inputs));
    assert.equal(pathsByCheck(RESOURCES, values).size === 0, isValid);
    assert.equal(pathsBySchema(RESOURCES, values).size === 0, isValid);
  });
}

Deno.test("the schema contains labels, tooltips and defaults, but no default of a password", () => {
  const schema = jsonSchemaOf(
    formOf({
      name: { type: "string", label: "Name", tooltip: "Of the case", default: "first" },
      login: { type: "password", default: "hunter2" },
    }),
    "a workflow",
  );
  assert.deepEqual(schema, {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "a workflow",
    type: "object",
    properties: {
      name: { title: "Name", description: "Of the case", default: "first", type: "string" },
      login: { writeOnly: true, type: "string" },
    },
    additionalProperties: false,
  });
});

Deno.test("what a file to fill in has for a field may stay null where the other values hide the field", () => {
  const fields: JsonObject = {
    mode: { type: "dropdown", options: ["a", "b"] },
    name: { type: "string", hidden: "${{ inputs.mode == 'a' }}" },
    size: { type: "number", disabled: "${{ inputs.mode == 'a' }}" },
    more: { type: "group", hidden: "${{ inputs.mode == 'a' }}", items: { place: { type: "compute-clusters" } } },
  };
  const skeleton = skeletonOf(formOf(fields));
  assert.deepEqual(skeleton, { mode: null, name: null, size: null, more: { place: null } });
  assertSamePaths(fields, { ...skeleton, mode: "a" });
  assert.deepEqual([...pathsByCheck(fields, { ...skeleton, mode: "a" })], []);
  assert.deepEqual([...pathsByCheck(fields, { ...skeleton, mode: "b" })], ["/name/", "/size/", "/more/place/"]);
});

Deno.test("neither the schema nor a skeleton contains a secret from a list's default rows", () => {
  const form = formOf({
    rows: {
      type: "list",
      template: { user: { type: "string" }, key: { type: "password" } },
      default: [{ user: "me", key: "planted" }],
    },
    api_token: { type: "string", default: "planted" },
  });
  for (
    const shown of [
      JSON.stringify(jsonSchemaOf(form, "a workflow")),
      JSON.stringify(skeletonOf(form)),
      skeletonYaml(form),
    ]
  ) {
    assert.ok(!shown.includes("planted"), shown);
  }
  assert.deepEqual(findProblems(form, skeletonOf(form), { secretPaths: new Set(), clusters: null }), []);
});
