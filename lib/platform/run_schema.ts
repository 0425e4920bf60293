/**
 * Reads responses about runs. Imported while the request is in flight, because loading zod takes as long as a fast
 * response. Shapes: the contract's WorkflowRunResponse and related schemas; a field that it does not require may be missing
 * or `null`, and unknown fields are accepted.
 */

import { array, looseObject, nullish, number, pipe, string, transform } from "../deps/zod.ts";
import { type JsonObject, mayBeInexact, parseExactly, parseJson } from "../json.ts";
import type { Job, LogAnnotation, Run, RunDetail, RunLink, RunPage, RunRedirect, RunStatus, Step } from "../run.ts";
import type { HttpResponse } from "./exchange.ts";
import { stepLogPath, subworkflowFolder } from "./logs.ts";
import { ANY, badResponse, jsonObject, nonEmpty, OPTIONAL_TEXT, type OutputOf, readJson, readShape } from "./schema.ts";

const TIME = pipe(nullish(string()), transform(instant));
const RUN_FIELDS = {
  id: string(),
  user: string(),
  slug: OPTIONAL_TEXT,
  number: nullish(number()),
  status: nullish(string()),
  statusReason: OPTIONAL_TEXT,
  displayName: OPTIONAL_TEXT,
  workflowName: OPTIONAL_TEXT,
  workflowId: OPTIONAL_TEXT,
  createdAt: TIME,
  completedAt: TIME,
};
const RUN = looseObject(RUN_FIELDS);

const DETAIL_FIELDS = { executedJobs: ANY, inputs: ANY, links: ANY, redirect: ANY };
const RUN_DETAIL = looseObject({ ...RUN_FIELDS, ...DETAIL_FIELDS });

/** Legacy servers (the contract's former JobResponse) may call the inputs `variables` and omit the user. */
const LEGACY_FIELDS = { ...RUN_FIELDS, ...DETAIL_FIELDS, user: nullish(string()), variables: ANY };
const LEGACY_RUN = looseObject(LEGACY_FIELDS);

const RUN_PAGE = looseObject({ runs: nullish(array(RUN)), total: number() });
const STARTED = looseObject({ run: RUN });
const LEGACY_STARTED = looseObject({ run: LEGACY_RUN });
/** What all of them have. */
type WireRun = OutputOf<typeof LEGACY_RUN>;

export function readRunPage(response: HttpResponse, action: string): RunPage {
  const { runs, total } = readShape(RUN_PAGE, response, action);
  return { runs: (runs ?? []).map(runOf), total };
}

export function readRunDetail(response: HttpResponse, action: string): RunDetail {
  const run = readShape(RUN_DETAIL, response, action);
  return { ...runOf(run), ...detailOf(run, response) };
}

export function readStartedRun(response: HttpResponse, action: string): Run {
  const { run } = readShape(STARTED, response, action);
  if (run.slug === null) throw badResponse(response, action, "run.slug must be a string, got nothing");
  return runOf(run);
}

/** A legacy run is identified by its number. */
export function readLegacyStartedRun(response: HttpResponse, action: string): Run {
  const { run } = readShape(LEGACY_STARTED, response, action);
  if (typeof run.number !== "number") throw badResponse(response, action, "run.number must be a number, got nothing");
  return { ...runOf(run), slug: null };
}

/** The run, or an object `{run}`. */
export function readLegacyRunDetail(response: HttpResponse, action: string): RunDetail {
  const isWrapped = jsonObject(readJson(response, action))?.run !== undefined;
  const run = isWrapped ? readShape(LEGACY_STARTED, response, action).run : readShape(LEGACY_RUN, response, action);
  return { ...runOf(run), slug: null, ...detailOf(run, response) };
}

function runOf(run: WireRun): Run {
  const { id, slug, workflowName, workflowId, displayName, statusReason, createdAt, completedAt } = run;
  const names = { id, slug, number: run.number ?? null, user: run.user ?? "", workflowName, workflowId, displayName };
  return { ...names, ...readStatus(run.status ?? "", completedAt), statusReason, createdAt, completedAt };
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
function instant(text: string | null | undefined): string | null {
  if (text?.startsWith("0001-01-01")) return null;
  const atMs = Date.parse(text ?? "");
  return Number.isNaN(atMs) ? nonEmpty(text) : new Date(atMs).toISOString();
}

function detailOf(run: WireRun, response: HttpResponse): Omit<RunDetail, keyof Run> {
  return {
    jobs: readJobs(run.executedJobs),
    inputs: exactInputs(run, response),
    links: Object.entries(jsonObject(run.links) ?? {}).map(linkOf),
    redirect: redirectOf(run.redirect),
  };
}

/** Inputs may be submitted again: a number that would be sent as another one is NaN. */
function exactInputs(run: WireRun, { text }: HttpResponse): JsonObject | null {
  const body = mayBeInexact(text) ? jsonObject(parseExactly(text)) : null;
  const { inputs, variables } = body === null ? run : jsonObject(body.run) ?? body;
  return jsonObject(inputs ?? (Array.isArray(variables) ? Object.fromEntries(entriesOf(variables)) : variables));
}

function linkOf([name, value]: [string, unknown]): RunLink {
  const { url, endpoint } = jsonObject(value) ?? {};
  return { name, url: nonEmpty(text(url)), endpoint: nonEmpty(text(endpoint)) };
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
          uses: nonEmpty(text(step.uses)),
          logPath: `${folder}${stepLogPath(name, index)}`,
          annotations: Array.isArray(step.annotations) ? step.annotations.flatMap(readAnnotation) : [],
          jobs: readJobs(called, `${folder}${subworkflowFolder(name, index)}`, depth - 1),
        };
      }),
      // The platform sends a string that contains JSON.
      outputs: jsonObject(typeof job.outputs === "string" ? parseJson(job.outputs) : job.outputs) ?? {},
    };
  });
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
    title: nonEmpty(text(title)),
    message,
  }];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
