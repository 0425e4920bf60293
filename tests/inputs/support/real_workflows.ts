/** The forms of public workflow files, which lie beside the project where they are available. */

import assert from "node:assert/strict";
import { parse } from "../../../lib/deps/yaml.ts";
import type { Cluster } from "../../../lib/cluster.ts";
import type { Form } from "../../../lib/inputs/form.ts";
import { readForm } from "../../../lib/inputs/read_form.ts";
import type { JsonObject } from "../../../lib/json.ts";

const FOLDER = new URL("../../../../shared/real-workflows/", import.meta.url);
export const FILES = [...filesIn(FOLDER)].filter((name) => name.endsWith(".yaml")).toSorted();
/** Why the tests are skipped. */
export const missing = FILES.length === 0 ? `no workflow files in ${FOLDER.pathname}` : undefined;

export const CLUSTERS: readonly Cluster[] = [
  aCluster("myslurm", { type: "existing", schedulerType: "slurm" }),
  aCluster("mypbs", { type: "existing", schedulerType: "pbs" }),
  aCluster("myssh", { type: "existing" }),
  aCluster("mycloud", { type: "aws-slurm", schedulerType: "slurm", csp: "aws" }),
];
export function formOf(name: string): Form {
  const yaml: JsonObject = parse(Deno.readTextFileSync(new URL(name, FOLDER)));
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
