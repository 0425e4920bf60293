/** One list of running runs instead of a request for each of them. */

import { RunnerError } from "../errors.ts";
import { pageRuns } from "../platform/pager.ts";
import type { Run } from "../run.ts";
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
export interface RunningList {
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

/** Without a request for few runs, and for those of legacy servers. */
export async function listRunning(
  { client }: Pick<Deps, "client">,
  submissions: readonly ActiveSubmission[],
  options: Pick<AdvanceOptions, "signal">,
): Promise<RunningList> {
  const wanted = new Map(
    submissions.flatMap((one) => one.runId.type === "slug" ? [[one.runId.slug, one] as const] : []),
  );
  if (wanted.size < MIN_RUNS_FOR_LIST) return NOT_LISTED;
  const [first, ...others] = new Set(submissions.map(({ request }) => request.workflow));
  const workflow = others.length === 0 ? first : undefined;
  const found = await listOnce(client, wanted, { ...options, workflow });
  const vanished = wanted.size - found.running.size;
  if (found.error !== undefined || vanished < MIN_VANISHED || vanished <= wanted.size * MAX_VANISHED_SHARE) {
    return found;
  }
  const again = await listOnce(client, wanted, { ...options, workflow });
  return {
    ...again,
    running: new Map([...found.running, ...again.running]),
    pages: found.pages + again.pages,
    duplicated: found.duplicated.union(again.duplicated),
  };
}

async function listOnce(
  client: Deps["client"],
  wanted: ReadonlyMap<string, ActiveSubmission>,
  { signal, workflow }: Pick<AdvanceOptions, "signal"> & { readonly workflow: string | undefined },
): Promise<RunningList> {
  const running = new Map<string, Run>();
  const duplicated = new Set<string>();
  const slugOfTag = new Map([...wanted].map(([slug, { correlationTag }]) => [correlationTag, slug]));
  // On an account with many other runs, reading each run by its name takes fewer requests than a longer list.
  const maxPages = Math.ceil(wanted.size / MIN_RUNS_FOR_LIST);
  let pages = 0;
  try {
    const query = { action: "list running runs", statuses: ["running"], workflow, signal, retry: "none" } as const;
    for await (const { runs } of pageRuns(client, query)) {
      pages++;
      for (const run of runs) {
        if (run.slug === null) continue;
        const tagged = slugOfTag.get(correlationTagIn(run.displayName) ?? "");
        if (tagged !== undefined && tagged !== run.slug) duplicated.add(tagged);
        if (wanted.has(run.slug) && run.status === "running") running.set(run.slug, run);
      }
      if (running.size === wanted.size || pages === maxPages) break;
    }
    return { running, pages, duplicated };
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    return { running, pages: pages + 1, duplicated, error };
  }
}
