/** The shape of a route, and matching a request to the routes. */

import { HttpError } from "../responses.ts";
import type { Operation } from "../simulator.ts";
import type { SimulatorState } from "../state.ts";

export interface RouteContext {
  readonly state: SimulatorState;
  readonly user: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Parsed JSON; `null` without a body. */
  readonly body: unknown;
  readonly nowMs: number;
}

/** Returns the JSON or the text of the response, or `undefined` for one without a body. Throws an HttpError. */
type Handler = (context: RouteContext) => unknown;

export interface SimulatorRoute {
  readonly method: string;
  /** A pattern like `/api/workflow-runs/:slug`. */
  readonly path: string;
  readonly operation: Operation;
  readonly handler: Handler;
  /** Default: JSON. */
  readonly contentType?: string;
  /** Needs no credential. */
  readonly isPublic?: boolean;
  /** Present only on servers with this API version; by default on all. */
  readonly apiVersion?: "current" | "legacy";
}

/** @param at The method and the pattern, like `GET /api/workflow-runs/:slug`. */
export function route(
  at: string,
  operation: Operation,
  handler: Handler,
  options: Pick<SimulatorRoute, "contentType" | "isPublic"> = {},
): SimulatorRoute {
  const [method = "", path = ""] = at.split(" ");
  return { method, path, operation, handler, ...options };
}

/** The route, or the error that responds to a request for none. */
export function matchRoute(routes: readonly SimulatorRoute[], method: string, path: string) {
  const matching = routes.flatMap((route) => {
    const params = paramsOf(route.path, path);
    return params === null ? [] : [{ route, params }];
  });
  const match = matching.find(({ route }) => route.method === method);
  if (match !== undefined) return match;
  if (matching.length === 0) return new HttpError(404, `No such route: ${path}`);
  const allow = [...new Set(matching.map(({ route }) => route.method))].join(", ");
  return new HttpError(405, `Method ${method} is not allowed`, { code: "method_not_allowed", headers: { allow } });
}

function paramsOf(pattern: string, path: string): Record<string, string> | null {
  const found = new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll(/:(\w+)/g, "(?<$1>[^/]+)")}$`).exec(path);
  return found && Object.fromEntries(Object.entries(found.groups ?? {}).map(([name, text]) => [name, decode(text)]));
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // It contains a literal percent sign.
  }
}
