/** What a few runs of one workflow show about a server, one behavior at a time. */

import { didYouMean } from "../../../did_you_mean.ts";
import { NotFound, Rejected } from "../../../errors.ts";
import { type JsonObject, valueAt } from "../../../json.ts";
import type { Http } from "../../../platform/http.ts";
import { newCorrelationTag, slugFor } from "../../../runs/slug.ts";
import type { Context } from "../../context.ts";
import { listAt, type ProbeResponse, type Requester, textAt } from "./exchange.ts";
import type { ProbeResult } from "./result.ts";

export interface ProbeOptions extends Pick<Context, "clock" | "random"> {
  readonly http: Http;
  /** Called with each result. */
  readonly report: (item: string, result: string) => void;
  readonly signal: AbortSignal;
  readonly workflow: string;
  readonly inputs: JsonObject;
  /** Deletes the runs that the probe started, and their files. */
  readonly deletesRuns: boolean;
  readonly runTimeoutMs: number;
}

/** What the checks of one probe share. */
export interface ProbeState extends ProbeOptions {
  readonly requester: Requester;
  /** What the checks so far found. */
  readonly found: Partial<ProbeResult>;
  /** Slugs of the runs that the probe started. */
  readonly started: Set<string>;
}

export interface RunState extends ProbeState {
  readonly run: { readonly id: string; readonly slug: string; readonly number: number };
  readonly requestedSlug: string;
  /** Whether the server accepted a submit with the requested slug. */
  readonly isSlugAccepted: boolean;
  isFinished: boolean;
  firstLogFile: string | null;
}

/** By name. Each returns a description, and the part of the result that it found. */
export type ProbeChecks<State = ProbeState> = Readonly<
  Record<string, (state: State) => Promise<readonly [string, Partial<ProbeResult>]>>
>;

export const RUNS_PATH = "/api/workflow-runs";
/** Above what a server is expected to return at once. */
const LIST_LIMIT = 1_000;
const POLL_INTERVAL_MS = 500;
/** A run that is still not visible after this time is reported as such. */
const MAX_LAG_MS = 90_000;

/** Start no run. The API version decides which ones follow. */
const READ_CHECKS: ProbeChecks = {
  "clock": async ({ requester, clock }) => {
    const { headers } = await requester.get("/healthzz");
    const seconds = Math.round((Date.parse(headers.get("date") ?? "") - clock.now()) / 1_000);
    if (!Number.isFinite(seconds)) return ["not reported", {}];
    const side = seconds > 0 ? "ahead of" : "behind";
    const detail = seconds === 0 ? "in sync with" : `${Math.abs(seconds)} s ${side}`;
    return [`${detail} this machine`, { clockSkewMs: seconds * 1_000 }];
  },
  "API version": async ({ requester, workflow }) => {
    const { status } = await requester.get(workflowPath(workflow));
    if (status !== 200) {
      const { body } = await requester.get("/api/workflows");
      const names = listAt(body).flatMap((item) => textAt(item, "name") ?? []);
      throw new NotFound(`Cannot probe the server with ${workflow}: it responded ${status}`, {
        hint: didYouMean(workflow, names) ??
          "Use a short workflow of your account that has no side effects: --probe WORKFLOW",
      });
    }
    const routes = (await requester.get(`${RUNS_PATH}?limit=1`)).status === 200 ? "current" : "legacy";
    return [routes, { routes }];
  },
  "errors": async ({ requester, workflow, clock, random, found }) => {
    const missing = `no-such-${newCorrelationTag(clock.now(), random)}`;
    const isCurrent = found.routes === "current";
    const unknownRun = await requester.get(isCurrent ? `${RUNS_PATH}/${missing}` : `${workflowPath(missing)}/runs/1`);
    const unknownWorkflow = await requester.get(workflowPath(missing));
    const inputs = "not an object";
    const malformedSubmit = isCurrent
      ? await requester.post(RUNS_PATH, { workflow: missing, inputs })
      : await requester.post(`${workflowPath(workflow)}/runs`, { inputs });
    const errors = {
      unknownRun: unknownRun.status,
      unknownWorkflow: unknownWorkflow.status,
      malformedSubmit: malformedSubmit.status,
    };
    const text = Object.entries(errors).map(([name, status]) => `${name} ${status}`).join(", ");
    return [text, { errors, errorBody: errorBodyOf(unknownWorkflow) }];
  },
  "workspace": async ({ requester }) => {
    const workspace = textAt((await requester.get("/api/user-workspace/status")).body, "status");
    return [workspace ?? "not reported", { workspace }];
  },
};

/** The legacy API identifies a run by its number and has no slugs. */
const LEGACY_CHECKS: ProbeChecks = {
  "legacy API": async ({ requester, workflow, inputs }) => {
    const path = `${workflowPath(workflow)}/runs`;
    const { status, body } = await requester.post(path, { inputs });
    const number = valueAt(body, ["run", "number"]);
    if (typeof number !== "number") throw notStarted(workflow, status);
    const read = (await requester.get(`${path}/${number}`)).status;
    const text = `GET of a run responds ${read}; run ${number} was started and cannot be cancelled: it runs to its end`;
    return [text, { legacyRead: legacyReadOf(read) }];
  },
};

const DRY_RUN_CHECKS: ProbeChecks = {
  "dry run": async ({ requester, workflow, inputs }) => {
    const { status, body } = await requester.post(RUNS_PATH, { workflow, inputs, dryRun: true });
    if (status !== 200) return ["refused", {}];
    const dryRun = textAt(body, "run", "slug") === null
      ? "no-slug"
      : textAt(body, "run", "status") === null
      ? "run-without-status"
      : "run";
    return [dryRun, { dryRun }];
  },
};

/** Judge a run that the probe has started. */
const RUN_CHECKS: ProbeChecks<RunState> = {
  "delay until visible": async ({ requester, clock, signal, run }) => {
    const startMs = clock.monotonic();
    let readLagMs: number | undefined;
    let listLagMs: number | undefined;
    for (let elapsedMs = 0; elapsedMs < MAX_LAG_MS; elapsedMs = Math.round(clock.monotonic() - startMs)) {
      if ((await requester.get(`${RUNS_PATH}/${run.slug}`)).status === 200) readLagMs ??= elapsedMs;
      const { body } = await requester.get(`${RUNS_PATH}?limit=${LIST_LIMIT}`);
      if (listAt(body, "runs").some((each) => textAt(each, "slug") === run.slug)) listLagMs ??= elapsedMs;
      if (readLagMs !== undefined && listLagMs !== undefined) break;
      await clock.sleep(POLL_INTERVAL_MS, { signal });
    }
    const text = `run ${formatLag(readLagMs)}, list ${formatLag(listLagMs)}`;
    return [text, { readLagMs: readLagMs ?? null, listLagMs: listLagMs ?? null }];
  },
  "slugs": async (state) => {
    if (!state.isSlugAccepted) return ["refused", { slugs: "refused" }];
    if (state.run.slug !== state.requestedSlug) return ["ignored", { slugs: "ignored" }];
    const { run, status } = await submit(state, state.requestedSlug);
    if (run !== null) {
      const slugs = run.id === state.run.id ? "existing" : "shared";
      return [slugs, { slugs }];
    }
    // 5xx and 429 have other causes than the slug.
    if (![400, 409, 422].includes(status)) return ["undetermined", {}];
    return [`unique (${status})`, { slugs: "unique", duplicateSlugStatus: status }];
  },
  "legacy API": async ({ requester, workflow, run }) => {
    const { status } = await requester.get(`${workflowPath(workflow)}/runs/${run.number}`);
    const legacyRead = legacyReadOf(status);
    if (legacyRead === null) return ["not available", {}];
    return [`available, GET of a run responds ${status}`, { routes: "both", legacyRead }];
  },
  "IDs accepted in URLs": async ({ requester, run }) => {
    const idInPath = (await requester.get(`${RUNS_PATH}/${run.id}`)).status === 200;
    return [idInPath ? "yes" : "no", { idInPath }];
  },
  "list": async ({ requester }) => {
    const { body } = await requester.get(`${RUNS_PATH}?limit=${LIST_LIMIT}`);
    const runs = listAt(body, "runs");
    const total = valueAt(body, ["total"]);
    const times = runs.map((run) => Date.parse(textAt(run, "createdAt") ?? ""));
    const [first = NaN, last = NaN] = [times[0], times.at(-1)];
    const listOrder = first > last ? "newest" : first < last ? "oldest" : null;
    const maxLimit = typeof total === "number" && runs.length < total ? runs.length : null;
    const order = listOrder === null ? "order unknown" : `${listOrder} first`;
    const limit = maxLimit === null ? "no limit seen" : `at most ${maxLimit} at once`;
    return [`${order}, ${limit}`, { listOrder, maxLimit }];
  },
  "running steps": async ({ requester, run }) => {
    const runningSteps = (await requester.get(`${RUNS_PATH}/${run.slug}/running-steps`)).status === 200;
    return [runningSteps ? "available" : "not available", { runningSteps }];
  },
  "statuses": async (state) => {
    const { requester, clock, signal, run, runTimeoutMs } = state;
    const statuses = new Set<string>();
    const deadlineMs = clock.monotonic() + runTimeoutMs;
    while (true) {
      const { body } = await requester.get(`${RUNS_PATH}/${run.slug}`);
      for (const [name, job] of Object.entries(valueAt(body, ["executedJobs"]) ?? {})) {
        const steps = listAt(job, "steps");
        for (const entry of [job, ...steps]) statuses.add(textAt(entry, "status") ?? "");
        if (steps.length > 0) state.firstLogFile ??= `logs/${name}/step_0/logs.out`;
      }
      state.isFinished = ["completed", "error", "canceled"].includes(textAt(body, "status") ?? "");
      if (state.isFinished || clock.monotonic() >= deadlineMs) break;
      await clock.sleep(POLL_INTERVAL_MS, { signal });
    }
    statuses.delete("");
    return [[...statuses].join(", "), { statuses: [...statuses].sort() }];
  },
  "cancel of a finished run": async ({ requester, run, isFinished }) => {
    const { status } = await requester.post(`${RUNS_PATH}/${run.slug}/cancel`);
    return isFinished ? [String(status), { cancelOfEnded: status }] : ["undetermined", {}];
  },
  "ranges of files": async ({ requester, run, firstLogFile }) => {
    if (firstLogFile === null) return ["undetermined", {}];
    const path = `${RUNS_PATH}/${run.slug}/files?${new URLSearchParams({ file: firstLogFile })}`;
    const { status } = await requester.get(path, { range: "bytes=0-1" });
    const fileRanges = status === 206 ? true : status === 200 ? false : null;
    return [fileRanges === null ? "undetermined" : fileRanges ? "yes" : "no", { fileRanges }];
  },
};

export const CHECKS = { read: READ_CHECKS, legacy: LEGACY_CHECKS, dryRun: DRY_RUN_CHECKS, run: RUN_CHECKS } as const;

/** @throws Rejected when the workflow can't be started. */
export async function startRun(state: ProbeState): Promise<RunState> {
  const requestedSlug = slugFor(state.workflow, newCorrelationTag(state.clock.now(), state.random));
  const first = await submit(state, requestedSlug);
  const run = first.run ?? (await submit(state, null)).run;
  if (run === null) throw notStarted(state.workflow, first.status);
  return { ...state, run, requestedSlug, isSlugAccepted: first.run !== null, isFinished: false, firstLogFile: null };
}

async function submit({ requester, workflow, inputs, started }: ProbeState, slug: string | null) {
  const request = {
    workflow,
    inputs,
    displayName: "a probe by pw-workflow-runner",
    ...(slug === null ? {} : { slug }),
  };
  const { status, body } = await requester.post(RUNS_PATH, request);
  const [id, runSlug] = [textAt(body, "run", "id"), textAt(body, "run", "slug")];
  if (status !== 200 || id === null || runSlug === null) return { status, run: null };
  started.add(runSlug);
  return { status, run: { id, slug: runSlug, number: Number(valueAt(body, ["run", "number"])) } };
}

function notStarted(workflow: string, status: number): Rejected {
  const hint = "Pass the inputs that it needs: --probe-input";
  return new Rejected(`Cannot probe the server: ${workflow} was not started (${status})`, [], { hint });
}

function workflowPath(workflow: string): string {
  return `/api/workflows/${encodeURIComponent(workflow)}`;
}

function legacyReadOf(status: number): ProbeResult["legacyRead"] {
  return status === 405 ? "405" : status === 200 ? "run" : null;
}

function errorBodyOf({ headers, body }: ProbeResponse): ProbeResult["errorBody"] {
  if (/problem\+json/.test(headers.get("content-type") ?? "")) return "problem";
  return valueAt(body, ["error"]) === true ? "envelope" : "other";
}

function formatLag(lagMs: number | undefined): string {
  return lagMs === undefined ? `more than ${MAX_LAG_MS / 1_000} s` : `${lagMs / 1_000} s`;
}
