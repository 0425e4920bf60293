/** The forms of public workflow files, which lie beside the project where they are available. */

import assert from "node:assert/strict";
import { parse } from "../../lib/deps/yaml.ts";
import { evaluateConditions } from "../../lib/inputs/field_state.ts";
import { findProblems } from "../../lib/inputs/check.ts";
import { createInputLayer, mergeLayers, withDefaults } from "../../lib/inputs/merge.ts";
import { formatPath } from "../../lib/json.ts";
import { jsonSchemaOf } from "../../lib/inputs/schema.ts";
import { skeletonOf, skeletonYaml } from "../../lib/inputs/skeleton.ts";
import { promptForFields } from "../../lib/prompts/fill.ts";
import type { Prompter } from "../../lib/prompts/prompter.ts";
import { needing } from "../support/needs.ts";
import { CLUSTERS, FILES, formOf, leastInputs, missing } from "./support/real_workflows.ts";

/** `null` is for no cluster. */
const CHOICES = [...CLUSTERS.map(({ name }) => name), null];

Deno.test({
  ...needing(
    "public forms: at most 1 % of the conditions are unknown, each with the fact that is missing",
    missing,
    "../shared",
  ),
  fn() {
    const facts = new Map<string, number>();
    let evaluated = 0;
    let unknown = 0;
    for (const form of FILES.map(formOf)) {
      for (const choice of CHOICES) {
        const inputs = leastInputs(form, choice).inputs;
        const { count, unknown: left } = evaluateConditions({ form, inputs, rows: [], clusters: CLUSTERS });
        evaluated += count;
        unknown += left.length;
        for (const { path, condition, facts: missing } of left) {
          assert.ok(missing.length > 0, `${path} ${condition} names no fact`);
          for (const fact of missing) facts.set(fact, (facts.get(fact) ?? 0) + 1);
        }
      }
    }
    const share = unknown / evaluated;
    const list = [...facts].map(([fact, count]) => `${fact} ${count}`).join(", ");
    console.error(`${evaluated} conditions, ${unknown} unknown (${(share * 100).toFixed(2)} %): ${list}`);
    assert.ok(evaluated > 5_000);
    assert.ok(share <= 0.01, list);
  },
});

Deno.test({
  ...needing(
    "public forms: the least inputs that the check accepts can be computed for each kind of cluster",
    missing,
    "../shared",
  ),
  fn() {
    for (const name of FILES) {
      const form = formOf(name);
      for (const choice of CHOICES.filter((choice) => choice !== null)) {
        const { problems } = leastInputs(form, choice);
        assert.deepEqual(problems, [], `${name} on ${choice}`);
      }
    }
  },
});

Deno.test({
  ...needing("public forms: schema, skeletons and defaults can be made of each", missing, "../shared"),
  fn() {
    for (const name of FILES) {
      const form = formOf(name);
      assert.equal(jsonSchemaOf(form, name)["type"], "object");
      assert.equal(typeof parse(skeletonYaml(form)), "object");
      const given = mergeLayers([createInputLayer("skeleton", skeletonOf(form))]);
      const filled = withDefaults(given, form, { clusters: CLUSTERS });
      for (const path of filled.defaultPaths) assert.ok(path !== "");
    }
  },
});

Deno.test({
  ...needing("public forms: interactive mode gets through each, for each kind of cluster", missing, "../shared"),
  async fn() {
    for (const name of FILES) {
      const form = formOf(name);
      for (const { name: cluster } of CLUSTERS) {
        const answers = await promptForFields(eagerPrompter(cluster), form, {}, { clusters: CLUSTERS });
        const found = findProblems(form, answers, { secretPaths: new Set(), clusters: CLUSTERS });
        const problems = found.filter(({ type }) => type !== "warning");
        assert.deepEqual(
          problems.map(({ path, message }) => `${formatPath(path)} ${message}`),
          [],
          `${name} on ${cluster}`,
        );
      }
    }
  },
});

/** Gives the first valid answer to each question: nothing, if that is enough. */
function eagerPrompter(cluster: string): Prompter {
  const first: Prompter["text"] = (message, { validate, initial } = {}) => {
    const answer = [initial ?? "", "x", "1", "100", '{"name": "x"}'].find((text) => validate?.(text) === undefined);
    assert.ok(answer !== undefined, message);
    return Promise.resolve(answer);
  };
  return {
    choose(message, choices, { initial } = {}) {
      const [choice] = [
        ...choices.filter(({ label }) => label === cluster),
        ...choices.filter(({ value }) => value === initial),
        ...choices,
      ];
      assert.ok(choice !== undefined, message);
      return Promise.resolve(choice.value);
    },
    chooseMany: (_message, choices, { initial, isRequired }) =>
      Promise.resolve(isRequired && initial.length === 0 ? choices.slice(0, 1).map(({ value }) => value) : initial),
    text: first,
    multiline: first,
    secret: first,
    confirm: (_message, { initial }) => Promise.resolve(initial),
    file: () => Promise.reject(new Error("no file is asked for")),
    note: () => {},
  };
}
