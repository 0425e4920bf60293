import { parseJson } from "../json.ts";
import type { Job, LogAnnotation, Step } from "../run.ts";
import { stepLogPath, subworkflowFolder } from "./logs.ts";
import { jsonObject, nonEmpty } from "./schema.ts";

/** Subworkflows inside subworkflows; workflows nest two or three deep. */
const MAX_DEPTH = 16;

/**
 * Reads the jobs of a run. The contract does not define their shape: an unexpected one never throws, so that the run can
 * still be read.
 *
 * @param executedJobs A map by name; legacy servers send pairs, as `[name, job]` or `{key, value}`.
 */
export function readJobs(executedJobs: unknown): Job[] {
  return readJobsIn(executedJobs, "", MAX_DEPTH);
}

/** @param folder Where the logs of these jobs are: empty, or the folder of a subworkflow with its final slash. */
function readJobsIn(jobs: unknown, folder: string, depth: number): Job[] {
  return entriesOf(jobs).map(([name, value]) => {
    const job = jsonObject(value) ?? {};
    const steps = Array.isArray(job.steps) ? job.steps : [];
    return {
      name,
      status: text(job.status),
      steps: steps.map((step, index) => readStep(step, { job: name, folder, index, depth })),
      // The platform sends a string that contains JSON.
      outputs: jsonObject(typeof job.outputs === "string" ? parseJson(job.outputs) : job.outputs) ?? {},
    };
  });
}

function entriesOf(executedJobs: unknown): [string, unknown][] {
  if (!Array.isArray(executedJobs)) return Object.entries(jsonObject(executedJobs) ?? {});
  return executedJobs.flatMap((pair: unknown): [string, unknown][] => {
    const [name, job] = Array.isArray(pair) ? pair : [jsonObject(pair)?.key, jsonObject(pair)?.value];
    return typeof name === "string" ? [[name, job]] : [];
  });
}

interface StepPlace {
  readonly job: string;
  readonly folder: string;
  readonly index: number;
  readonly depth: number;
}

function readStep(value: unknown, { job, folder, index, depth }: StepPlace): Step {
  const step = jsonObject(value) ?? {};
  const called = depth === 0 ? undefined : jsonObject(step.subworkflow)?.jobs;
  return {
    name: text(step.name) || text(step.id) || text(step.uses) || `step ${index + 1}`,
    status: text(step.status),
    index,
    uses: nonEmpty(text(step.uses)),
    logPath: `${folder}${stepLogPath(job, index)}`,
    annotations: Array.isArray(step.annotations) ? step.annotations.flatMap(readAnnotation) : [],
    jobs: readJobsIn(called, `${folder}${subworkflowFolder(job, index)}`, depth - 1),
  };
}

function readAnnotation(value: unknown): LogAnnotation[] {
  const { type, title, message } = jsonObject(value) ?? {};
  if (typeof message !== "string") return [];
  return [{
    type: type === "error" || type === "warning" ? type : "notice",
    title: nonEmpty(text(title)),
    message,
  }];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
