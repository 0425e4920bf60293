/** The HTTP API: routing, access and errors. */

import { RunnerError } from "../errors.ts";
import { type AccessKeys, type AccessLevel, accessOf, challengeFor } from "./auth.ts";
import type { Service } from "../scheduler/service.ts";
import { problemFromError, problemResponse, SECURITY_HEADERS } from "./problem.ts";
import { MAX_NAME_LENGTH, type RouteContext } from "./route_context.ts";
import { checkHealth } from "./health.ts";
import type { Log } from "../log.ts";

interface Route {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly access: AccessLevel;
  readonly handler: (context: RouteContext) => Promise<Response>;
}

/** Each route's module is loaded on first use, so that a cold start responds sooner. */
const ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: /^\/$/,
    access: "read",
    handler: async (context) => (await import("./schedules.ts")).showStatusRoute(context),
  },
  { method: "GET", path: /^\/healthz$/, access: "none", handler: checkHealth },
  {
    method: "POST",
    path: /^\/runs$/,
    access: "full",
    handler: async (context) => (await import("./runs.ts")).startRunRoute(context),
  },
  {
    method: "GET",
    path: /^\/runs$/,
    access: "read",
    handler: async (context) => (await import("./runs.ts")).listRunsRoute(context),
  },
  {
    method: "GET",
    path: /^\/runs\/([^/]+)$/,
    access: "read",
    handler: async (context) => (await import("./runs.ts")).showRunRoute(context),
  },
  {
    method: "POST",
    path: /^\/runs\/([^/]+)\/cancel$/,
    access: "full",
    handler: async (context) => (await import("./runs.ts")).cancelRunRoute(context),
  },
  {
    method: "GET",
    path: /^\/schedules$/,
    access: "read",
    handler: async (context) => (await import("./schedules.ts")).listSchedulesRoute(context),
  },
  {
    method: "POST",
    path: /^\/schedules\/([^/]+)\/run$/,
    access: "full",
    handler: async (context) => (await import("./schedules.ts")).runScheduleRoute(context),
  },
];

/**
 * Creates the request handler. Configuration errors, like a missing API key, are returned to authorized clients, so that
 * a deployment reports what is wrong with it.
 *
 * @param open Called by each request that needs the service.
 * @param keys The access keys, or why they can't be used.
 * @param closing Ends requests that wait, for a run or the platform, when the server shuts down.
 */
export function createHandler(
  { open, keys, log, closing = new AbortController().signal }: {
    readonly open: () => Promise<Service>;
    readonly keys: AccessKeys | string;
    readonly log: Log;
    readonly closing?: AbortSignal;
  },
): (request: Request) => Promise<Response> {
  const inFlight = new Map<string, Promise<Response>>();
  return async (request) => {
    const response = await respondSafely(request, { service: open, keys, log, closing, inFlight });
    if (request.method !== "HEAD") return response;
    await response.body?.cancel();
    return new Response(null, { status: response.status, headers: response.headers });
  };
}

interface HandlerOptions extends Pick<RouteContext, "closing" | "inFlight"> {
  readonly service: () => Promise<Service>;
  readonly keys: AccessKeys | string;
  readonly log: Log;
}

async function respondSafely(request: Request, options: HandlerOptions): Promise<Response> {
  try {
    return await respond(request, options);
  } catch (error) {
    if (error instanceof RunnerError) return problemFromError(error);
    if (options.closing.aborted && error === options.closing.reason) {
      return problemResponse(503, "The server is shutting down");
    }
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return problemResponse(504, "The platform did not respond in time", { headers: { "retry-after": "10" } });
    }
    options.log("ERROR", `A request failed: ${error instanceof Error ? error.stack ?? error.message : String(error)}`);
    return problemResponse(500, "Internal error in pw-workflow-runner");
  }
}

async function respond(request: Request, { service, keys, closing, inFlight }: HandlerOptions): Promise<Response> {
  // `request.url` contains the client's Host header, which may be invalid.
  const url = URL.parse(request.url);
  if (url === null) return problemResponse(400, "Malformed URL");
  const method = request.method === "HEAD" ? "GET" : request.method;
  const candidates = ROUTES.filter(({ path }) => path.test(url.pathname));
  if (candidates.length === 0) return problemResponse(404, "No such path");
  const allow = [
    ...new Set(candidates.flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method])),
    "OPTIONS",
  ]
    .join(", ");
  if (method === "OPTIONS") return new Response(null, { status: 204, headers: { ...SECURITY_HEADERS, allow } });
  const route = candidates.find((candidate) => candidate.method === method);
  if (route === undefined) {
    return problemResponse(405, `Method ${request.method} is not allowed`, { headers: { allow } });
  }

  if (route.access !== "none") {
    if (typeof keys === "string") return problemResponse(503, `Access is not configured: ${keys}`);
    const access = await accessOf(request, keys);
    if (access === "none") {
      return problemResponse(401, "Authentication required", {
        headers: { "www-authenticate": challengeFor(request) },
      });
    }
    if (route.access === "full" && access === "read") return problemResponse(403, "This key is read-only");
  }
  const name = decodeName(route.path.exec(url.pathname)?.[1] ?? "");
  if (name === undefined) return problemResponse(400, "Malformed URL");
  if (name.length > MAX_NAME_LENGTH) return problemResponse(404, "The name is too long");
  const opened = await service().catch((error: unknown) => {
    if (route.access !== "none" || !(error instanceof RunnerError)) throw error;
    // The error message may name files of this host.
    return problemResponse(503, "Not ready (authenticate for details)");
  });
  if (opened instanceof Response) return opened;
  return await route.handler({ service: opened, request, url, name, closing, inFlight });
}

function decodeName(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
