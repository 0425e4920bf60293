import assert from "node:assert/strict";
import { defaultIn, variantOf } from "../../lib/inputs/field_state.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import type { JsonObject } from "../../lib/json.ts";

const FORM = readForm({
  on: {
    execute: {
      inputs: {
        site: { type: "string" },
        constant: { type: "string", default: "x" },
        copied: { type: "string", default: "${{ inputs.site }}" },
        unknown: { type: "string", default: "${{ org.REGION }}" },
        none: { type: "string" },
        node: {
          type: "dropdown",
          "option-key": "${{ inputs.site }}",
          options: { a: ["std", "big"], b: ["gpu"] },
        },
        far: { type: "dropdown", "option-key": "${{ org.REGION }}", options: { a: ["std"], b: ["gpu"] } },
      },
    },
  },
});

function fieldOf(name: string) {
  const field = FORM?.fields.get(name);
  assert.ok(FORM !== null && field !== undefined);
  const contextWith = (inputs: JsonObject) => ({ form: FORM, inputs, rows: [], clusters: null });
  return { field, contextWith };
}

for (
  const [name, want] of [["constant", "x"], ["copied", "a"], ["unknown", undefined], ["none", undefined]] as const
) {
  Deno.test(`the default of the input "${name}" is ${want}`, () => {
    const { field, contextWith } = fieldOf(name);
    assert.equal(defaultIn(field, contextWith({ site: "a" })), want);
  });
}

Deno.test("options depend on another input where that is known, and are all of them elsewhere", () => {
  const optionsOf = (name: string, site: string) => {
    const { field, contextWith } = fieldOf(name);
    const { prompt } = variantOf(field, contextWith({ site }));
    assert.ok(prompt.type === "choice");
    return prompt.options.map(({ value }) => value);
  };
  assert.deepEqual(optionsOf("node", "a"), ["std", "big"]);
  assert.deepEqual(optionsOf("node", "b"), ["gpu"]);
  assert.deepEqual(optionsOf("far", "a"), ["std", "gpu"]);
});
