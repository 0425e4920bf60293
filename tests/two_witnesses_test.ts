/** The check and the simulator evaluate the conditions of a form with code of their own: they must agree. */

import assert from "node:assert/strict";
import { clusterReference } from "../lib/cluster.ts";
import { parse } from "../lib/deps/yaml.ts";
import { walkFields } from "../lib/inputs/form.ts";
import { fieldStateOf } from "../lib/inputs/field_state.ts";
import { createInputLayer, mergeLayers, withDefaults } from "../lib/inputs/merge.ts";
import { formatPath, type Json, type JsonObject } from "../lib/json.ts";
import { readForm } from "../lib/inputs/read_form.ts";
import { type FieldConditions, resolveInputs } from "../lib/simulator/form.ts";
import { CLUSTERS, leastInputs } from "./inputs/support/real_workflows.ts";
import { needing } from "./support/needs.ts";
import { fixtureWorkflows, realWorkflows, type WorkflowTexts } from "./support/real_workflows.ts";

/** `null` is for no cluster. */
const CHOICES = [...CLUSTERS.map(({ name }) => name), null];
const real = await realWorkflows();

Deno.test("the check and the simulator agree on the conditions of this repository's forms", async () => {
  const { differences } = compareAll(await fixtureWorkflows());
  assert.deepEqual(differences, []);
});

Deno.test({
  ...needing(
    "the check and the simulator agree on the conditions of public forms, for five kinds of cluster",
    real.missing,
    "../shared",
  ),
  fn() {
    const { compared, differences } = compareAll(real);
    assert.ok(compared > 5_000, `${compared} compared`);
    assert.deepEqual(differences, []);
  },
});

function compareAll({ texts }: WorkflowTexts): { readonly compared: number; readonly differences: readonly string[] } {
  let compared = 0;
  const differences: string[] = [];
  for (const [name, text] of Object.entries(texts)) {
    const yaml: JsonObject = parse(text);
    const form = readForm(yaml);
    if (form === null) continue;
    for (const choice of CHOICES) {
      const given = mergeLayers([createInputLayer("least", leastInputs(form, choice).inputs)]);
      const inputs = withDefaults(given, form, { clusters: CLUSTERS }).value;
      const simulated = new Map<string, FieldConditions>();
      const resolved = withReferences(inputs);
      assert.ok(typeof resolved === "object" && resolved !== null && !Array.isArray(resolved));
      const onField = (path: string, conditions: FieldConditions) => void simulated.set(path, conditions);
      resolveInputs(yaml, resolved, { user: "me", isComplete: false, onField });
      walkFields({ form, inputs, rows: [], clusters: CLUSTERS }, ({ field, path, context }) => {
        const [ours, theirs] = [fieldStateOf(field, context), simulated.get(formatPath(path))];
        if (theirs === undefined) return true;
        for (const key of ["hidden", "ignore", "optional"] as const) {
          if (ours[key] === undefined) continue;
          compared++;
          if (ours[key] !== theirs[key]) {
            differences.push(`${name} on ${choice}: ${formatPath(path)} ${key} is ${theirs[key]}, not ${ours[key]}`);
          }
        }
        return true;
      });
    }
  }
  return { compared, differences };
}

/** The server resolves a cluster's name to the cluster. */
function withReferences(value: Json): Json {
  const cluster = CLUSTERS.find(({ name }) => name === value);
  if (cluster !== undefined) return clusterReference(cluster);
  if (Array.isArray(value)) return value.map(withReferences);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withReferences(member)]));
}
