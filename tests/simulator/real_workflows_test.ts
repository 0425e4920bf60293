/** Real workflow files on the simulator, over plain HTTP: listed, read, submitted with their form's defaults, to the end. */

import assert from "node:assert/strict";
import { parse } from "../../lib/deps/yaml.ts";
import type { Json, JsonObject } from "../../lib/json.ts";
import { isObject } from "../../lib/json.ts";
import { objectOf, stringsOf } from "../../lib/simulator/shape.ts";
import type { Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { needing } from "../support/needs.ts";
import { fixtureWorkflows, realWorkflows, type WorkflowTexts } from "../support/real_workflows.ts";
import { type VirtualClock, virtualClock } from "../support/virtual_clock.ts";
import { request, submit } from "./request.ts";

const CLUSTERS = ["a30gpuserver", "cloudslurm"] as const;
/** Longer than any of the files takes with one second per step, and than a session needs to become healthy. */
const LONG_MS = 10 * 60_000;

const fixtures = await fixtureWorkflows();
const real = await realWorkflows();

Deno.test("the workflow files of this repository are listed, read, submitted and run to their end", (t) => {
  return testAll(t, fixtures);
});

Deno.test({
  ...needing("real workflow files are listed, read, submitted and run to their end", real.missing, "../shared"),
  fn: (t) => testAll(t, real),
});

async function testAll(t: Deno.TestContext, { texts }: WorkflowTexts) {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, workflows: texts });
  const list = (await request(sim, "GET", "/api/workflows")).at("");
  const listed = new Map((Array.isArray(list) ? list : []).map(objectOf).map(({ name, yaml }) => [name, yaml]));
  assert.ok(Object.keys(texts).length >= 12, "at least a dozen files");
  for (const [name, text] of Object.entries(texts)) {
    await t.step(name, async () => {
      assert.equal((await request(sim, "GET", `/api/workflows/${name}/yaml`)).text, text);
      assert.deepEqual(listed.get(name), parse(text));
      for (const cluster of CLUSTERS) await runToEnd(sim, clock, { name, yaml: objectOf(parse(text)), cluster });
    });
  }
}

async function runToEnd(
  sim: Simulator,
  clock: VirtualClock,
  { name, yaml, cluster }: { readonly name: string; readonly yaml: JsonObject; readonly cluster: string },
) {
  const slug = await submit(sim, name, { inputs: defaultsOf(formOf(yaml), cluster) });
  clock.advance(LONG_MS);
  const details = async () => objectOf((await request(sim, "GET", `/api/workflow-runs/${slug}`)).at(""));
  const hasSessions = Object.keys(objectOf(yaml["sessions"])).length > 0;
  assert.equal((await details())["status"], hasSessions ? "running" : "completed");
  await checkJobs(sim, slug, { jobs: objectOf(yaml["jobs"]), executed: (await details())["executedJobs"], folder: "" });
  if (!hasSessions) return;
  const sessions = async () => {
    const list = (await request(sim, "GET", "/api/sessions")).at("");
    return (Array.isArray(list) ? list : []).map(objectOf).filter((one) =>
      objectOf(one["workflowRun"])["slug"] === slug
    );
  };
  const states = async () => (await sessions()).map(({ status, healthy }) => `${status} ${healthy}`);
  const count = Object.keys(objectOf(yaml["sessions"])).length;
  assert.deepEqual(await states(), Array(count).fill("running true"));
  assert.equal((await request(sim, "POST", `/api/workflow-runs/${slug}/cancel`)).status, 204);
  clock.advance(LONG_MS);
  assert.equal((await details())["status"], "canceled");
  assert.deepEqual(await states(), Array(count).fill("stopped false"));
}

interface JobsToCheck {
  /** Jobs of the workflow file; those of a stub are not known. */
  readonly jobs: JsonObject | undefined;
  readonly executed: Json | undefined;
  /** Folder of the run's files, such as `subworkflows/job/step_0/`. */
  readonly folder: string;
}

/** Every step has a status that its file can have, and steps that call workflows contain their jobs, with logs. */
async function checkJobs(sim: Simulator, slug: string, { jobs, executed, folder }: JobsToCheck): Promise<void> {
  const instances = Object.entries(objectOf(executed)).map(([name, job]) => ({ name, job: objectOf(job) }));
  for (const base of Object.keys(jobs ?? {})) {
    const isThere = instances.some(({ name }) => name === base || name.startsWith(`${base}-`));
    assert.ok(isThere, `${folder}: no job ${base}`);
  }
  for (const { name, job } of instances) {
    for (const [index, step] of (Array.isArray(job["steps"]) ? job["steps"] : []).map(objectOf).entries()) {
      const status = String(step["status"]);
      assert.match(status, /^(completed|running|pending|skipped|canceled)$/, `${folder}${name} step ${index}`);
      if (status === "pending" || status === "skipped") continue;
      const file = `${folder}logs/${name}/step_${index}/logs.out`;
      const log = await request(sim, "GET", `/api/workflow-runs/${slug}/files?file=${encodeURIComponent(file)}`);
      const subworkflow = step["subworkflow"];
      assert.equal(log.status, subworkflow === undefined ? 200 : 404, file);
      const calls = typeof step["uses"] === "string" && !step["uses"].startsWith("parallelworks/");
      assert.equal(subworkflow !== undefined, calls, `${folder}${name} step ${index} calls ${step["uses"]}`);
      if (!isObject(subworkflow)) continue;
      const inner = {
        jobs: undefined,
        executed: subworkflow["jobs"],
        folder: `${folder}subworkflows/${name}/step_${index}/`,
      };
      assert.ok(Object.keys(objectOf(subworkflow["jobs"])).length > 0);
      await checkJobs(sim, slug, inner);
    }
  }
}

function formOf(yaml: JsonObject): JsonObject {
  return itemsOf(objectOf(objectOf(yaml["on"])["execute"])["inputs"]);
}

function itemsOf(items: Json | undefined): JsonObject {
  if (!Array.isArray(items)) return objectOf(items);
  return Object.fromEntries(items.map(objectOf).map((item) => [String(item["name"]), item]));
}

/** What a person sends who changes nothing but what has no default. */
function defaultsOf(form: JsonObject, cluster: string): JsonObject {
  const values = Object.entries(form).map(([name, field]) => [name, valueFor(objectOf(field), cluster)] as const);
  return Object.fromEntries(values.flatMap(([name, value]) => value === undefined ? [] : [[name, value]]));
}

function valueFor(field: JsonObject, cluster: string): Json | undefined {
  const type = String(field["type"]);
  const fallback = field["default"];
  if (type === "group") return defaultsOf(itemsOf(field["items"]), cluster);
  if (type === "header" || (typeof fallback === "string" && fallback.includes("${{"))) return undefined;
  if (fallback !== undefined) return fallback;
  if (field["optional"] === true) return undefined;
  switch (type) {
    case "compute-clusters":
      return cluster;
    case "list": {
      const template = objectOf(field["template"]);
      return [typeof template["type"] === "string" ? valueFor(template, cluster) ?? "" : defaultsOf(template, cluster)];
    }
    case "boolean":
      return false;
    case "number":
    case "integer":
      return Number(field["min"] ?? 1);
    case "dropdown": {
      const [option] = Array.isArray(field["options"]) ? field["options"] : [];
      return isObject(option) ? option["value"] ?? "" : option ?? "x";
    }
    default:
      return type.startsWith("multi") ? stringsOf(field["options"]).slice(0, 1) : "x";
  }
}
