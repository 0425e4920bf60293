import assert from "node:assert/strict";
import { parse } from "../../lib/deps/yaml.ts";
import { fieldAt } from "../../lib/inputs/form.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import { everyTypeWorkflow } from "../../lib/simulator/workflows/every_type.ts";
import type { Json, JsonObject } from "../../lib/json.ts";

function read(inputs: Json) {
  const form = readForm({ on: { execute: { inputs } } });
  assert.ok(form !== null);
  return form;
}

function notesOn(entry: JsonObject): string[] {
  return read({ field: entry }).notes.map(({ path, message }) => `${path} ${message}`);
}

Deno.test("every type of the platform is supported, without notes", () => {
  const form = readForm(parse(everyTypeWorkflow.yaml));
  assert.deepEqual(form?.notes, []);
  const kinds = new Map([...form?.fields ?? []].map(([, { type, kind }]) => [type, kind]));
  assert.deepEqual(
    ["header", "string", "integer", "compute-clusters", "group", "list"].map((type) => kinds.get(type)),
    ["header", "value", "value", "cluster", "group", "list"],
  );
});

const FIELDS: JsonObject = { name: { type: "string", label: "Name" } };
for (
  const [what, yaml] of [
    ["on.execute.inputs", { on: { execute: { inputs: FIELDS } } }],
    ["under true, which YAML 1.1 makes of the key on", { true: { execute: { inputs: FIELDS } } }],
    ["a list of pairs", {
      on: [{ key: "execute", value: [{ key: "inputs", value: [{ key: "name", value: FIELDS["name"] ?? null }] }] }],
    }],
    ["a list of named items", { on: { execute: { inputs: [{ name: "name", type: "string", label: "Name" }] } } }],
  ] as const satisfies readonly (readonly [string, Json])[]
) {
  Deno.test(`the form is read from ${what}`, () => {
    const field = readForm(JSON.parse(JSON.stringify(yaml)))?.fields.get("name");
    assert.equal(field?.allowed, "text");
    assert.equal(field?.label, "Name");
  });
}

Deno.test("without a workflow file there is no form; without inputs, an empty one", () => {
  assert.equal(readForm(null), null);
  assert.equal(readForm({ jobs: {} })?.fields.size, 0);
});

Deno.test("fieldAt() finds fields in groups and rows", () => {
  const form = read({
    group: { type: "group", items: { inner: { type: "integer" } } },
    rows: { type: "list", template: { name: { type: "string" }, type: { type: "boolean" } } },
  });
  assert.equal(fieldAt(form, ["group", "inner"])?.type, "integer");
  assert.equal(fieldAt(form, ["rows", 4, "name"])?.type, "string");
  assert.equal(fieldAt(form, ["rows", 0, "type"])?.type, "boolean");
  assert.equal(fieldAt(form, ["group", 0]), undefined);
  assert.equal(fieldAt(form, ["group", "inner", "deeper"]), undefined);
  assert.equal(fieldAt(form, ["nowhere"]), undefined);
});

for (
  const [entry, want] of [
    [{ type: "string" }, []],
    [{ type: "string", hidden: "${{ inputs.a == 'b' }}" }, []],
    [{ type: "string", default: "${{ inputs.a get b }}" }, []],
    [{ type: "date" }, ["field has the unknown type date, so it is not checked"]],
    [{ label: "No type" }, ["field has no type, so it is not checked"]],
    [{ type: "string", hidden: "${{ len(inputs.a) }}" }, [
      "field hidden: ${{ len(inputs.a) }} cannot be evaluated here",
    ]],
    [{ type: "integer", min: "few" }, ['field min: "few" is not a number']],
    [{ type: "dropdown", options: "${{ org.REGIONS }}" }, [
      "field options: the form does not list them, so any value is accepted",
    ]],
    [{ type: "dropdown", options: [] }, ["field options: the form does not list them, so any value is accepted"]],
    [{ type: "group" }, ["field declares no fields"]],
    [{ type: "list", template: { type: "string" } }, []],
    [{ type: "string", hidden: "${{ org.REGION == 'eu' }}" }, [
      "field hidden: depends on org.REGION, which only the platform knows",
    ]],
  ] as const satisfies readonly (readonly [JsonObject, readonly string[]])[]
) {
  Deno.test(`${JSON.stringify(entry)} has the notes ${JSON.stringify(want)}`, () => {
    assert.deepEqual(notesOn(JSON.parse(JSON.stringify(entry))), want);
  });
}

Deno.test("an unsupported field does not affect the others", () => {
  const form = read({ odd: { type: "date" }, name: "not an object", count: { type: "integer", max: "8" } });
  const count = form.fields.get("count");
  assert.equal(count?.allowed, "a whole number of at most 8");
  assert.equal(form.fields.get("name")?.allowed, "any value");
});
