/** Pages of a list that grows at its head: a cursor remembers the last one shown, not a number alone. */

import type { Ledger, RecentQuery } from "../lib/ledger/ledger.ts";
import type { RunRecord } from "../lib/model.ts";

export interface Page {
  readonly records: readonly RunRecord[];
  /** `null` on the last page. */
  readonly next: string | null;
}

/** Where a page ended. */
interface Mark {
  /** How many stood before the next page then: more by now, where runs were added. */
  readonly rank: number;
  readonly intendedAtMs: number;
  readonly wishId: string;
}

/** So many may have been added between two pages; a reader who is slower misses none, but may see some twice. */
const MOST_ADDED = 1_000;
const STEP = 100;

/** @returns `undefined` for a cursor that is none of ours. */
export async function readPage(
  ledger: Pick<Ledger, "listRecent">,
  { limit, cursor, workflow }: Pick<RecentQuery, "limit" | "workflow"> & { readonly cursor: string | null },
): Promise<Page | undefined> {
  const mark = cursor === null ? null : markIn(cursor);
  if (mark === undefined) return undefined;
  const rank = mark === null ? 0 : await rankAfter(ledger, mark, workflow);
  const records = await ledger.listRecent(null, { limit: limit + 1, offset: rank, workflow });
  const shown = records.slice(0, limit);
  const last = shown.at(-1);
  if (records.length <= limit || last === undefined) return { records: shown, next: null };
  return { records: shown, next: `${rank + shown.length}.${last.intendedAtMs}.${last.wishId}` };
}

async function rankAfter(
  ledger: Pick<Ledger, "listRecent">,
  { rank, intendedAtMs, wishId }: Mark,
  workflow: string | undefined,
): Promise<number> {
  const from = Math.max(0, rank - 1);
  for (let offset = from; offset < from + MOST_ADDED; offset += STEP) {
    const records = await ledger.listRecent(null, { limit: STEP, offset, workflow });
    const at = records.findIndex((record) => record.wishId === wishId);
    if (at !== -1) return offset + at + 1;
    // It was forgotten meanwhile: what is older than it comes next.
    const older = records.findIndex((record) => record.intendedAtMs < intendedAtMs);
    if (older !== -1) return offset + older;
    if (records.length < STEP) return offset + records.length;
  }
  return from + MOST_ADDED;
}

function markIn(cursor: string): Mark | undefined {
  const [, rank, intendedAtMs, wishId] = /^(\d{1,6})\.(\d{1,15})\.([A-Za-z0-9-]{1,64})$/.exec(cursor) ?? [];
  if (rank === undefined || intendedAtMs === undefined || wishId === undefined) return undefined;
  return { rank: Number(rank), intendedAtMs: Number(intendedAtMs), wishId };
}
