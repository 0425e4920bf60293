/** The HTTP face: the same executor, for whoever has a key. */

import { RunnerError } from "../errors.ts";
import { type Access, accessOf, challengeFor, type Keys } from "./auth.ts";
import type { Service } from "../scheduler/service.ts";
import { problem, problemOf, SECURITY_HEADERS } from "./problem.ts";
import { type Call, MAX_NAME_LENGTH } from "./call.ts";
import { health } from "./health.ts";
import type { Log } from "../log.ts";

interface Route {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly access: Access;
  readonly handle: (call: Call) => Promise<Response>;
}

/** What a route alone needs is loaded when it is asked for: a cold start answers sooner. */
const ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: /^\/$/,
    access: "read",
    handle: async (call) => (await import("./schedules.ts")).showStatus(call),
  },
  { method: "GET", path: /^\/healthz$/, access: "none", handle: health },
  {
    method: "POST",
    path: /^\/runs$/,
    access: "full",
    handle: async (call) => (await import("./runs.ts")).startRun(call),
  },
  {
    method: "GET",
    path: /^\/runs$/,
    access: "read",
    handle: async (call) => (await import("./runs.ts")).listRuns(call),
  },
  {
    method: "GET",
    path: /^\/runs\/([^/]+)$/,
    access: "read",
    handle: async (call) => (await import("./runs.ts")).showRun(call),
  },
  {
    method: "POST",
    path: /^\/runs\/([^/]+)\/cancel$/,
    access: "full",
    handle: async (call) => (await import("./runs.ts")).cancelRun(call),
  },
  {
    method: "GET",
    path: /^\/schedules$/,
    access: "read",
    handle: async (call) => (await import("./schedules.ts")).listSchedules(call),
  },
  {
    method: "POST",
    path: /^\/schedules\/([^/]+)\/run$/,
    access: "full",
    handle: async (call) => (await import("./schedules.ts")).runSchedule(call),
  },
];

/**
 * Makes the handler. What can't be put together, like a missing key, is answered with, so that a deployment tells what
 * is wrong with it.
 *
 * @param open Called by each request that needs it.
 * @param closing Cuts waiting short, where the host says that it ends.
 */
export function createHandler(
  { open, keys, log, closing = new AbortController().signal }: {
    readonly open: () => Promise<Service>;
    readonly keys: Keys | string;
    readonly log: Log;
    readonly closing?: AbortSignal;
  },
): (request: Request) => Promise<Response> {
  const underWay = new Map<string, Promise<Response>>();
  return async (request) => {
    const answer = await guarded(request, { service: open, keys, log, closing, underWay });
    if (request.method !== "HEAD") return answer;
    await answer.body?.cancel();
    return new Response(null, { status: answer.status, headers: answer.headers });
  };
}

interface Parts extends Pick<Call, "closing" | "underWay"> {
  readonly service: () => Promise<Service>;
  readonly keys: Keys | string;
  readonly log: Log;
}

async function guarded(request: Request, parts: Parts): Promise<Response> {
  try {
    return await answer(request, parts);
  } catch (error) {
    if (error instanceof RunnerError) return problemOf(error);
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return problem(504, "The platform did not answer in time", { headers: { "retry-after": "10" } });
    }
    parts.log("ERROR", `A request failed: ${error instanceof Error ? error.stack ?? error.message : String(error)}`);
    return problem(500, "Something is wrong in pw-workflow-runner itself");
  }
}

async function answer(request: Request, { service, keys, closing, underWay }: Parts): Promise<Response> {
  // It holds the Host that was sent, which may be anything.
  const url = URL.parse(request.url);
  if (url === null) return problem(400, "The address can't be read");
  const method = request.method === "HEAD" ? "GET" : request.method;
  const fitting = ROUTES.filter(({ path }) => path.test(url.pathname));
  if (fitting.length === 0) return problem(404, "There is no such address");
  const allow = [...new Set(fitting.flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method])), "OPTIONS"]
    .join(", ");
  if (method === "OPTIONS") return new Response(null, { status: 204, headers: { ...SECURITY_HEADERS, allow } });
  const route = fitting.find((candidate) => candidate.method === method);
  if (route === undefined) return problem(405, `${request.method} is not possible here`, { headers: { allow } });

  if (route.access !== "none") {
    if (typeof keys === "string") return problem(503, `Nobody can be let in: ${keys}`);
    const access = await accessOf(request, keys);
    if (access === "none") {
      return problem(401, "A key is needed", { headers: { "www-authenticate": challengeFor(request) } });
    }
    if (route.access === "full" && access === "read") return problem(403, "This key only reads");
  }
  const name = nameIn(route.path.exec(url.pathname)?.[1] ?? "");
  if (name === undefined) return problem(400, "The address can't be read");
  if (name.length > MAX_NAME_LENGTH) return problem(404, "Nothing has so long a name");
  const opened = await service().catch((error: unknown) => {
    if (route.access !== "none" || !(error instanceof RunnerError)) throw error;
    // Whoever has no key is not told which files this host looks at.
    return problem(503, "Something that it needs is not there: with a key, any other address says what");
  });
  if (opened instanceof Response) return opened;
  return await route.handle({ service: opened, request, url, name, closing, underWay });
}

function nameIn(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
