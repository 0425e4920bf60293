/** One HTTP exchange: records the request, routes it, and applies a matching fault to its response. */

import { errorResponse, HttpError, responseOf } from "./responses.ts";
import { parseJson } from "../json.ts";
import type { AuthKeys } from "./auth.ts";
import { type FaultInjector, slowResponseBody, truncatedResponse, wrongBody } from "./faults.ts";
import type { ProxyConnection } from "./tcp_proxy.ts";
import { ACCOUNT_ROUTES, SESSION_PAGES } from "./routes/account.ts";
import { LEGACY_ROUTES } from "./routes/legacy.ts";
import { matchRoute } from "./routes/route.ts";
import { RUN_ROUTES } from "./routes/runs.ts";
import { VARIABLE_ROUTES } from "./routes/variables.ts";
import { WORKFLOW_ROUTES } from "./routes/workflows.ts";
import type { Fault, Operation, ReceivedRequest, SimulatorOptions } from "./simulator.ts";
import { serverTimeMs, type SimulatorState } from "./state.ts";

export interface ExchangeDeps {
  readonly state: SimulatorState;
  readonly authKeys: AuthKeys;
  readonly faults: FaultInjector;
  readonly received: ReceivedRequest[];
  /** When the requests within the rate limit arrived. */
  readonly admittedMs: number[];
  readonly onStep: NonNullable<SimulatorOptions["onStep"]>;
  /** Aborts when the simulator closes. */
  readonly closing: AbortSignal;
}

const DEFAULT_SLOW_MS = 10_000;
const ROUTES = [
  ...ACCOUNT_ROUTES,
  ...SESSION_PAGES,
  ...WORKFLOW_ROUTES,
  ...VARIABLE_ROUTES,
  ...RUN_ROUTES,
  ...LEGACY_ROUTES,
];

/** @param sent Resolves once the response is sent. */
export async function handleExchange(
  deps: ExchangeDeps,
  request: Request,
  { connection, sent }: { readonly connection: ProxyConnection; readonly sent: Promise<void> },
): Promise<Response> {
  const { state, closing, onStep } = deps;
  const url = new URL(request.url);
  const text = await request.text().catch(() => null);
  // The client has gone during its upload.
  if (text === null) return new Response(null, { status: 400 });
  const supported = state.behavior().apiVersion;
  const routes = ROUTES.filter(({ apiVersion }) =>
    apiVersion === undefined || supported === "both" || apiVersion === supported
  );
  const match = matchRoute(routes, request.method, url.pathname);
  const operation: Operation = match instanceof HttpError ? "other" : match.route.operation;
  const user = deps.authKeys.userOf(request.headers.get("authorization"));
  deps.received.push({
    operation,
    method: request.method,
    path: url.pathname + url.search,
    body: parseJson(text) ?? null,
    user: typeof user === "string" ? user : null,
    atMs: state.clock.now(),
    userAgent: request.headers.get("user-agent"),
    connection: connection.ordinal,
  });
  onStep(operation, "arrived");

  const fault = deps.faults.take(operation);
  if (fault?.latencyMs !== undefined) await state.clock.sleep(fault.latencyMs, { signal: closing });
  if (fault?.cut === "before-effect") return cut(connection);

  let result: Response | HttpError;
  if (fault?.status !== undefined) {
    const headers: Record<string, string> = fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter };
    result = new HttpError(fault.status, "Injected fault", { headers });
  } else {
    result = respond(deps, request, text, match);
    onStep(operation, "done");
    if (fault?.statusAfterEffect !== undefined) result = new HttpError(fault.statusAfterEffect, "Gateway timeout");
  }
  if (fault?.cut === "after-effect") return cut(connection);
  sent.then(() => onStep(operation, "responded"), () => {});
  const isProblem = state.behavior().errorBody === "problem" &&
    request.headers.get("accept")?.includes("application/problem+json") === true;
  const response = result instanceof HttpError ? errorResponse(result, { isProblem, path: url.pathname }) : result;
  return await send(deps, response, { fault, connection });
}

function respond(deps: ExchangeDeps, request: Request, text: string, match: ReturnType<typeof matchRoute>) {
  const { state, authKeys, admittedMs } = deps;
  try {
    limitRate(state, admittedMs);
    const isPublic = "route" in match && match.route.isPublic === true;
    const user = isPublic ? "" : authKeys.userOf(request.headers.get("authorization"));
    if (user instanceof HttpError) return user;
    if (match instanceof HttpError) return match;
    const { route: { handler, contentType }, params } = match;
    const body = text.trim() === "" ? null : parseJson(text);
    if (body === undefined) return new HttpError(400, "The body is not JSON");
    const query = new URL(request.url).searchParams;
    const context = { state, user, params, query, body, nowMs: state.clock.now() };
    return responseOf(handler(context), contentType);
  } catch (error) {
    if (error instanceof HttpError) return error;
    throw error;
  }
}

/** Refused requests don't count toward the limit. */
function limitRate(state: SimulatorState, admittedMs: number[]): void {
  const { rateLimit, rateWindowMs } = state.behavior();
  if (rateLimit === Infinity) return;
  const nowMs = state.clock.now();
  const recent = admittedMs.filter((atMs) => nowMs - atMs < rateWindowMs);
  admittedMs.splice(0, Infinity, ...recent);
  if (recent.length < rateLimit) {
    admittedMs.push(nowMs);
    return;
  }
  const seconds = Math.max(1, Math.ceil(((recent[0] ?? nowMs) + rateWindowMs - nowMs) / 1_000));
  throw new HttpError(429, "Too many requests", { headers: { "retry-after": String(seconds) } });
}

/** The returned response never reaches the client. */
function cut(connection: ProxyConnection): Response {
  connection.cut();
  return new Response(null, { status: 500 });
}

async function send(
  { state, closing }: ExchangeDeps,
  response: Response,
  { fault, connection }: { readonly fault: Fault | undefined; readonly connection: ProxyConnection },
): Promise<Response> {
  const headers = new Headers(response.headers);
  headers.set("date", new Date(serverTimeMs(state, state.clock.now())).toUTCString());
  const kind = fault?.body;
  // A response with status 204 cannot have a body.
  const isEmpty = response.status === 204;
  const status = isEmpty && kind !== undefined ? 200 : response.status;
  // Unlike `text()`, with a byte order mark.
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await response.bytes());
  if (kind === undefined) return new Response(isEmpty ? null : text, { status, headers });
  if (kind === "truncated") {
    await connection.respondWith(truncatedResponse(text, status, headers));
    return new Response(null, { status: 500 });
  }
  if (kind === "slow") {
    const pause = (durationMs: number) =>
      state.clock.sleep(durationMs, { signal: closing }).catch((error: unknown) => {
        // The simulator is closed: send the rest at once.
        if (!closing.aborted) throw error;
      });
    return new Response(slowResponseBody(text, pause, fault?.slowMs ?? DEFAULT_SLOW_MS), { status, headers });
  }
  if (kind === "html") headers.set("content-type", "text/html");
  return new Response(wrongBody(kind), { status, headers });
}
