/** A host's health and the user's workspace. Requests are not retried: diagnostics report the first failure. */

import { fallbackTo } from "../errors.ts";
import { errorOf, isSuccess, NO_ROUTE, readRawText, sendRequest } from "./request.ts";
import type { Abortable } from "./client.ts";
import type { Http } from "./http.ts";
import { httpDateMs } from "./response_error.ts";
import { membersOf, NUMBER, optional, OPTIONAL_TEXT, readerOf, TEXT } from "./schema.ts";

const HEALTH = "/healthzz";
const HEALTHY = "OK";

/** @throws Unreachable, ResponseLost, Unavailable, Rejected or BadResponse if the host is not healthy. */
export async function checkHealth(http: Http, { signal }: Abortable) {
  const action = `reach ${http.baseUrl}`;
  const sentAtMs = http.clock.now();
  const response = await http.send({ action, method: "GET", path: HEALTH, connection: "shared", signal });
  const nowMs = http.clock.now();
  const isMissing = response.status === 404 || response.status === 405;
  if (!isMissing && !isSuccess(response)) throw errorOf(http, response, { action });
  const dateMs = httpDateMs(response.headers.get("date"));
  return {
    /** `unknown`: the server lacks this route. `foreign`: the response is not one of the platform. */
    state: isMissing ? "unknown" : readRawText(response).trim() === HEALTHY ? "ok" : "foreign",
    /** From the request to the complete response. */
    elapsedMs: nowMs - sentAtMs,
    /**
     * How far the host's clock is ahead of ours, to about a second; `null` if the response has no `Date`. That has a resolution
     * of one second: the middle of that second is compared with the middle of the exchange.
     */
    clockAheadMs: dateMs === undefined ? null : dateMs + 500 - (sentAtMs + nowMs) / 2,
  } as const;
}

/** @returns `null` if the server lacks this route. `status` is one of the contract's, or an unknown term. */
export async function getWorkspaceStatus(http: Http, { signal }: Abortable) {
  const action = "get the workspace status";
  const response = await sendRequest(http, { action, path: "/api/user-workspace/status", signal, retry: "none" })
    .catch(fallbackTo(null, ...NO_ROUTE));
  return response === null ? null : readWorkspace(response, action);
}

const readWorkspace = readerOf((value, path) => {
  const read = membersOf(value, path);
  const home = read(
    "homeStorage",
    optional((storage, at) => {
      const read = membersOf(storage, at);
      return { sizeBytes: read("size", NUMBER), availableBytes: read("available", NUMBER) };
    }),
  );
  return { status: read("status", TEXT), details: read("details", OPTIONAL_TEXT), home };
});
