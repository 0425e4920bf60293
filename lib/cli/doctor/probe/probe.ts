/**
 * Tests how a server behaves where its API is undocumented, with a few runs of one workflow, and cleans up. Every result
 * comes from observed behavior, never from the text of a message.
 */

import { Rejected } from "../../../errors.ts";
import { probeCurrentApi } from "./current.ts";
import { createRequester, jsonMember, jsonText, type Requester, RUNS_PATH } from "./exchange.ts";
import type { ProbeDeps, ProbeOptions } from "./options.ts";
import { probeReads } from "./reads.ts";
import type { ProbeResult, RunProbeResult } from "./result.ts";

export interface Probe {
  readonly result: ProbeResult;
  /** Slugs of the runs that the probe started and did not delete. */
  readonly remainingRuns: readonly string[];
}

/**
 * Starts at most three runs.
 *
 * @throws NotFound when there is no such workflow; Rejected when it can't be started; ResponseLost; the signal's reason.
 */
export async function probeServer(deps: ProbeDeps, options: ProbeOptions): Promise<Probe> {
  const requester = createRequester(deps.http, options.signal);
  const started = new Set<string>();
  try {
    const { hasCurrentApi, ...reads } = await probeReads(deps, requester, options);
    const runs = hasCurrentApi
      ? await probeCurrentApi(deps, requester, { ...options, started })
      : await probeLegacyApi(deps, requester, options);
    const result: ProbeResult = {
      version: 1,
      probedOn: new Date(deps.clock.now()).toISOString().slice(0, 10),
      ...reads,
      ...runs,
      ...requester.observed,
    };
    return { result, remainingRuns: await cleanUp(deps, started, options) };
  } catch (error) {
    await cleanUp(deps, started, { ...options, signal: new AbortController().signal });
    throw error;
  }
}

/** The legacy API identifies a run by its number and has no slugs. */
async function probeLegacyApi(
  { report }: ProbeDeps,
  requester: Requester,
  { workflow, inputs }: ProbeOptions,
): Promise<RunProbeResult> {
  const path = `/api/workflows/${encodeURIComponent(workflow)}/runs`;
  const { status, body } = await requester.post(path, { inputs });
  const number = jsonMember(jsonMember(body, "run"), "number");
  if (typeof number !== "number") {
    throw new Rejected(`Cannot probe the server: ${workflow} was not started (${status})`, [], {
      hint: "Pass the inputs that it needs: -i",
    });
  }
  report("run", `started number ${number}; the legacy API cannot cancel it, so it runs to its end`);
  const read = (await requester.get(`${path}/${number}`)).status;
  const legacyRead = read === 405 ? "405" : read === 200 ? "run" : null;
  report("legacy API", `GET of a run responds ${read}`);
  return {
    routes: "legacy",
    legacyRead,
    slugs: null,
    duplicateSlugStatus: null,
    dryRun: null,
    cancelOfEnded: null,
    idInPath: null,
    listOrder: null,
    maxLimit: null,
    readLagMs: null,
    listLagMs: null,
    runningSteps: null,
    fileRanges: null,
    statuses: [],
  };
}

/** Cancels runs that are still running and, if requested, deletes all. Returns the slugs of the remaining runs. */
async function cleanUp(
  { http, report }: ProbeDeps,
  started: ReadonlySet<string>,
  { signal, deletesRuns }: ProbeOptions,
): Promise<readonly string[]> {
  const requester = createRequester(http, signal);
  for (const slug of started) {
    const { body } = await requester.get(`${RUNS_PATH}/${slug}`);
    if (jsonText(body, "status") === "running") await requester.post(`${RUNS_PATH}/${slug}/cancel`);
    if (deletesRuns) await requester.delete(`${RUNS_PATH}/${slug}`);
    report(
      "clean-up",
      deletesRuns ? `deleted ${slug}` : `${slug} has finished or is being cancelled, and stays in your list`,
    );
  }
  return deletesRuns ? [] : [...started];
}
