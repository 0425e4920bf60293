/** Pagination of a list that grows at its head: a cursor names the last item shown, not an offset. */

import type { RecentCursor, RecentQuery, RunStore } from "../store/run_store.ts";

/** @returns `undefined` if the cursor is invalid; the `next` one is `null` on the last page. */
export async function readSubmissionPage(
  store: Pick<RunStore, "listRecent">,
  { limit, cursor, workflow }: Pick<RecentQuery, "limit" | "workflow"> & { readonly cursor: string | null },
) {
  const after = cursor === null ? null : parseCursor(cursor);
  if (after === undefined) return undefined;
  const found = await store.listRecent({ scope: "service", limit: limit + 1, after: after ?? undefined, workflow });
  const submissions = found.slice(0, limit);
  const last = submissions.at(-1);
  if (found.length <= limit || last === undefined) return { submissions, next: null };
  return { submissions, next: `${last.createdAtMs}.${last.submissionId}` };
}

function parseCursor(cursor: string): RecentCursor | undefined {
  const [, createdAtMs, submissionId] = /^(\d{1,15})\.([\w@:.-]{1,128})$/.exec(cursor) ?? [];
  if (createdAtMs === undefined || submissionId === undefined) return undefined;
  return { createdAtMs: Number(createdAtMs), submissionId };
}
