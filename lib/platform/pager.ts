import { BadResponse } from "../errors.ts";
import type { Client, RunQuery } from "./client.ts";
import type { Run, RunPage } from "../run.ts";

/** A server may return fewer. */
export const PAGE_SIZE = 100;

/** Each page repeats rows of the one before it, which shows that nothing between them was skipped. */
const OVERLAP = 5;

/** A server that returns the same page this often ignores the offset. */
const MAX_EQUAL_PAGES = 3;

/** Only a list that grows faster than it is read has more. */
const MAX_PAGES = 10_000;

export interface PagedQuery extends Omit<RunQuery, "limit" | "offset"> {
  /** Completes "Cannot …", like `find run hello-world#47`. */
  readonly action: string;
  /** For the error of a list that cannot be read to its end. */
  readonly hint?: string;
  /** Number of runs to skip. */
  readonly startOffset?: number;
  /** Default: {@link PAGE_SIZE}. */
  readonly pageSize?: number;
  /** A list with more pages than this is an error. */
  readonly maxPages?: number;
}

/**
 * Reads the list of runs page by page while runs are added and removed. Each run is returned once, and none is left out
 * that is in the list all the time. The first page is returned even if it is empty.
 *
 * @throws The client's errors; BadResponse when the list cannot be read to its end.
 */
export async function* pageRuns(
  client: Pick<Client, "listRuns">,
  { action, hint, startOffset = 0, pageSize = PAGE_SIZE, maxPages = MAX_PAGES, ...query }: PagedQuery,
): AsyncGenerator<RunPage, void> {
  const known = new Set<string>();
  let offset = startOffset;
  let largestPage = 0;
  let equalPages = 1;
  let previous: string | undefined;
  for (let pages = 1;; pages++) {
    const { runs, total } = await client.listRuns({ ...query, limit: pageSize, offset });
    const [first] = runs;
    // Otherwise runs before this page were removed: those that have moved up in the list were not returned yet.
    const isConnected = offset === startOffset || (first !== undefined && known.has(identityOf(first)));
    const added = isConnected ? runs.filter((run) => !known.has(identityOf(run))) : [];
    for (const run of added) known.add(identityOf(run));
    if (added.length > 0 || pages === 1) yield { runs: added, total };

    const isEqual = added.length === 0 && first !== undefined && identityOf(first) === previous;
    previous = first === undefined ? undefined : identityOf(first);
    equalPages = isEqual ? equalPages + 1 : 1;
    largestPage = Math.max(largestPage, runs.length);
    const isShort = added.length === 0 && (runs.length === 0 || runs.length < largestPage);
    const isEnd = isConnected && (offset + runs.length >= total || isShort);
    if (isEnd && !isEqual) return;
    if (isEnd || equalPages === MAX_EQUAL_PAGES || pages === maxPages) {
      throw new BadResponse(`Cannot ${action}: only ${known.size} of ${total} runs could be searched`, { hint });
    }
    const overlap = Math.min(OVERLAP, Math.floor(runs.length / 2));
    offset = isConnected ? offset + runs.length - overlap : Math.max(startOffset, offset - largestPage);
  }
}

/** Several runs may have one slug. */
function identityOf({ id, slug }: Run): string {
  return `${slug} ${id}`;
}
