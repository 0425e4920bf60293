/** Pages of a list that grows at its head: a cursor says which one was shown last, not how many were. */

import type { RecentCursor, RecentQuery, RunStore } from "../store/run_store.ts";
import type { Submission } from "../submission.ts";

export interface Page {
  readonly records: readonly Submission[];
  /** `null` on the last page. */
  readonly next: string | null;
}

/** @returns `undefined` for a cursor that is none of ours. */
export async function readPage(
  store: Pick<RunStore, "listRecent">,
  { limit, cursor, workflow }: Pick<RecentQuery, "limit" | "workflow"> & { readonly cursor: string | null },
): Promise<Page | undefined> {
  const after = cursor === null ? null : placeIn(cursor);
  if (after === undefined) return undefined;
  const records = await store.listRecent({ scope: "service", limit: limit + 1, after: after ?? undefined, workflow });
  const shown = records.slice(0, limit);
  const last = shown.at(-1);
  if (records.length <= limit || last === undefined) return { records: shown, next: null };
  return { records: shown, next: `${last.createdAtMs}.${last.submissionId}` };
}

function placeIn(cursor: string): RecentCursor | undefined {
  const [, createdAtMs, submissionId] = /^(\d{1,15})\.([\w@:.-]{1,128})$/.exec(cursor) ?? [];
  if (createdAtMs === undefined || submissionId === undefined) return undefined;
  return { createdAtMs: Number(createdAtMs), submissionId };
}
