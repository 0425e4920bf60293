/** Bare exchanges with the platform: what is tried here is what the client does not know yet. */

import type { Http } from "../../../platform/http.ts";
import { ResponseLost } from "../../../errors.ts";
import type { Json, JsonObject } from "../../../json.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed, or `null`. */
  readonly body: Json;
  readonly isProblem: boolean;
}

export interface Caller {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  post(path: string, body?: JsonObject): Promise<Reply>;
  delete(path: string): Promise<Reply>;
  /** Whether any answer so far spoke of limits. */
  readonly seen: { sendsRetryAfter: boolean; sendsRateLimits: boolean };
}

/** @throws ResponseLost when there is no answer: what came of it is not known, so it is not asked again. */
export function caller(http: Http, signal: AbortSignal): Caller {
  const seen = { sendsRetryAfter: false, sendsRateLimits: false };
  const send = async (
    method: "GET" | "POST" | "DELETE",
    path: string,
    { body, headers }: { readonly body?: JsonObject; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Reply> => {
    const connection = method === "POST" ? "own" : "shared";
    const outcome = await http.send({ act: "try the platform", method, path, body, headers, connection, signal });
    if (outcome.type === "failed") {
      throw new ResponseLost(`Cannot try the platform: ${outcome.error.words} (${method} ${path})`, {
        hint: "Try again once it is reachable; `pw-workflow-runner runs` shows what was started",
        cause: outcome.cause,
      });
    }
    const { status, headers: answered, text } = outcome.answer;
    seen.sendsRetryAfter ||= answered.has("retry-after");
    seen.sendsRateLimits ||= [...answered.keys()].some((name) => /^(x-)?ratelimit/i.test(name));
    const isProblem = /problem\+json/.test(answered.get("content-type") ?? "");
    return { status, headers: answered, body: parsed(text), isProblem };
  };
  return {
    get: (path, headers) => send("GET", path, headers === undefined ? {} : { headers }),
    post: (path, body) => send("POST", path, body === undefined ? {} : { body }),
    delete: (path) => send("DELETE", path),
    seen,
  };
}

/** A member, wherever it is an object at all. */
export function member(value: Json | undefined, name: string): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value[name] : undefined;
}

/** A member that is text. */
export function textOf(value: Json | undefined, name: string): string | null {
  const found = member(value, name);
  return typeof found === "string" ? found : null;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
