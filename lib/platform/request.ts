/**
 * Sends a request, retries it where that is safe, and reports a failure as a typed error. A submit is sent once, over its
 * own connection, and its outcome is classified by what is certain: only the status and the runtime's connection error
 * decide, never the server's wording.
 */

import { textInBase64 } from "../base64.ts";
import { formatDelay } from "../duration.ts";
import { BadResponse, expected, ResponseLost, retryAfterOf, RunnerError, Unreachable, UsageError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { ownWordsOf } from "../redact.ts";
import type { Run } from "../run.ts";
import type { Abortable, SubmitResponse } from "./client.ts";
import type { HttpExchange, HttpResponse } from "./exchange.ts";
import type { Http } from "./http.ts";
import { readNetworkError } from "./network_error.ts";
import { type ErrorContext, errorOfResponse, readErrorBody } from "./response_error.ts";

const LONG_DELAY_MS = 5_000;

export interface RequestOptions extends Abortable, Pick<HttpExchange, "action" | "path" | "body" | "isStreamed"> {
  /** Default: GET. */
  readonly method?: HttpExchange["method"];
  /** True if the request does no harm when it arrives twice. A GET is always repeatable. */
  readonly isRepeatable?: boolean;
  /** The reason to report for a 404, like `no such workflow`. */
  readonly whenMissing?: string;
}

/**
 * Returns a 2xx response. Nothing is retried once a streamed body has begun to arrive.
 *
 * @throws The classes that `Client` lists; the signal's own reason.
 */
export async function sendRequest(http: Http, request: RequestOptions): Promise<HttpResponse> {
  const { action, method = "GET", path, body, isStreamed, signal, retry, whenMissing } = request;
  const isRepeatable = method === "GET" || request.isRepeatable === true;
  const connection = isRepeatable ? "shared" : "own";
  const startedMs = http.clock.monotonic();
  for (let failures = 1;; failures++) {
    const result = await http.send({ action, method, path, body, isStreamed, signal, connection })
      .catch(expected(RunnerError));
    if (!(result instanceof RunnerError) && isSuccess(result) && !isWebPage(result)) return result;

    const error = result instanceof RunnerError ? result : errorOf(http, result, { action, whenMissing });
    if (!isRepeatable || retry === "none" || !isTransientFailure(result)) throw error;
    const state = { failures, elapsedMs: http.clock.monotonic() - startedMs, retryAfterMs: retryAfterOf(error) };
    const budgetMs = Math.min(typeof retry === "number" ? retry : Infinity, RETRY_POLICY.budgetMs);
    const delayMs = retryDelayMs(state, { ...RETRY_POLICY, budgetMs }, http.random);
    if (delayMs === null) throw error;
    // The first retry shows the reason; later ones only if they take long, because several requests may fail at once.
    http.log(
      failures === 1 || delayMs >= LONG_DELAY_MS ? "INFO" : "DEBUG",
      `${ownWordsOf(error)}; retrying in ${formatDelay(delayMs)}`,
    );
    await http.clock.sleep(delayMs, { signal });
  }
}

export const RETRY_POLICY = {
  /** Including the first one. */
  maxAttempts: 4,
  baseDelayMs: 500,
  maxDelayMs: 30_000,
  /** Maximum time from the first attempt to the start of the last one. */
  budgetMs: 60_000,
};

const TRANSIENT_STATUSES: readonly number[] = [429, 500, 502, 503, 504];

export function isTransient(status: number): boolean {
  return TRANSIENT_STATUSES.includes(status);
}

interface RetryState {
  /** Number of attempts, all of which failed. */
  readonly failures: number;
  readonly elapsedMs: number;
  /** From the last response's `Retry-After`. */
  readonly retryAfterMs: number | undefined;
}

/**
 * Exponential backoff with full jitter, and never less than `Retry-After`.
 *
 * @returns Milliseconds; `null` to stop retrying.
 */
export function retryDelayMs(state: RetryState, policy: typeof RETRY_POLICY, random: () => number): number | null {
  if (state.failures >= policy.maxAttempts) return null;
  const jitterMs = random() * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (state.failures - 1));
  const delayMs = Math.max(jitterMs, state.retryAfterMs ?? 0);
  return state.elapsedMs + delayMs > policy.budgetMs ? null : delayMs;
}

/** Returns what a response contains. */
export type Reader<T> = (response: HttpResponse, action: string) => T;

/**
 * Returns what a 2xx response contains.
 *
 * @throws Like {@link sendRequest}; BadResponse for a response of another shape.
 */
export async function readResponse<T>(http: Http, request: RequestOptions, read: Reader<T>): Promise<T> {
  return read(await sendRequest(http, request), request.action);
}

/** The error for a response that is not a 2xx. */
export function errorOf(
  { baseUrl, credentialSource, clock }: Http,
  response: HttpResponse,
  call: Pick<ErrorContext, "action" | "whenMissing" | "isSubmit">,
): RunnerError {
  return errorOfResponse(response, { ...call, baseUrl, credentialSource, nowMs: clock.now() });
}

/** The kinds of errors that a route has which the server lacks. */
export const NO_ROUTE = ["not_found", "unsupported"] as const;

/**
 * Encodes a name as a segment of a path. Rejects what cannot be one: `.` and `..` would lead to another route, an empty
 * name to the whole collection, a lone surrogate cannot be encoded, and a program in JavaScript may pass anything.
 */
export function pathSegment(name: string, action: string): string {
  if (typeof name !== "string" || name === "" || name === "." || name === ".." || !name.isWellFormed()) {
    throw new UsageError(`Cannot ${action.trimEnd()}: ${JSON.stringify(name)} is not a valid name`);
  }
  return encodeURIComponent(name);
}

export function isSuccess({ status }: HttpResponse): boolean {
  return status >= 200 && status < 300;
}

/** The answer of a proxy in place of the platform, which nothing has processed. */
function isWebPage({ text }: HttpResponse): boolean {
  return /^\s*<[!?a-z]/i.test(text);
}

/** Whether a retry can succeed: a wrong key or certificate stays wrong. */
function isTransientFailure(result: HttpResponse | RunnerError): boolean {
  if (!(result instanceof RunnerError)) return isTransient(result.status);
  const isPassing = result instanceof Unreachable && readNetworkError(result.cause).remedy === undefined;
  return isPassing || result instanceof ResponseLost;
}

/** Reads a text body: the contract has base64 in a JSON string, but servers send plain text, or a plain JSON string. */
export function readRawText({ headers, text }: Pick<HttpResponse, "headers" | "text">): string {
  if (!(headers.get("content-type") ?? "").includes("json")) return text;
  const value = parseJson(text);
  if (typeof value !== "string") return text;
  // Neither a workflow file nor `user:NAME` can be mistaken for base64: both contain a colon.
  const isBase64 = /^[A-Za-z0-9+/]+=*$/.test(value) && value.length % 4 === 0;
  return (isBase64 ? textInBase64(value) : null) ?? value;
}

/** Throws only for an abort or a bug. */
export async function submitOnce(
  http: Http,
  { action, path, body, signal }: RequestOptions,
  read: Reader<Run>,
): Promise<SubmitResponse> {
  try {
    const exchange = { action, method: "POST", path, body, connection: "own", isSubmit: true, signal } as const;
    const response = await http.send(exchange);
    if (isSuccess(response)) return { type: "accepted", run: read(response, action) };
    const error = errorOf(http, response, { action, isSubmit: true });
    const { status, text } = response;
    if (status === 429) return submitNotSent(error);
    if (status === 409) return { type: "conflict", error };
    if (error.kind === "unavailable") return ambiguous(error, { isGateway: status === 502 || status === 504 });
    if (error.kind === "bad_response") return ambiguous(error, { isGateway: false });
    return { type: "rejected", error, isSlugRefused: readErrorBody(text).pointers.includes("#/slug") };
  } catch (error) {
    if (error instanceof Unreachable) return submitNotSent(error);
    if (error instanceof BadResponse || error instanceof ResponseLost) return ambiguous(error, { isGateway: false });
    throw error;
  }
}

/** Classifies an error that occurred before the submit was sent. */
export function submitNotSent(error: RunnerError): SubmitResponse {
  const isTransient = error.kind === "unreachable" || error.kind === "unavailable" || error.kind === "response_lost" ||
    error.kind === "bad_response";
  if (!isTransient) return { type: "rejected", error, isSlugRefused: false };
  return { type: "not-sent", error, retryAfterMs: retryAfterOf(error) };
}

function ambiguous(error: RunnerError, { isGateway }: { readonly isGateway: boolean }): SubmitResponse {
  const uncertain = error instanceof BadResponse
    ? new BadResponse(error.message, { hint: error.hint, cause: error, submitted: "unknown" })
    : error;
  return { type: "ambiguous", error: uncertain, isGateway };
}
