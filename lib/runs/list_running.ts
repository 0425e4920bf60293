/** One list of running runs instead of a request for each of them. */

import { abortable } from "../abortable.ts";
import type { Clock } from "../clock.ts";
import { RunnerError } from "../errors.ts";
import type { Abortable, Client, RunQuery } from "../platform/client.ts";
import { pageRuns } from "../platform/pager.ts";
import type { Run, RunDetail, RunId } from "../run.ts";
import type { ActiveSubmission } from "../submission.ts";
import type { AdvanceOptions } from "./advance_result.ts";
import type { Deps } from "./deps.ts";
import { correlationTagIn } from "./slug.ts";

/** From this many runs on, one list request replaces polling each of them. */
const MIN_RUNS_FOR_LIST = 4;
/** When more than this share has left the list at once, the list is read again: it may have been cut short. */
const MAX_VANISHED_SHARE = 0.2;
const MIN_VANISHED = 3;

/** The tracked runs that the list shows as running. */
interface RunningList {
  /** By slug. A run that is missing here may have ended, or not: only its own page shows that. */
  readonly running: ReadonlyMap<string, Run>;
  /** Set when a page could not be read: then nothing is known of the runs that are missing. */
  readonly error?: RunnerError;
  /** Requests that were made. */
  readonly pages: number;
  /** Slugs of submissions whose correlation tag another run has as well. */
  readonly duplicated: ReadonlySet<string>;
}

const NOT_LISTED: RunningList = { running: new Map(), pages: 0, duplicated: new Set() };

/**
 * Without a request for runs of legacy servers.
 *
 * @param options `isNeeded`: also for few runs, which are otherwise polled one by one.
 */
export async function listRunning(
  { client }: Pick<Deps, "client">,
  submissions: readonly ActiveSubmission[],
  { isNeeded = false, ...options }: Pick<AdvanceOptions, "signal"> & { readonly isNeeded?: boolean },
): Promise<RunningList> {
  const wanted = new Map(
    submissions.flatMap((one) => one.runId.type === "slug" ? [[one.runId.slug, one] as const] : []),
  );
  if (wanted.size < (isNeeded ? 1 : MIN_RUNS_FOR_LIST)) return NOT_LISTED;
  const [first, ...others] = new Set(submissions.map(({ request }) => request.workflow));
  const workflow = others.length === 0 ? first : undefined;
  // On an account with many other runs, reading each run by its name takes fewer requests than a longer list.
  const query = { ...options, workflow, maxPages: Math.ceil(wanted.size / MIN_RUNS_FOR_LIST) };
  const found = await listOnce(client, query, wanted);
  const vanished = wanted.size - found.running.size;
  const isUsual = vanished < MIN_VANISHED || vanished <= wanted.size * MAX_VANISHED_SHARE;
  // What was not read of a longer list is missing in it again.
  if (found.error !== undefined || isUsual || found.pages === query.maxPages) return found;
  const again = await listOnce(client, query, wanted);
  return {
    ...again,
    running: new Map([...found.running, ...again.running]),
    pages: found.pages + again.pages,
    duplicated: found.duplicated.union(again.duplicated),
  };
}

/** @param wanted By slug; default: all runs. */
async function listOnce(
  client: Client,
  { maxPages, workflow, signal }: Pick<RunQuery, "workflow" | "signal"> & { readonly maxPages: number },
  wanted?: ReadonlyMap<string, ActiveSubmission>,
): Promise<RunningList> {
  const running = new Map<string, Run>();
  const duplicated = new Set<string>();
  const slugOfTag = new Map([...wanted ?? []].map(([slug, { correlationTag }]) => [correlationTag, slug]));
  let pages = 0;
  try {
    const query = { action: "list running runs", statuses: ["running"], workflow, signal, retry: "none" } as const;
    for await (const { runs } of pageRuns(client, query)) {
      pages++;
      for (const run of runs) {
        if (run.slug === null) continue;
        const tagged = slugOfTag.get(correlationTagIn(run.displayName) ?? "");
        if (tagged !== undefined && tagged !== run.slug) duplicated.add(tagged);
        if (wanted?.has(run.slug) !== false && run.status === "running") running.set(run.slug, run);
      }
      if (running.size === wanted?.size || pages === maxPages) break;
    }
    return { running, pages, duplicated };
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    return { running, pages: pages + 1, duplicated, error };
  }
}

/** Of fewer runs, each poll also shows the step that the run is in. */
const MIN_SHARING_RUNS = 20;
/** A list answers polls for this long. */
const MAX_AGE_MS = 5_000;

/**
 * A client whose polls share lists of running runs. A run that is not in the list is read by its name: a list never shows
 * that a run has ended.
 *
 * @param count How many runs are tracked with it.
 */
export function sharingPolls(client: Client, clock: Clock, count: number): Client {
  if (count <= MIN_SHARING_RUNS) return client;
  const maxPages = Math.ceil(count / MIN_RUNS_FOR_LIST);
  let list: { readonly atMs: number; readonly found: Promise<RunningList> } | undefined;
  const runningNow = async () => {
    if (list === undefined || clock.monotonic() - list.atMs > MAX_AGE_MS) {
      // Not aborted by one of those who wait for it. A run on a page that cannot be read is read by its name.
      list = { atMs: clock.monotonic(), found: listOnce(client, { maxPages }) };
    }
    return (await list.found).running;
  };
  return {
    ...client,
    async getRun(runId: RunId, options: Abortable = {}): Promise<RunDetail> {
      // Only polls are repeated by their callers; the first read needs all details.
      const isPoll = options.retry === "none" && runId.type === "slug";
      const run = isPoll ? (await abortable(runningNow(), options.signal)).get(runId.slug) : undefined;
      return run === undefined
        ? await client.getRun(runId, options)
        : { ...run, jobs: [], inputs: null, links: [], redirect: null };
    },
  };
}
