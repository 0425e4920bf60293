import { formatDuration } from "../duration.ts";
import type { Clock } from "../clock.ts";
import { InvalidInputs } from "../errors.ts";
import { problemsInJson } from "../inputs/json_problems.ts";
import { isObject, type Json, type JsonObject, parseJson } from "../json.ts";
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
  if (isDeeperThan(value, MAX_DEPTH)) {
    return problemResponse(422, `The body must be at most ${MAX_DEPTH} levels deep`);
  }
  const problems = await problemsInJson(text, value, "body");
  return problems.length === 0
    ? value
    : problemFromError(new InvalidInputs("Cannot start a run: the request is invalid", problems));
}

/** The text of a body of bounded size, within a bounded time; or the error response. */
export async function readText(request: Request, clock: Clock): Promise<string | Response> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BYTES) return tooLarge();
  using deadline = clock.timeout(DEADLINE_MS);
  return await textWithin(request, deadline.signal);
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
  const timedOut = new Promise<"timeout">((resolve) =>
    signal.addEventListener("abort", () => resolve("timeout"), { once: true })
  );
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  try {
    while (true) {
      const chunk = await Promise.race([reader.read(), timedOut]);
      if (chunk === "timeout") {
        return problemResponse(408, `The body did not arrive within ${formatDuration(DEADLINE_MS)}`);
      }
      if (chunk.done) return text + decoder.decode();
      bytes += chunk.value.length;
      if (bytes > MAX_BYTES) return tooLarge();
      text += decoder.decode(chunk.value, { stream: true });
    }
  } catch (error) {
    return problemResponse(
      400,
      error instanceof TypeError ? "The body is not UTF-8, or incomplete" : "The body is incomplete",
    );
  } finally {
    reader.cancel().catch(() => {});
  }
}

function tooLarge(): Response {
  return problemResponse(413, `The body must be at most ${MAX_BYTES} bytes`);
}
