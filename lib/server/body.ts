/** Reads what a request brings: JSON, of a bounded size, within a bounded time. */

import type { Clock } from "../clock.ts";
import type { Json, JsonObject } from "../json.ts";
import { problem } from "./problem.ts";

const MAX_BYTES = 1024 * 1024;
const DEADLINE_MS = 10_000;
/** Nobody writes deeper by hand, and what walks the inputs later is recursive. */
const MAX_DEPTH = 64;

/** @returns The object, or the answer that says why there is none. */
export async function readBody(request: Request, clock: Clock): Promise<JsonObject | Response> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) return problem(415, "The body must be application/json");
  if (request.headers.has("content-encoding")) return problem(415, "The body must not be encoded");
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BYTES) return tooLarge();
  using deadline = clock.timeout(DEADLINE_MS);
  const text = await textWithin(request, deadline.signal);
  if (typeof text !== "string") return text;
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    return problem(400, "The body is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return problem(422, "The body must be a JSON object");
  }
  return isDeeperThan(value, MAX_DEPTH) ? problem(422, `The body must be at most ${MAX_DEPTH} levels deep`) : value;
}

function isDeeperThan(value: Json, depth: number): boolean {
  let level: Json[] = [value];
  for (let at = 0; at <= depth; at++) {
    level = level.flatMap((item) => typeof item === "object" && item !== null ? Object.values(item) : []);
    if (level.length === 0) return false;
  }
  return true;
}

async function textWithin(request: Request, signal: AbortSignal): Promise<string | Response> {
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  const late = new Promise<"late">((resolve) =>
    signal.addEventListener("abort", () => resolve("late"), { once: true })
  );
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  try {
    while (true) {
      const piece = await Promise.race([reader.read(), late]);
      if (piece === "late") return problem(408, `The body did not come within ${DEADLINE_MS / 1_000} s`);
      if (piece.done) return text + decoder.decode();
      bytes += piece.value.length;
      if (bytes > MAX_BYTES) return tooLarge();
      text += decoder.decode(piece.value, { stream: true });
    }
  } catch (error) {
    return problem(400, error instanceof TypeError ? "The body is not UTF-8 text, or broke off" : "The body broke off");
  } finally {
    reader.cancel().catch(() => {});
  }
}

function tooLarge(): Response {
  return problem(413, `The body must be at most ${MAX_BYTES} bytes`);
}
