/** The HTTP API: what a request meets before its route is loaded. */

import { onceUnlessFailed } from "../once_unless_failed.ts";
import { checkHealth } from "./health.ts";
import type { RouteHost } from "./route_context.ts";
import { problemResponse } from "./problem.ts";

/**
 * Creates the request handler. Configuration errors, like a missing API key, are returned to authorized clients, so that
 * a deployment reports what is wrong with it.
 *
 * @param open Called by each request that needs the service.
 * @param keys The access keys, or why they can't be used.
 * @param closing Ends requests that wait, for a run or the platform, when the server shuts down.
 */
export function createHandler(
  { closing = new AbortController().signal, ...host }: Omit<RouteHost, "closing"> & {
    readonly closing?: AbortSignal | undefined;
  },
): (request: Request) => Promise<Response> {
  const routes = onceUnlessFailed(async () => (await import("./routes.ts")).createRoutes({ ...host, closing }));
  const respond = async (request: Request) => {
    // It comes most often, and to a process that has just started: nothing else is loaded for it.
    const isHealth = request.method === "GET" && /^\/healthz\/?$/.test(new URL(request.url).pathname);
    if (isHealth) return await checkHealth(host);
    return await (await routes()).fetch(request);
  };
  return async (request) => {
    const { method, url, headers: sent } = request;
    // It contains the client's Host header, which may be invalid.
    if (!URL.canParse(url)) return problemResponse(400, "Malformed URL");
    if (method !== "HEAD") return await respond(request);
    // Not a copy of the request: reading its signal makes the runtime print a warning.
    const response = await respond(new Request(url, { headers: sent }));
    // A response without a body would be sent with the length 0.
    const headers = { ...Object.fromEntries(response.headers), "content-length": `${(await response.bytes()).length}` };
    return new Response(null, { status: response.status, headers });
  };
}
