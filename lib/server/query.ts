/** Query parameters and headers of a request. */

import type { RecentCursor, RecentQuery, RunStore } from "../store/run_store.ts";
import { problemResponse } from "./problem.ts";

/** Hosts end long requests, and clients disconnect: a client that needs longer repeats its request. */
const MAX_WAIT_MS = 25_000;
const MAX_KEY_LENGTH = 255;

/** The error response to an unknown parameter: ignoring it would hide a typo. */
export function unknownParameter({ searchParams }: URL, allowed: readonly string[]): Response | undefined {
  const unknown = [...searchParams.keys()].find((name) => !allowed.includes(name));
  if (unknown === undefined) return undefined;
  const available = allowed.length === 0 ? "This request has none" : `Available: ${allowed.join(", ")}`;
  return problemResponse(400, `Unknown parameter ${JSON.stringify(unknown)}. ${available}`);
}

/** How long to wait for the end of a run, in milliseconds; or the error response. */
export function parseWait({ searchParams }: URL): number | Response {
  const text = searchParams.get("wait");
  if (text === null) return 0;
  const [, seconds] = /^(\d{1,6})s?$/.exec(text) ?? [];
  if (seconds === undefined) return problemResponse(400, "wait must be a number of seconds, like 25s");
  return Math.min(MAX_WAIT_MS, Number(seconds) * 1_000);
}

/** `undefined` if the text is not a whole number in the range. */
export function parseWholeNumber(text: string, min: number, max: number): number | undefined {
  const value = Number(text);
  return /^\d{1,9}$/.test(text) && value >= min && value <= max ? value : undefined;
}

/**
 * The request's idempotency key, `undefined` if there is none; or the error response. The header is a structured string,
 * `"…"` (draft-ietf-httpapi-idempotency-key-header, section 2.1; RFC 9651, section 3.3.3). Most clients omit the quotes:
 * with and without them it is the same key.
 */
export function readIdempotencyKey(headers: Headers): string | undefined | Response {
  const text = headers.get("idempotency-key")?.trim();
  if (text === undefined) return undefined;
  const [, quoted, bare] = /^(?:"((?:[ !#-[\]-~]|\\["\\])+)"|([ !#-+\--~]+))$/.exec(text) ?? [];
  const key = quoted?.replace(/\\(["\\])/g, "$1") ?? bare;
  if (key !== undefined && key.length <= MAX_KEY_LENGTH) return key;
  return problemResponse(400, `The Idempotency-Key must be a string of 1 to ${MAX_KEY_LENGTH} visible characters`);
}

/**
 * A page of a list that grows at its head: its cursor names the last item shown, not an offset.
 *
 * @returns `undefined` if the cursor is invalid; the `next` one is `null` on the last page.
 */
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
