/** Reads a request: its parameters, its headers, and a body of bounded size. */

import { abortable } from "../abortable.ts";
import type { Clock } from "../clock.ts";
import { formatDuration } from "../duration.ts";
import { InvalidInputs } from "../errors.ts";
import { isTooDeep } from "../inputs/document.ts";
import { scanJson } from "../inputs/scan_json.ts";
import { isObject, type JsonObject, parseJson } from "../json.ts";
import type { RecentCursor } from "../store/run_store.ts";
import { problemFromError, problemResponse } from "./problem.ts";

const MAX_BYTES = 1024 * 1024;
const DEADLINE_MS = 10_000;
/** Inputs are processed recursively, and real ones are not this deep. */
const MAX_DEPTH = 64;

/**
 * Reads a JSON object of bounded size within a bounded time.
 *
 * @returns The object, or the error response.
 */
export async function readBody(request: Request, clock: Clock): Promise<JsonObject | Response> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    return problemResponse(415, "The Content-Type must be application/json");
  }
  if (request.headers.has("content-encoding")) return problemResponse(415, "Content-Encoding is not supported");
  const text = await readText(request, clock);
  if (typeof text !== "string") return text;
  const value = parseJson(text);
  if (value === undefined) return problemResponse(400, "The body is not JSON");
  if (!isObject(value)) {
    return problemResponse(422, "The body must be a JSON object");
  }
  if (isTooDeep(value, MAX_DEPTH)) {
    return problemResponse(422, `The body must be at most ${MAX_DEPTH} levels deep`);
  }
  const { problems } = scanJson(text, { origin: "body" });
  return problems.length === 0
    ? value
    : problemFromError(new InvalidInputs("Cannot start a run: the request is invalid", problems));
}

/** The text of a body of bounded size, within a bounded time; or the error response. */
export async function readText(request: Request, clock: Clock): Promise<string | Response> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BYTES) return tooLarge();
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  using deadline = clock.timeout(DEADLINE_MS);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  try {
    while (true) {
      const chunk = await abortable(reader.read(), deadline.signal);
      if (chunk.done) return text + decoder.decode();
      bytes += chunk.value.length;
      if (bytes > MAX_BYTES) return tooLarge();
      text += decoder.decode(chunk.value, { stream: true });
    }
  } catch (error) {
    if (deadline.signal.aborted) {
      return problemResponse(408, `The body did not arrive within ${formatDuration(DEADLINE_MS)}`);
    }
    const isBroken = error instanceof TypeError;
    return problemResponse(400, isBroken ? "The body is not UTF-8, or incomplete" : "The body is incomplete");
  } finally {
    reader.cancel().catch(() => {});
  }
}

function tooLarge(): Response {
  return problemResponse(413, `The body must be at most ${MAX_BYTES} bytes`);
}

/** Hosts end long requests, and clients disconnect: a client that needs longer repeats its request. */
const MAX_WAIT_MS = 25_000;
const MAX_KEY_LENGTH = 255;

/** The error response to a parameter that is unknown, or given twice: ignoring it would hide a mistake. */
export function parameterProblem({ searchParams }: URL, allowed: readonly string[]): Response | undefined {
  const names = [...searchParams.keys()];
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated !== undefined) return problemResponse(400, `The parameter ${JSON.stringify(repeated)} is given twice`);
  const unknown = names.find((name) => !allowed.includes(name));
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

/** The last item of an earlier page; `null` if it is not valid. */
export function parseCursor(cursor: string): RecentCursor | null {
  const [, createdAtMs, submissionId] = /^(\d{1,15})\.([\w@:.-]{1,128})$/.exec(cursor) ?? [];
  if (createdAtMs === undefined || submissionId === undefined) return null;
  return { createdAtMs: Number(createdAtMs), submissionId };
}
