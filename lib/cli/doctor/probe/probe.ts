/**
 * Tests how a server behaves where its API is undocumented, with a few runs of one workflow, and cleans up. Every result
 * comes from observed behavior, never from the text of a message.
 */

import type { Http } from "../../../platform/http.ts";
import {
  DRY_RUN_CHECKS,
  LEGACY_CHECKS,
  type ProbeChecks,
  type ProbeOptions,
  type ProbeState,
  READ_CHECKS,
  RUN_CHECKS,
  RUNS_PATH,
  startRun,
} from "./checks.ts";
import { createRequester, textAt } from "./exchange.ts";
import { type ProbeResult, UNDETERMINED } from "./result.ts";

interface ProbeDeps extends Pick<ProbeState, "clock" | "random"> {
  readonly http: Http;
  readonly report: (item: string, result: string) => void;
}

export type Probe = Awaited<ReturnType<typeof probeServer>>;

/**
 * Starts at most three runs.
 *
 * @returns Also the slugs of the runs that it started and did not delete.
 * @throws NotFound when there is no such workflow; Rejected when it can't be started; ResponseLost; the signal's reason.
 */
export async function probeServer(deps: ProbeDeps, options: ProbeOptions) {
  const { clock, random, http, report } = deps;
  const requester = createRequester(http, options.signal);
  const state: ProbeState = { ...options, clock, random, requester, found: {}, started: new Set() };
  const runAll = async <S extends ProbeState>(checks: ProbeChecks<S>, state: S) => {
    for (const [name, check] of Object.entries(checks)) {
      const [text, found] = await check(state);
      Object.assign(state.found, found);
      report(name, text);
    }
  };
  try {
    await runAll(READ_CHECKS, state);
    if (state.found.routes === "legacy") await runAll(LEGACY_CHECKS, state);
    else {
      await runAll(DRY_RUN_CHECKS, state);
      const runState = await startRun(state);
      report("run", `started ${runState.run.slug}`);
      await runAll(RUN_CHECKS, runState);
    }
    const probedOn = new Date(clock.now()).toISOString().slice(0, 10);
    const result: ProbeResult = { ...UNDETERMINED, probedOn, ...state.found, ...requester.observed };
    return { result, remainingRuns: await cleanUp(deps, state) };
  } catch (error) {
    await cleanUp(deps, { ...state, signal: new AbortController().signal });
    throw error;
  }
}

/** Cancels runs that are still running and, if requested, deletes all. Returns the slugs of the remaining runs. */
async function cleanUp(
  { http, report }: ProbeDeps,
  { started, signal, deletesRuns }: ProbeState,
): Promise<readonly string[]> {
  const requester = createRequester(http, signal);
  for (const slug of started) {
    const { body } = await requester.get(`${RUNS_PATH}/${slug}`);
    if (textAt(body, "status") === "running") await requester.post(`${RUNS_PATH}/${slug}/cancel`);
    if (deletesRuns) await requester.delete(`${RUNS_PATH}/${slug}`);
    report(
      "clean-up",
      deletesRuns ? `deleted ${slug}` : `${slug} has finished or is being cancelled, and stays in your list`,
    );
  }
  return deletesRuns ? [] : [...started];
}
