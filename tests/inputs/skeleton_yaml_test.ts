import assert from "node:assert/strict";
import { parse } from "../../lib/deps/yaml.ts";
import * as fc from "../deps/fast_check.ts";
import { findProblems } from "../../lib/inputs/check.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import { skeletonOf, skeletonYaml } from "../../lib/inputs/skeleton.ts";
import type { Json, JsonObject } from "../../lib/json.ts";
import { randomFields } from "./support/random_forms.ts";

function formOf(inputs: Json) {
  const form = readForm({ on: { execute: { inputs } } });
  assert.ok(form !== null);
  return form;
}

Deno.test("labels become comments, required values are empty, and optional fields are commented out", () => {
  const form = formOf(parse(`
title: { type: header, text: Text }
message: { type: string, label: Message, tooltip: What to print }
cores: { type: integer, label: Cores, min: 1, max: 8, default: 2 }
script: { type: editor, default: "line 1\\nline 2\\n" }
mode: { type: dropdown, label: Mode, optional: true, options: [fast, exact] }
login: { type: password, label: "Two\\nlines", default: hunter2 }
slurm:
  type: group
  label: SLURM
  items: { partition: { type: string, label: Partition }, is_internal: { type: boolean, hidden: true } }
more: { type: group, label: More, optional: true, items: { name: { type: string } } }
only_exact: { type: string, hidden: "\${{ inputs.mode != 'exact' }}" }
probes: { type: list, label: Probes, optional: true, template: { name: { type: string, label: Name }, x: { type: number, default: 0 } } }
`));
  assert.equal(
    skeletonYaml(form),
    `# Message: text, required
# What to print
message:
# Cores: a whole number from 1 to 8
cores: 2
# text
script: |
  line 1
  line 2
# Mode: one of "fast", "exact", optional
# mode: fast
# Two lines: text
# login: ""
# SLURM
slurm:
  # Partition: text, required
  partition:
# More
# more:
#   # text, required
#   name:
# Probes: a list of rows, optional
# probes:
#   -
#     # Name: text, required
#     name:
#     # a number
#     x: 0
`,
  );
});

Deno.test("a form without fields becomes an empty object", () => {
  assert.deepEqual(parse(skeletonYaml(formOf({}))), {});
});

Deno.test("the YAML and JSON skeletons have problems at the same paths", () => {
  fc.assert(
    fc.property(randomFields(2), (fields) => {
      const form = formOf(fields);
      const yaml: Json = parse(skeletonYaml(form));
      const json = skeletonOf(form);
      const problemPaths = (inputs: JsonObject) =>
        findProblems(form, inputs, { secretPaths: new Set(), clusters: null }).map(({ path }) => path);
      assert.ok(typeof yaml === "object" && yaml !== null && !Array.isArray(yaml));
      assert.deepEqual(problemPaths(yaml), problemPaths(json));
    }),
    { numRuns: 200 },
  );
});
