/** Polls of many runs that are tracked side by side: one list of running runs answers most of them. */

import type { Clock } from "../clock.ts";
import { RunnerError } from "../errors.ts";
import type { Abortable, Client } from "../platform/client.ts";
import { pageRuns } from "../platform/pager.ts";
import type { Run, RunDetail, RunId } from "../run.ts";

/** Of fewer runs, each poll also shows the step that the run is in. */
const MIN_RUNS = 20;
/** A list answers polls for this long. */
const MAX_AGE_MS = 5_000;
/** A list of more pages takes more requests than it saves. */
const RUNS_PER_PAGE = 4;

/**
 * A client whose polls share lists of running runs. A run that is not in the list is read by its name: a list never shows
 * that a run has ended.
 *
 * @param count How many runs are tracked with it.
 */
export function sharingPolls(client: Client, clock: Clock, count: number): Client {
  if (count <= MIN_RUNS) return client;
  let list: { readonly atMs: number; readonly running: Promise<ReadonlyMap<string, Run>> } | undefined;
  const runningNow = (): Promise<ReadonlyMap<string, Run>> => {
    if (list === undefined || clock.monotonic() - list.atMs > MAX_AGE_MS) {
      list = { atMs: clock.monotonic(), running: listRunning(client, Math.ceil(count / RUNS_PER_PAGE)) };
    }
    return list.running;
  };
  return {
    ...client,
    async getRun(runId: RunId, options: Abortable = {}): Promise<RunDetail> {
      // Only polls are repeated by their callers; the first read needs all details.
      const isPoll = options.retry === "none" && runId.type === "slug";
      const run = isPoll ? (await runningNow()).get(runId.slug) : undefined;
      options.signal?.throwIfAborted();
      return run === undefined
        ? await client.getRun(runId, options)
        : { ...run, jobs: [], inputs: null, links: [], redirect: null };
    },
  };
}

/** Empty when it cannot be read: then each run is read by its name. Not aborted by one of those who wait for it. */
async function listRunning(client: Client, maxPages: number): Promise<ReadonlyMap<string, Run>> {
  const running = new Map<string, Run>();
  let pages = 0;
  try {
    for await (
      const { runs } of pageRuns(client, { action: "list running runs", statuses: ["running"], retry: "none" })
    ) {
      for (const run of runs) if (run.slug !== null && run.status === "running") running.set(run.slug, run);
      if (++pages === maxPages) break;
    }
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
  }
  return running;
}
