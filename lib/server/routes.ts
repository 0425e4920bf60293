/** Routing, access and errors. */

import { Hono } from "../deps/hono.ts";
import { orError, RunnerError, StorageError, UsageError } from "../errors.ts";
import { type AccessLevel, accessOf, challengeFor } from "./auth.ts";
import { problemFromError, problemResponse, SECURITY_HEADERS } from "./problem.ts";
import { parameterProblem } from "./request.ts";
import { MAX_NAME_LENGTH, type RouteContext, type RouteHost } from "./route_context.ts";

type Route = readonly [
  method: "GET" | "POST",
  path: string,
  access: Exclude<AccessLevel, "none">,
  /** The names of its query parameters; `null` to accept any. */
  parameters: readonly string[] | null,
  respond: (context: RouteContext) => Promise<Response>,
];

/** Loaded on first use, so that a cold start responds sooner. */
const runs = () => import("./runs.ts");
const schedules = () => import("./schedules.ts");

const ROUTES: readonly Route[] = [
  ["GET", "/", "read", null, async (context) => (await schedules()).showStatusRoute(context)],
  ["POST", "/runs", "full", ["wait"], async (context) => (await runs()).startRunRoute(context)],
  ["GET", "/runs", "read", ["limit", "cursor", "workflow"], async (context) => (await runs()).listRunsRoute(context)],
  ["GET", "/runs/:name", "read", [], async (context) => (await runs()).showRunRoute(context)],
  ["POST", "/runs/:name/cancel", "full", [], async (context) => (await runs()).cancelRunRoute(context)],
  ["GET", "/schedules", "read", [], async (context) => (await schedules()).listSchedulesRoute(context)],
  ["POST", "/schedules/:name/run", "full", [], async (context) => (await schedules()).runScheduleRoute(context)],
];

export function createRoutes(host: RouteHost): Hono {
  const app = new Hono();
  const inFlight: RouteContext["inFlight"] = new Map();
  for (const [method, path, access, parameters, respond] of ROUTES) {
    app.on(method, path, async ({ req }) => {
      const request = req.raw;
      if (typeof host.keys === "string") return problemResponse(503, `Access is not configured: ${host.keys}`);
      const granted = await accessOf(request, host.keys);
      if (granted === "none") {
        const headers = { "www-authenticate": challengeFor(request) };
        return problemResponse(401, "Authentication required", { headers });
      }
      if (access === "full" && granted === "read") return problemResponse(403, "This key is read-only");
      const url = new URL(request.url);
      const name = decodeName(path, url.pathname);
      if (name instanceof URIError) return problemResponse(400, "Malformed URL");
      if (name.length > MAX_NAME_LENGTH) return problemResponse(404, "The name is too long");
      const problem = parameters === null ? undefined : parameterProblem(url, parameters);
      if (problem !== undefined) return problem;
      const service = await host.open().catch(refuseAsServer);
      return await respond({ service, request, url, name, closing: host.closing, inFlight });
    });
  }
  for (const [path, routes] of Map.groupBy([["GET", "/healthz"] as const, ...ROUTES], ([, path]) => path)) {
    const methods = routes.flatMap(([method]) => method === "GET" ? ["GET", "HEAD"] : [method]);
    const allow = [...methods, "OPTIONS"].join(", ");
    app.options(path, () => new Response(null, { status: 204, headers: { ...SECURITY_HEADERS, allow } }));
    app.all(path, ({ req }) => problemResponse(405, `Method ${req.method} is not allowed`, { headers: { allow } }));
  }
  app.notFound(() => problemResponse(404, "No such path"));
  app.onError((error) => problemOf(error, host));
  return app;
}

/** The request is not at fault when PW_STORE_URL names an unknown store. */
function refuseAsServer(error: unknown): never {
  if (!(error instanceof UsageError)) throw error;
  throw new StorageError(error.message, { hint: error.hint, cause: error });
}

function problemOf(error: Error, { closing, log }: RouteHost): Response {
  if (error instanceof RunnerError) return problemFromError(error);
  if (closing.aborted && error === closing.reason) return problemResponse(503, "The server is shutting down");
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return problemResponse(504, "The platform or the store did not respond in time", {
      headers: { "retry-after": "10" },
    });
  }
  log("ERROR", `A request failed: ${error.stack ?? error.message}`);
  return problemResponse(500, "Internal error in pw-workflow-runner");
}

/** The name in the path, empty for a route without one; an error if it is malformed, which the router lets pass. */
function decodeName(path: string, pathname: string): string | URIError {
  const at = path.split("/").indexOf(":name");
  return at === -1 ? "" : orError(URIError, () => decodeURIComponent(pathname.split("/")[at] ?? ""));
}
