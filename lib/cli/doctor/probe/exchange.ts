/** Raw requests: the probe tests behavior that the client makes no assumption about yet. */

import { ResponseLost, Unreachable } from "../../../errors.ts";
import { type Json, type JsonObject, parseJson, valueAt } from "../../../json.ts";
import type { HttpExchange } from "../../../platform/exchange.ts";
import type { Http } from "../../../platform/http.ts";

export type Requester = ReturnType<typeof createRequester>;
export type ProbeResponse = Awaited<ReturnType<Requester["get"]>>;

/** Requests throw {@link ResponseLost} without a response: the effect of the request is unknown, so there is no retry. */
export function createRequester(http: Http, signal: AbortSignal) {
  const observed = { sendsRetryAfter: false, sendsRateLimits: false };
  const send = async (exchange: Pick<HttpExchange, "method" | "path" | "body" | "headers">) => {
    const connection = exchange.method === "POST" ? "own" : "shared";
    const action = `probe the server with ${exchange.method} ${exchange.path}`;
    const sent = http.send({ ...exchange, action, connection, signal });
    const { status, headers, text } = await sent.catch((error: unknown) => {
      if (!(error instanceof Unreachable || error instanceof ResponseLost)) throw error;
      const hint = "Try again when it is reachable; `pw-workflow-runner runs` lists the runs that were started";
      throw new ResponseLost(error.message, { hint, cause: error.cause });
    });
    observed.sendsRetryAfter ||= headers.has("retry-after");
    observed.sendsRateLimits ||= [...headers.keys()].some((name) => /^(x-)?ratelimit/i.test(name));
    /** `null` also when it is not JSON. */
    const body = parseJson(text) ?? null;
    return { status, headers, body };
  };
  return {
    get: (path: string, headers?: HttpExchange["headers"]) => send({ method: "GET", path, headers }),
    post: (path: string, body?: JsonObject) => send({ method: "POST", path, body }),
    delete: (path: string) => send({ method: "DELETE", path }),
    /** Whether any response so far had such headers. */
    observed,
  };
}

/** `null` also when the value is not a string. */
export function textAt(value: Json, ...path: readonly string[]): string | null {
  const text = valueAt(value, path);
  return typeof text === "string" ? text : null;
}

/** Empty also when the value is not a list. */
export function listAt(value: Json, ...path: readonly string[]): readonly Json[] {
  const list = valueAt(value, path);
  return Array.isArray(list) ? list : [];
}
