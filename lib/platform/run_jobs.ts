import type { JsonObject } from "../json.ts";
import type { Job, Step } from "../run.ts";
import { jsonObject } from "./schema.ts";

/**
 * Reads the jobs of a run. The contract does not define their shape: an unexpected one never throws, so that the run can
 * still be read.
 *
 * @param executedJobs A map by name; legacy servers send pairs, as `[name, job]` or `{key, value}`.
 */
export function readJobs(executedJobs: unknown): Job[] {
  return entriesOf(executedJobs).map(([name, value]) => {
    const job = jsonObject(value) ?? {};
    const steps = Array.isArray(job.steps) ? job.steps : [];
    return { name, status: text(job.status), steps: steps.map(readStep), outputs: readOutputs(job.outputs) };
  });
}

function entriesOf(executedJobs: unknown): [string, unknown][] {
  if (!Array.isArray(executedJobs)) return Object.entries(jsonObject(executedJobs) ?? {});
  return executedJobs.flatMap((pair: unknown): [string, unknown][] => {
    const [name, job] = Array.isArray(pair) ? pair : [jsonObject(pair)?.key, jsonObject(pair)?.value];
    return typeof name === "string" ? [[name, job]] : [];
  });
}

function readStep(value: unknown, index: number): Step {
  const step = jsonObject(value) ?? {};
  return { name: text(step.name) || text(step.id) || `step ${index + 1}`, status: text(step.status), index };
}

/** The platform sends a string that contains JSON. */
function readOutputs(outputs: unknown): JsonObject {
  if (typeof outputs !== "string") return jsonObject(outputs) ?? {};
  try {
    return jsonObject(JSON.parse(outputs)) ?? {};
  } catch {
    return {};
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
