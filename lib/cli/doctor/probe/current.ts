/** What one or two runs through the current API show about a server. */

import { Rejected } from "../../../errors.ts";
import { newCorrelationTag, slugFor } from "../../../runs/slug.ts";
import { jsonMember, jsonText, type ProbeResponse, type Requester, RUNS_PATH, runsOf } from "./exchange.ts";
import type { ProbeDeps, ProbeOptions } from "./options.ts";
import { LIST_LIMIT, probeList } from "./reads.ts";
import type { RunProbeResult } from "./result.ts";

const POLL_INTERVAL_MS = 500;
/** A run that is still not visible after this time is reported as such. */
const MAX_LAG_MS = 90_000;

export type CurrentApiOptions = ProbeOptions & {
  /** Receives the slugs of the runs that the probe starts. */
  readonly started: Set<string>;
};

/** @throws Rejected when the workflow can't be started. */
export async function probeCurrentApi(
  deps: ProbeDeps,
  requester: Requester,
  options: CurrentApiOptions,
): Promise<RunProbeResult> {
  const { clock, random, report } = deps;
  const { workflow, inputs } = options;
  const dryRun = dryRunOf(await requester.post(RUNS_PATH, { workflow, inputs, dryRun: true }));
  report("dry run", dryRun ?? "refused");

  const requestedSlug = slugFor(workflow, newCorrelationTag(clock.now(), random));
  const first = await submit(deps, requester, { ...options, slug: requestedSlug });
  const run = first.run ?? (await submit(deps, requester, { ...options, slug: null })).run;
  if (run === null) {
    throw new Rejected(`Cannot probe the server: ${workflow} was not started (${first.status})`, [], {
      hint: "Pass the inputs that it needs: -i",
    });
  }
  const lags = await probeLags(deps, requester, run.slug, options);
  report("delay until visible", `run ${formatLag(lags.readLagMs)}, list ${formatLag(lags.listLagMs)}`);
  const { slugs, duplicateSlugStatus } = await probeSlugs(deps, requester, { ...options, requestedSlug, first, run });
  report("slugs", `${slugs ?? "undetermined"}${duplicateSlugStatus === null ? "" : ` (${duplicateSlugStatus})`}`);

  const legacyRun = await requester.get(`/api/workflows/${encodeURIComponent(workflow)}/runs/${run.number}`);
  const legacyRead = legacyRun.status === 405 ? "405" : legacyRun.status === 200 ? "run" : null;
  report("legacy API", legacyRead === null ? "not available" : `available, GET of a run responds ${legacyRun.status}`);
  const idInPath = (await requester.get(`${RUNS_PATH}/${run.id}`)).status === 200;
  report("IDs accepted in URLs", idInPath ? "yes" : "no");
  const list = await probeList(requester);
  const order = list.listOrder === null ? "order unknown" : `${list.listOrder} first`;
  report("list", `${order}, ${list.maxLimit === null ? "no limit seen" : `at most ${list.maxLimit} at once`}`);

  const runningSteps = (await requester.get(`${RUNS_PATH}/${run.slug}/running-steps`)).status === 200;
  const observed = await watchRun(deps, requester, run.slug, options);
  const cancel = await requester.post(`${RUNS_PATH}/${run.slug}/cancel`);
  report("cancel of a finished run", observed.isFinished ? String(cancel.status) : "undetermined");
  return {
    routes: legacyRead === null ? "current" : "both",
    legacyRead,
    slugs,
    duplicateSlugStatus,
    dryRun,
    cancelOfEnded: observed.isFinished ? cancel.status : null,
    idInPath,
    ...list,
    ...lags,
    runningSteps,
    fileRanges: await probeRanges(requester, run.slug, observed.firstLogFile),
    statuses: observed.statuses,
  };
}

interface StartedRun {
  readonly id: string;
  readonly slug: string;
  readonly number: number;
}

async function submit(
  { report }: ProbeDeps,
  requester: Requester,
  { workflow, inputs, slug, started }: CurrentApiOptions & { readonly slug: string | null },
): Promise<{ readonly status: number; readonly run: StartedRun | null }> {
  const body = { workflow, inputs, displayName: "a probe by pw-workflow-runner", ...(slug === null ? {} : { slug }) };
  const reply = await requester.post(RUNS_PATH, body);
  const { status } = reply;
  const run = jsonMember(reply.body, "run");
  const [id, runSlug, number] = [jsonText(run, "id"), jsonText(run, "slug"), jsonMember(run, "number")];
  if (status !== 200 || id === null || runSlug === null) return { status, run: null };
  if (!started.has(runSlug)) report("run", `started ${runSlug}`);
  started.add(runSlug);
  return { status, run: { id, slug: runSlug, number: typeof number === "number" ? number : 0 } };
}

/** Submits the requested slug a second time, if the server kept it the first time. */
async function probeSlugs(
  deps: ProbeDeps,
  requester: Requester,
  { requestedSlug, first, run, ...options }: CurrentApiOptions & {
    readonly requestedSlug: string;
    readonly first: { readonly run: StartedRun | null };
    readonly run: StartedRun;
  },
): Promise<Pick<RunProbeResult, "slugs" | "duplicateSlugStatus">> {
  if (first.run === null) return { slugs: "refused", duplicateSlugStatus: null };
  if (run.slug !== requestedSlug) return { slugs: "ignored", duplicateSlugStatus: null };
  const second = await submit(deps, requester, { ...options, slug: requestedSlug });
  if (second.run === null) {
    // 5xx and 429 have other causes than the slug.
    const isClear = [400, 409, 422].includes(second.status);
    return { slugs: isClear ? "unique" : null, duplicateSlugStatus: isClear ? second.status : null };
  }
  return { slugs: second.run.id === run.id ? "existing" : "shared", duplicateSlugStatus: null };
}

function dryRunOf({ status, body }: ProbeResponse): RunProbeResult["dryRun"] {
  if (status !== 200) return null;
  const run = jsonMember(body, "run");
  if (jsonText(run, "slug") === null) return "no-slug";
  return jsonText(run, "status") === null ? "run-without-status" : "run";
}

async function probeLags(
  { clock }: ProbeDeps,
  requester: Requester,
  slug: string,
  { signal }: ProbeOptions,
): Promise<Pick<RunProbeResult, "readLagMs" | "listLagMs">> {
  const startMs = clock.monotonic();
  const lags: { readLagMs: number | null; listLagMs: number | null } = { readLagMs: null, listLagMs: null };
  while (clock.monotonic() - startMs < MAX_LAG_MS) {
    const elapsedMs = Math.round(clock.monotonic() - startMs);
    if (lags.readLagMs === null && (await requester.get(`${RUNS_PATH}/${slug}`)).status === 200) {
      lags.readLagMs = elapsedMs;
    }
    if (lags.listLagMs === null && (await listSlugs(requester)).includes(slug)) lags.listLagMs = elapsedMs;
    if (lags.readLagMs !== null && lags.listLagMs !== null) break;
    await clock.sleep(POLL_INTERVAL_MS, { signal });
  }
  return lags;
}

async function listSlugs(requester: Requester): Promise<readonly string[]> {
  const runs = runsOf(await requester.get(`${RUNS_PATH}?limit=${LIST_LIMIT}`));
  return runs.flatMap((run) => jsonText(run, "slug") ?? []);
}

interface ObservedRun {
  readonly isFinished: boolean;
  readonly statuses: readonly string[];
  readonly firstLogFile: string | null;
}

/** Polls the run until it has finished or exceeded its timeout. */
async function watchRun(
  { clock, report }: ProbeDeps,
  requester: Requester,
  slug: string,
  { signal, runTimeoutMs }: ProbeOptions,
): Promise<ObservedRun> {
  const statuses = new Set<string>();
  let firstLogFile: string | null = null;
  const deadlineMs = clock.monotonic() + runTimeoutMs;
  while (true) {
    const { body } = await requester.get(`${RUNS_PATH}/${slug}`);
    for (const [name, job] of Object.entries(jsonMember(body, "executedJobs") ?? {})) {
      const steps = jsonMember(job, "steps");
      for (const entry of [job, ...(Array.isArray(steps) ? steps : [])]) statuses.add(jsonText(entry, "status") ?? "");
      if (Array.isArray(steps) && steps.length > 0) firstLogFile ??= `logs/${name}/step_0/logs.out`;
    }
    statuses.delete("");
    const isFinished = ["completed", "error", "canceled"].includes(jsonText(body, "status") ?? "");
    if (isFinished || clock.monotonic() >= deadlineMs) {
      report("statuses", [...statuses].join(", "));
      return { isFinished, statuses: [...statuses].sort(), firstLogFile };
    }
    await clock.sleep(POLL_INTERVAL_MS, { signal });
  }
}

async function probeRanges(requester: Requester, slug: string, file: string | null): Promise<boolean | null> {
  if (file === null) return null;
  const path = `${RUNS_PATH}/${slug}/files?${new URLSearchParams({ file })}`;
  const { status } = await requester.get(path, { range: "bytes=0-1" });
  return status === 206 ? true : status === 200 ? false : null;
}

function formatLag(lagMs: number | null): string {
  return lagMs === null ? `more than ${MAX_LAG_MS / 1_000} s` : `${lagMs / 1_000} s`;
}
