/** The list of runs, read page by page; and the runs with a number, which no current route takes. */

import { BadResponse, UsageError } from "../errors.ts";
import type { Run, RunId, RunPage } from "../run.ts";
import type { Abortable, Client, RunQuery } from "./client.ts";

/** A server may return fewer. */
export const PAGE_SIZE = 100;

/** Each page repeats rows of the one before it, which shows that nothing between them was skipped. */
const OVERLAP = 5;

/** A server that returns the same page this often ignores the offset. */
const MAX_EQUAL_PAGES = 3;

/** Only a list that grows faster than it is read has more. */
const MAX_PAGES = 10_000;

interface PagedQuery extends Omit<RunQuery, "limit" | "offset"> {
  /** Completes "Cannot …", like `find run hello-world#47`. */
  readonly action: string;
  /** For the error of a list that cannot be read to its end. */
  readonly hint?: string | undefined;
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

type Lister = Pick<Client, "listRuns">;
type RunNumber = Omit<Extract<RunId, { type: "number" }>, "type">;

/** 10,000 runs. */
const MAX_SEARCHED_PAGES = 100;

/** Each guess is closer: the numbers of deleted runs are missing from the list. */
const MAX_GUESSES = 6;

/**
 * The run of a workflow with this number; `undefined` without one.
 *
 * @throws The client's errors; BadResponse when the list is too long to be searched; UsageError when it contains runs of
 * several workflows, and several with this number.
 */
export async function findRunByNumber(
  client: Lister,
  wanted: RunNumber,
  options: Abortable & { readonly action: string },
): Promise<Run | undefined> {
  const matches = await searchNearby(client, wanted, options) ?? await searchAll(client, wanted, options);
  if (matches.length < 2) return matches[0];
  const slugs = matches.map(({ slug, workflowName }) => `${slug} (${workflowName})`).join(", ");
  throw new UsageError(`Cannot ${options.action}: it matches ${slugs}`, { hint: "Use the slug of one of them" });
}

async function searchAll(client: Lister, wanted: RunNumber, options: Abortable & { readonly action: string }) {
  const hint = "Use its slug, which the web interface shows";
  const query = { ...options, workflow: wanted.workflow, hint, maxPages: MAX_SEARCHED_PAGES };
  const matches: Run[] = [];
  for await (const { runs } of pageRuns(client, query)) {
    matches.push(...runs.filter(({ number }) => number === wanted.number));
  }
  return matches;
}

/**
 * Runs are numbered in the order of the list: the position of one shows where another one is likely to be.
 *
 * @returns `undefined` if the run is not there, or if the list contains runs of several workflows.
 */
async function searchNearby(client: Lister, { workflow, number }: RunNumber, { signal, retry }: Abortable) {
  let offset = 0;
  let before: Row | undefined;
  let after: Row | undefined;
  for (let guess = 0; guess < MAX_GUESSES; guess++) {
    const { runs, total } = await client.listRuns({ workflow, limit: PAGE_SIZE, offset, signal, retry });
    const [first, last] = [runs[0], runs.at(-1)];
    if (first === undefined || runs.some(({ workflowName }) => workflowName !== first.workflowName)) return undefined;
    const matches = runs.filter((run) => run.number === number);
    if (matches.length > 0) return matches;
    if (typeof first.number !== "number" || typeof last?.number !== "number" || runs.length === 1) return undefined;
    const isAscending = first.number < last.number;
    if (isAscending ? number > last.number : number < last.number) {
      before = { at: offset + runs.length - 1, number: last.number };
    } else if (isAscending ? number < first.number : number > first.number) {
      after = { at: offset, number: first.number };
    } else return undefined;
    const end = after?.at ?? total;
    // Nothing precedes the first page, which is read first.
    if (before === undefined || before.at + 1 >= end) return undefined;
    const expected = expectedAt(number, before, after) - Math.floor(runs.length / 2);
    offset = Math.max(before.at + 1, Math.min(expected, end - runs.length));
  }
  return undefined;
}

interface Row {
  /** Position in the list. */
  readonly at: number;
  readonly number: number;
}

/** With one known row, as if no run had been deleted. */
function expectedAt(number: number, before: Row, after: Row | undefined): number {
  if (after === undefined) return before.at + Math.abs(number - before.number);
  const share = (number - before.number) / (after.number - before.number);
  return Math.round(before.at + share * (after.at - before.at));
}
