/**
 * Reads responses about runs. Shapes: the contract's WorkflowRunResponse and related schemas; a field that it does not require may be missing
 * or `null`, and unknown fields are accepted.
 */

import { type InputPath, type JsonObject, mayBeInexact, parseExactly, parseOutput } from "../json.ts";
import type { Job, LogAnnotation, Run, RunDetail, RunLink, RunPage, RunRedirect, RunStatus, Step } from "../run.ts";
import type { HttpResponse } from "./exchange.ts";
import {
  jsonObject,
  listOf,
  membersOf,
  Mismatch,
  NUMBER,
  optional,
  OPTIONAL_TEXT,
  readerOf,
  type Shape,
  TEXT,
} from "./schema.ts";

const run: Shape<Run> = (value, path) => {
  const read = membersOf(value, path);
  const completedAt = read("completedAt", instant);
  return {
    id: read("id", TEXT),
    slug: read("slug", OPTIONAL_TEXT),
    number: read("number", optional(NUMBER)),
    // Legacy servers (the contract's former JobResponse) may omit it, and one row must not make a list unreadable.
    user: read("user", optional(TEXT)) ?? "",
    workflowName: read("workflowName", OPTIONAL_TEXT),
    workflowId: read("workflowId", OPTIONAL_TEXT),
    displayName: read("displayName", OPTIONAL_TEXT),
    ...readStatus(read("status", OPTIONAL_TEXT) ?? "", completedAt),
    statusReason: read("statusReason", OPTIONAL_TEXT),
    createdAt: read("createdAt", instant),
    completedAt,
  };
};

export const readRunPage = readerOf((value, path): RunPage => {
  const read = membersOf(value, path);
  return { runs: read("runs", listOf(run)), total: read("total", NUMBER) };
});

export function readRunDetail(response: HttpResponse, action: string): RunDetail {
  return readerOf((value, path) => ({ ...run(value, path), ...detailOf(value, response) }))(response, action);
}

export const readStartedRun = readerOf((value, path) => {
  const started = membersOf(value, path)("run", run);
  if (started.slug === null) throw new Mismatch([...path, "run", "slug"], "a string", undefined);
  return started;
});

/** A legacy run is identified by its number. */
export const readLegacyStartedRun = readerOf((value, path): Run => {
  const started = membersOf(value, path)("run", run);
  if (started.number === null) throw new Mismatch([...path, "run", "number"], "a number", undefined);
  return { ...started, slug: null };
});

/** The run, or an object `{run}`. */
export function readLegacyRunDetail(response: HttpResponse, action: string): RunDetail {
  return readerOf((value, path) => {
    const { run: inner = value } = jsonObject(value) ?? {};
    const at = inner === value ? path : [...path, "run"];
    return { ...run(inner, at), slug: null, ...detailOf(inner, response) };
  })(response, action);
}

type StatusMapping = { readonly status: RunStatus; readonly isFinal: boolean };

const RUNNING: StatusMapping = { status: "running", isFinal: false };
/** Failed, but its other jobs may still be winding down. */
const FAILING: StatusMapping = { status: "failed", isFinal: false };

/** `faulted`: a job failed while others wind down. `failed` was never observed; its meaning is clear. */
const STATUS_OF_PLATFORM_STATUS: ReadonlyMap<string, StatusMapping> = new Map([
  ["running", RUNNING],
  ["canceling", RUNNING],
  ["cancelling", RUNNING],
  ["completed", { status: "completed", isFinal: true }],
  ["error", { status: "failed", isFinal: true }],
  ["failed", { status: "failed", isFinal: true }],
  ["canceled", { status: "cancelled", isFinal: true }],
  ["cancelled", { status: "cancelled", isFinal: true }],
  ["faulted", FAILING],
]);

/**
 * @param platformStatus As the platform wrote it.
 * @param completedAt When set, an unknown status cannot mean that the run continues.
 */
export function readStatus(
  platformStatus: string,
  completedAt: string | null,
): Pick<Run, "status" | "isFinal" | "platformStatus" | "isStatusKnown"> {
  const match = STATUS_OF_PLATFORM_STATUS.get(platformStatus.toLowerCase());
  return { ...match ?? (completedAt === null ? RUNNING : FAILING), platformStatus, isStatusKnown: match !== undefined };
}

/** In UTC, as RFC 3339 with milliseconds, if it can be parsed. A server written in Go may send its zero time for "not set". */
function instant(value: unknown, path: InputPath): string | null {
  const text = OPTIONAL_TEXT(value, path);
  if (text === null || text.startsWith("0001-01-01")) return null;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? text : new Date(atMs).toISOString();
}

function detailOf(value: unknown, response: HttpResponse): Omit<RunDetail, keyof Run> {
  const run = jsonObject(value) ?? {};
  return {
    jobs: readJobs(run.executedJobs),
    inputs: exactInputs(run, response),
    links: Object.entries(jsonObject(run.links) ?? {}).map(linkOf),
    redirect: redirectOf(run.redirect),
  };
}

/**
 * Inputs may be submitted again: a number that would be sent as another one is NaN. Legacy servers may call them
 * `variables`.
 */
function exactInputs(run: JsonObject, { text }: HttpResponse): JsonObject | null {
  const body = mayBeInexact(text) ? jsonObject(parseExactly(text)) : null;
  const { inputs, variables } = body === null ? run : jsonObject(body.run) ?? body;
  return jsonObject(inputs ?? (Array.isArray(variables) ? Object.fromEntries(entriesOf(variables)) : variables));
}

function linkOf([name, value]: [string, unknown]): RunLink {
  const { url, endpoint } = jsonObject(value) ?? {};
  return { name, url: text(url) || null, endpoint: text(endpoint) || null };
}

function redirectOf(value: unknown): RunRedirect | null {
  const { kind, name } = jsonObject(value) ?? {};
  if ((kind !== "session" && kind !== "link") || typeof name !== "string") return null;
  return { kind, name };
}

/** Subworkflows inside subworkflows; workflows nest two or three deep. */
const MAX_DEPTH = 16;

/**
 * Reads the jobs of a run. The contract does not define their shape: an unexpected one never throws, so that the run can
 * still be read.
 *
 * @param executedJobs A map by name; legacy servers send pairs, as `[name, job]` or `{key, value}`.
 * @param folder Where the logs of these jobs are: empty, or the folder of a subworkflow with its final slash.
 */
export function readJobs(executedJobs: unknown, folder = "", depth = MAX_DEPTH): Job[] {
  return entriesOf(executedJobs).map(([name, value]) => {
    const job = jsonObject(value) ?? {};
    const steps = Array.isArray(job.steps) ? job.steps : [];
    return {
      name,
      status: text(job.status),
      steps: steps.map((value, index): Step => {
        const step = jsonObject(value) ?? {};
        const called = depth === 0 ? undefined : jsonObject(step.subworkflow)?.jobs;
        return {
          name: text(step.name) || text(step.id) || text(step.uses) || `step ${index + 1}`,
          status: text(step.status),
          index,
          uses: text(step.uses) || null,
          logPath: `${folder}${stepLogPath(name, index)}`,
          annotations: Array.isArray(step.annotations) ? step.annotations.flatMap(readAnnotation) : [],
          jobs: readJobs(called, `${folder}${subworkflowFolder(name, index)}`, depth - 1),
        };
      }),
      // The platform sends a string that contains JSON.
      outputs: jsonObject(typeof job.outputs === "string" ? parseOutput(job.outputs) : job.outputs) ?? {},
    };
  });
}

/**
 * The log of a step, in the folder of its run or subworkflow.
 *
 * @param stepIndex Position within the job, from 0.
 */
export function stepLogPath(job: string, stepIndex: number): string {
  return `logs/${job}/step_${stepIndex}/logs.out`;
}

/** What the folder of a run has for the workflow that a step calls; subworkflows of that one have theirs in it. */
function subworkflowFolder(job: string, stepIndex: number): string {
  return `subworkflows/${job}/step_${stepIndex}/`;
}

function entriesOf(members: unknown): [string, unknown][] {
  if (!Array.isArray(members)) return Object.entries(jsonObject(members) ?? {});
  return members.flatMap((pair: unknown): [string, unknown][] => {
    const [name, value] = Array.isArray(pair) ? pair : [jsonObject(pair)?.key, jsonObject(pair)?.value];
    return typeof name === "string" ? [[name, value]] : [];
  });
}

function readAnnotation(value: unknown): LogAnnotation[] {
  const { type, title, message } = jsonObject(value) ?? {};
  if (typeof message !== "string") return [];
  return [{
    type: type === "error" || type === "warning" ? type : "notice",
    title: text(title) || null,
    message,
  }];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
