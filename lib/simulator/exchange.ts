/** One request from its arrival to its answer: recorded, spoiled by a fault where one waits, or answered truly. */

import type { Answer } from "./answers.ts";
import { Refusal, refusalAnswer } from "./answers.ts";
import type { Keyring } from "./auth.ts";
import { type Faults, slowBody, spoil, truncatedBytes } from "./faults.ts";
import type { FrontConnection } from "./tcp_proxy.ts";
import { ACCOUNT_ROUTES } from "./routes/account.ts";
import { NESTED_ROUTES } from "./routes/legacy.ts";
import { type Match, matchRoute } from "./routes/route.ts";
import { RUN_ROUTES } from "./routes/runs.ts";
import { WORKFLOW_ROUTES } from "./routes/workflows.ts";
import type { Fault, Operation, ReceivedRequest, SimulatorOptions } from "./simulator.ts";
import type { SimulatorState } from "./state.ts";

export interface ExchangeDeps {
  readonly world: SimulatorState;
  readonly keyring: Keyring;
  readonly faults: Faults;
  readonly received: ReceivedRequest[];
  /** When requests were let through, for the rate limit. */
  readonly admittedMs: number[];
  readonly onStep: NonNullable<SimulatorOptions["onStep"]>;
  /** Aborts when the simulator closes. */
  readonly closing: AbortSignal;
}

const DEFAULT_SLOW_MS = 10_000;
const ROUTES = [...ACCOUNT_ROUTES, ...WORKFLOW_ROUTES, ...RUN_ROUTES, ...NESTED_ROUTES];

/** @param sent Resolves once the answer has gone out. */
export async function exchange(
  deps: ExchangeDeps,
  request: Request,
  { connection, sent }: { readonly connection: FrontConnection; readonly sent: Promise<void> },
): Promise<Response> {
  const { world, closing, onStep } = deps;
  const url = new URL(request.url);
  const text = await request.text();
  const match = matchRoute(routesOf(world), request.method, url.pathname);
  const operation: Operation = match.type === "found" ? match.route.operation : "other";
  deps.received.push({
    operation,
    method: request.method,
    path: url.pathname + url.search,
    body: parsedOrNull(text),
    user: userOrNull(deps.keyring, request),
    atMs: world.clock.now(),
    userAgent: request.headers.get("user-agent"),
    connection: connection.ordinal,
  });
  onStep(operation, "arrived");

  const fault = deps.faults.take(operation);
  if (fault?.latencyMs !== undefined) await world.clock.sleep(fault.latencyMs, { signal: closing });
  const render = (refusal: Refusal) =>
    refusalAnswer(refusal, { isProblem: speaksProblems(world, request), path: url.pathname });
  if (fault?.cut === "before-effect") return cut(connection);

  let answer: Answer;
  if (fault?.status !== undefined) {
    answer = render(refusalOf(fault));
  } else {
    answer = attempt(() => respond(deps, { request, url, text, match }), render);
    onStep(operation, "done");
    if (fault?.statusAfterEffect !== undefined) {
      answer = render(new Refusal(fault.statusAfterEffect, "The gateway gave up waiting"));
    }
  }
  if (fault?.cut === "after-effect") return cut(connection);
  sent.then(() => onStep(operation, "answered"), () => {});
  return await send(deps, { answer, fault, connection });
}

/** The routes of this server's generation. */
function routesOf(world: SimulatorState) {
  const generation = world.behavior().routes;
  return ROUTES.filter(({ family }) => family === undefined || generation === "both" || family === generation);
}

interface Arrived {
  readonly request: Request;
  readonly url: URL;
  readonly text: string;
  readonly match: Match;
}

function respond({ world, keyring, admittedMs }: ExchangeDeps, { request, url, text, match }: Arrived): Answer {
  limitRate(world, admittedMs);
  if (match.type === "found" && match.route.isOpen) return match.route.handle(callOf(world, "", { url, text, match }));
  const user = keyring.userOf(request.headers.get("authorization"));
  switch (match.type) {
    case "none":
      throw new Refusal(404, `No such route: ${url.pathname}`);
    case "wrong-method":
      throw new Refusal(405, `Method ${request.method} is not allowed`, {
        code: "method_not_allowed",
        headers: { allow: match.allowed.join(", ") },
      });
    case "found":
      return match.route.handle(callOf(world, user, { url, text, match }));
    default:
      return match satisfies never;
  }
}

function callOf(
  world: SimulatorState,
  user: string,
  { url, text, match }: {
    readonly url: URL;
    readonly text: string;
    readonly match: Match & { readonly type: "found" };
  },
) {
  const body = parsedOrNull(text);
  if (body === null && text.trim() !== "" && text.trim() !== "null") throw new Refusal(400, "The body is not JSON");
  return { world, user, params: match.params, query: url.searchParams, body, nowMs: world.clock.now() };
}

/** What was turned away doesn't count against the next. */
function limitRate(world: SimulatorState, admittedMs: number[]): void {
  const { rateLimit, rateWindowMs } = world.behavior();
  if (rateLimit === Infinity) return;
  const nowMs = world.clock.now();
  const recent = admittedMs.filter((atMs) => nowMs - atMs < rateWindowMs);
  admittedMs.splice(0, Infinity, ...recent);
  if (recent.length < rateLimit) {
    admittedMs.push(nowMs);
    return;
  }
  const seconds = Math.max(1, Math.ceil(((recent[0] ?? nowMs) + rateWindowMs - nowMs) / 1_000));
  throw new Refusal(429, "Too many requests", { headers: { "retry-after": String(seconds) } });
}

function attempt(act: () => Answer, render: (refusal: Refusal) => Answer): Answer {
  try {
    return act();
  } catch (error) {
    if (error instanceof Refusal) return render(error);
    throw error;
  }
}

function refusalOf({ status = 500, retryAfter }: Fault): Refusal {
  const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  return new Refusal(status, "The simulator was told to answer this", { headers });
}

/** Nothing of this answer gets past the front. */
function cut(connection: FrontConnection): Response {
  connection.cut();
  return new Response(null, { status: 500 });
}

async function send(
  { world, closing }: ExchangeDeps,
  { answer, fault, connection }: {
    readonly answer: Answer;
    readonly fault: Fault | undefined;
    readonly connection: FrontConnection;
  },
): Promise<Response> {
  const date = new Date(world.clock.now() + world.behavior().clockSkewMs).toUTCString();
  const dated: Answer = { ...answer, headers: { date, ...answer.headers } };
  if (fault?.body === undefined) return new Response(dated.body, dated);
  switch (fault.body) {
    case "truncated":
      await connection.answerWith(truncatedBytes(dated));
      return new Response(null, { status: 500 });
    case "slow": {
      const pause = (durationMs: number) =>
        world.clock.sleep(durationMs, { signal: closing }).catch((error: unknown) => {
          // Once closed, nobody is left to see how fast the rest goes.
          if (!closing.aborted) throw error;
        });
      return new Response(slowBody(dated.body ?? "", pause, fault.slowMs ?? DEFAULT_SLOW_MS), dated);
    }
    default: {
      // A body can't go with 204.
      const spoiled = spoil(dated.status === 204 ? { ...dated, status: 200 } : dated, fault.body);
      return new Response(spoiled.body, spoiled);
    }
  }
}

function speaksProblems(world: SimulatorState, request: Request): boolean {
  return world.behavior().errorBody === "problem" &&
    (request.headers.get("accept") ?? "").includes("application/problem+json");
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // Not JSON: the route says so, if it wanted any.
  }
}

function userOrNull(keyring: Keyring, request: Request): string | null {
  try {
    return keyring.userOf(request.headers.get("authorization"));
  } catch {
    return null; // The route answers 401.
  }
}
