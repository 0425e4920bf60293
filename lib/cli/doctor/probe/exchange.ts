/** Raw requests: the probe tests behavior that the client makes no assumption about yet. */

import type { Http } from "../../../platform/http.ts";
import { ResponseLost } from "../../../errors.ts";
import type { Json, JsonObject } from "../../../json.ts";

export interface ProbeResponse {
  readonly status: number;
  readonly headers: Headers;
  /** `null` also when it is not JSON. */
  readonly body: Json;
  readonly isProblem: boolean;
}

export interface Requester {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<ProbeResponse>;
  post(path: string, body?: JsonObject): Promise<ProbeResponse>;
  delete(path: string): Promise<ProbeResponse>;
  /** Whether any response so far had such headers. */
  readonly observed: { sendsRetryAfter: boolean; sendsRateLimits: boolean };
}

export const RUNS_PATH = "/api/workflow-runs";

/** Requests throw {@link ResponseLost} without a response: the effect of the request is unknown, so there is no retry. */
export function createRequester(http: Http, signal: AbortSignal): Requester {
  const observed = { sendsRetryAfter: false, sendsRateLimits: false };
  const send = async (
    method: "GET" | "POST" | "DELETE",
    path: string,
    { body, headers }: { readonly body?: JsonObject; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<ProbeResponse> => {
    const connection = method === "POST" ? "own" : "shared";
    const result = await http.send({ action: "probe the server", method, path, body, headers, connection, signal });
    if (result.type === "failed") {
      throw new ResponseLost(`Cannot probe the server: ${result.error.message} (${method} ${path})`, {
        hint: "Try again when it is reachable; `pw-workflow-runner runs` lists the runs that were started",
        cause: result.cause,
      });
    }
    const { status, headers: responseHeaders, text } = result.response;
    observed.sendsRetryAfter ||= responseHeaders.has("retry-after");
    observed.sendsRateLimits ||= [...responseHeaders.keys()].some((name) => /^(x-)?ratelimit/i.test(name));
    const isProblem = /problem\+json/.test(responseHeaders.get("content-type") ?? "");
    return { status, headers: responseHeaders, body: parseJson(text), isProblem };
  };
  return {
    get: (path, headers) => send("GET", path, headers === undefined ? {} : { headers }),
    post: (path, body) => send("POST", path, body === undefined ? {} : { body }),
    delete: (path) => send("DELETE", path),
    observed,
  };
}

/** `undefined` also when the value is not an object. */
export function jsonMember(value: Json | undefined, name: string): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value[name] : undefined;
}

/** `null` also when the member is not a string. */
export function jsonText(value: Json | undefined, name: string): string | null {
  const text = jsonMember(value, name);
  return typeof text === "string" ? text : null;
}

export function runsOf({ body }: ProbeResponse): readonly Json[] {
  const runs = jsonMember(body, "runs");
  return Array.isArray(runs) ? runs : [];
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
