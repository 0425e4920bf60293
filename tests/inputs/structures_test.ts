/** Structures that real workflow files use: dependent options, bounded lists, lists of single values, own defaults. */

import assert from "node:assert/strict";
import { parse } from "../../lib/deps/yaml.ts";
import { Ajv2020 } from "../deps/ajv.ts";
import { findProblems } from "../../lib/inputs/check.ts";
import { formatPath, type Json, type JsonObject } from "../../lib/json.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import { jsonSchemaOf } from "../../lib/inputs/schema.ts";
import { skeletonOf, skeletonYaml } from "../../lib/inputs/skeleton.ts";

const FORM = formOf(`
site: { type: string, default: a }
node: { type: dropdown, optional: true, option-key: "\${{ inputs.site }}", options: { a: [std, big], b: [{ value: gpu, label: GPU }] } }
plain: { type: dropdown, default: A, options: [A, B] }
rows: { type: list, min: 1, max: 2, label: Rows, template: { name: { type: string }, n: { type: integer, default: 2 }, note: { type: string, optional: true } } }
prompts: { type: list, optional: true, label: Prompts, template: { type: editor, label: Prompt } }
keep_alive: { type: string, default: -1 }
level: { type: dropdown, default: other, options: [low, high] }
many: { type: multi-dropdown, default: [z], options: [x, y] }
`);
const VALID: JsonObject = { rows: [{ name: "x" }] };

for (
  const [inputs, want] of [
    [{}, []],
    [{ node: "big" }, []],
    [{ node: "gpu" }, ['node must be one of "std", "big": got "gpu"']],
    [{ site: "b", node: "gpu" }, []],
    [{ site: "b", node: "GPU" }, ['node must be one of "gpu": got "GPU"; give "gpu"']],
    [{ site: "c", node: "gpu" }, []],
    [{ site: "c", node: "other" }, ['node must be one of "std", "big", "gpu": got "other"']],
    [{ plain: "other" }, ['plain must be one of "A", "B": got "other"']],
    [{ rows: [] }, ["rows must be a list of 1 to 2 rows: got an empty list"]],
    [{ rows: [{ name: "a" }, { name: "b" }, { name: "c" }] }, ["rows must be a list of 1 to 2 rows: got a list of 3"]],
    [{ prompts: ["one", 7] }, ["prompts[1] must be text: got 7; put it in quotes"]],
    [{ prompts: "one" }, ['prompts must be a list of items, each text: got "one"']],
    [{ keep_alive: -1, level: "other", many: ["z"] }, []],
    [{ keep_alive: -2 }, ["keep_alive must be text: got -2; put it in quotes"]],
    [{ many: ["x", "w"] }, ['many[1] must be one of "x", "y": got "w"']],
    [{ level: [] }, ['level must be one of "low", "high": got an empty list']],
  ] as const satisfies readonly (readonly [JsonObject, readonly string[]])[]
) {
  Deno.test(`${JSON.stringify(inputs)} has the problems ${JSON.stringify(want)}`, () => {
    const found = findProblems(FORM, { ...VALID, ...inputs }, { secretPaths: new Set(), clusters: [] });
    assert.deepEqual(found.map(({ path, message }) => `${formatPath(path)} ${message}`), want);
  });
}

for (
  const [bounds, allowed] of [
    ["min: 1", "at least 1 row"],
    ["max: 1", "at most 1 row"],
    ["min: 1, max: 1", "1 row"],
    ["min: 0, max: 3", "0 to 3 rows"],
  ] as const
) {
  Deno.test(`a list with ${bounds} must be a list of ${allowed}`, () => {
    const form = formOf(`rows: { type: list, ${bounds}, template: { name: { type: string } } }`);
    const [problem] = findProblems(form, { rows: "x" }, { secretPaths: new Set(), clusters: [] });
    assert.equal(problem?.message, `must be a list of ${allowed}: got "x"`);
  });
}

Deno.test("the schema accepts a field's own default, and bounds lists", () => {
  const validate = new Ajv2020({ strict: false }).compile(jsonSchemaOf(FORM, "x"));
  assert.ok(validate({ ...VALID, keep_alive: -1, level: "other", many: ["z"], prompts: ["one"] }));
  for (const inputs of [{ rows: [] }, { keep_alive: -2 }, { prompts: [7] }]) {
    assert.ok(!validate({ ...VALID, ...inputs }), JSON.stringify(inputs));
  }
});

Deno.test("a file to fill in has one example row for a list, required or not", () => {
  const skeleton = skeletonOf(FORM);
  assert.deepEqual(skeleton["rows"], [{ name: null, n: 2 }]);
  const yaml = skeletonYaml(FORM);
  assert.deepEqual(parse(yaml).rows, [{ name: null, n: 2 }]);
  assert.match(yaml, /^# prompts:\n# {3}-\n# {5}# Prompt: text, required$/m);
  const required = formOf(`{ prompts: { type: list, template: { type: editor, default: hi } } }`);
  assert.deepEqual(skeletonOf(required), { prompts: ["hi"] });
  assert.deepEqual(parse(skeletonYaml(required)), { prompts: ["hi"] });
});

function formOf(text: string) {
  const inputs: Json = parse(text);
  const form = readForm({ on: { execute: { inputs } } });
  assert.ok(form !== null);
  return form;
}
