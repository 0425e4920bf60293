/** No current route takes a run's number: it is found in the list of the workflow's runs. */

import type { Run, RunId } from "../run.ts";
import type { Abortable, Client } from "./client.ts";
import { PAGE_SIZE, pageRuns } from "./pager.ts";

type Lister = Pick<Client, "listRuns">;
type RunNumber = Omit<Extract<RunId, { type: "number" }>, "type">;

/** 10,000 runs. */
const MAX_PAGES = 100;

/** Each guess is closer: the numbers of deleted runs are missing from the list. */
const MAX_GUESSES = 6;

/**
 * The runs of a workflow with this number: several if the list contains runs of several workflows.
 *
 * @throws The client's errors; BadResponse when the list is too long to be searched.
 */
export async function findRunsByNumber(
  client: Lister,
  wanted: RunNumber,
  options: Abortable & { readonly action: string },
): Promise<readonly Run[]> {
  return await searchNearby(client, wanted, options) ?? await searchAll(client, wanted, options);
}

/**
 * Runs are numbered in the order of the list: the position of one shows where another one is likely to be.
 *
 * @returns `undefined` if the run is not there, or if the list contains runs of several workflows.
 */
async function searchNearby(
  client: Lister,
  { workflow, number }: RunNumber,
  { signal, retry }: Abortable,
): Promise<readonly Run[] | undefined> {
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
    const [start, end] = [before === undefined ? 0 : before.at + 1, after?.at ?? total];
    if (start >= end) return undefined;
    const expected = expectedAt(number, before, after) - Math.floor(runs.length / 2);
    offset = Math.max(start, Math.min(expected, end - runs.length));
  }
  return undefined;
}

interface Row {
  /** Position in the list. */
  readonly at: number;
  readonly number: number;
}

/** With one known row, as if no run had been deleted. */
function expectedAt(number: number, before: Row | undefined, after: Row | undefined): number {
  if (before !== undefined && after !== undefined) {
    const share = (number - before.number) / (after.number - before.number);
    return Math.round(before.at + share * (after.at - before.at));
  }
  if (before !== undefined) return before.at + Math.abs(number - before.number);
  return after === undefined ? 0 : after.at - Math.abs(number - after.number);
}

async function searchAll(
  client: Lister,
  { workflow, number }: RunNumber,
  options: Abortable & { readonly action: string },
): Promise<readonly Run[]> {
  const hint = "Use its slug, which the web interface shows";
  const matches: Run[] = [];
  for await (const { runs } of pageRuns(client, { ...options, workflow, hint, maxPages: MAX_PAGES })) {
    matches.push(...runs.filter((run) => run.number === number));
  }
  return matches;
}
