/** The forms of public workflow files, which lie beside the project where they are available. */

import assert from "node:assert/strict";
import { parse } from "../../../lib/deps/yaml.ts";
import { type Cluster, clusterReference } from "../../../lib/cluster.ts";
import { findProblems } from "../../../lib/inputs/check.ts";
import { fieldAt, type Form } from "../../../lib/inputs/form.ts";
import { formatPath, type InputPath, type Json, type JsonObject, valueAt } from "../../../lib/json.ts";
import { readForm } from "../../../lib/inputs/read_form.ts";
import { withAnswer } from "../../../lib/prompts/questions.ts";
import { REAL } from "../../support/real_workflows.ts";

export const FILES = [...filesIn(REAL)].filter((name) => name.endsWith(".yaml")).toSorted();
/** Why the tests are skipped. */
export const missing = FILES.length === 0 ? `no workflow files in ${REAL.pathname}` : undefined;

export const CLUSTERS: readonly Cluster[] = [
  aCluster("myslurm", { type: "existing", schedulerType: "slurm" }),
  aCluster("mypbs", { type: "existing", schedulerType: "pbs" }),
  aCluster("myssh", { type: "existing" }),
  aCluster("mycloud", { type: "aws-slurm", schedulerType: "slurm", csp: "aws" }),
];
export function formOf(name: string): Form {
  const yaml: JsonObject = parse(Deno.readTextFileSync(new URL(name, REAL)));
  const form = readForm(yaml);
  assert.ok(form !== null);
  return form;
}

function aCluster(name: string, facts: Partial<Cluster>): Cluster {
  return {
    id: name,
    name,
    displayName: null,
    user: "me",
    type: null,
    status: "active",
    ipAddress: "192.0.2.1",
    schedulerType: null,
    csp: null,
    ...facts,
  };
}

function* filesIn(folder: URL): Generator<string> {
  try {
    for (const { name } of Deno.readDirSync(folder)) yield name;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Adds a value for each required field, until the check finds no more. */
export function leastInputs(
  form: Form,
  cluster: string | null,
  clusters: readonly Cluster[] = CLUSTERS,
): { inputs: JsonObject; problems: string[] } {
  let inputs: JsonObject = {};
  for (let round = 0; round < 50; round++) {
    const found = findProblems(form, inputs, { secretPaths: new Set(), clusters });
    const missing = found.filter(({ type }) => type === "missing");
    const next = missing.reduce((filled, { path }) => answered({ form, cluster, clusters }, filled, path), inputs);
    if (missing.length === 0 || JSON.stringify(next) === JSON.stringify(inputs)) {
      const problems = found.filter(({ type }) => type !== "warning");
      return { inputs, problems: problems.map(({ path, message }) => `${formatPath(path)} ${message}`) };
    }
    inputs = next;
  }
  throw new Error("The check never stops asking");
}

interface Choice {
  readonly form: Form;
  readonly cluster: string | null;
  readonly clusters: readonly Cluster[];
}

function answered(choice: Choice, inputs: JsonObject, path: InputPath): JsonObject {
  const value = sampleFor(choice, path);
  if (value === undefined || valueAt(inputs, path) !== undefined) return inputs;
  return withAnswer({ inputs, answered: new Set() }, path, value).inputs;
}

function sampleFor({ form, cluster, clusters }: Choice, path: InputPath): Json | undefined {
  const field = fieldAt(form, path);
  assert.ok(field !== undefined, formatPath(path));
  const chosen = clusters.find(({ name }) => name === cluster);
  if (field.kind === "cluster") return chosen?.name;
  if (field.type === "compute-resources") return chosen === undefined ? undefined : clusterReference(chosen);
  if (field.kind === "list") return [field.item.kind === "group" ? {} : "x"];
  const candidates: Json[] = [
    ...(field.prompt.type === "choice" ? field.prompt.options : []).map(({ value }) => value),
  ];
  const fitting = [...candidates, "x", 1, 2, 100, { name: "x" }].find((value) => field.allows(value));
  return fitting;
}
