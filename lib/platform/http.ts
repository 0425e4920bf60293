/**
 * One request and its response: adds the base URL, the credential and a deadline, limits the size of the response, and
 * logs a line. Nothing is retried here.
 */

import type { Clock } from "../clock.ts";
import { BadResponse } from "../errors.ts";
import type { Log } from "../log.ts";
import type { JsonObject } from "../json.ts";
import type { Secret } from "../secret.ts";
import { type NetworkError, readNetworkError } from "./network_error.ts";
import type { Credential } from "./credentials/credentials.ts";

/** Dependencies and settings of all requests. */
export interface HttpOptions {
  /** `authorization: null` sends no credential, for routes that need none. */
  readonly credential: Pick<Credential, "baseUrl"> & { readonly authorization: Secret | null };
  /** Usually `globalThis.fetch`. */
  readonly fetch: typeof globalThis.fetch;
  /** For timeouts. */
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
  /** Receives a line for each request, without its headers. */
  readonly log: Log;
  /** The `User-Agent` header. */
  readonly userAgent: string;
  /** For the whole exchange, including the body of the response. Default: 30 s. */
  readonly requestTimeoutMs?: number | undefined;
  /** Maximum size of a response, decompressed. Default: 32 MiB. */
  readonly maxResponseBytes?: number | undefined;
  /** Maximum size of a file of a run. Default: 64 MiB. */
  readonly maxFileBytes?: number | undefined;
  /** Additional certificate authorities to trust, as PEM text. */
  readonly caCerts?: readonly string[] | undefined;
  /** Default: `Deno.createHttpClient`; `null` leaves the choice of connection to `fetch`. */
  readonly createHttpClient?: typeof Deno.createHttpClient | null | undefined;
}

export interface Exchange {
  /** Completes "Cannot …", like `list runs`. */
  readonly action: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** With the query; starts with `/`. */
  readonly path: string;
  readonly body?: JsonObject | undefined;
  /** Added to the default ones. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * `own` for a request that must not arrive twice: on a kept-alive connection, Deno 2.9's `fetch` sends a POST again if
   * the server closes the connection after reading it.
   */
  readonly connection: "shared" | "own";
  /** Determines the maximum size. Default: `default`. */
  readonly responseKind?: "default" | "file" | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The server's ID of the request if it sent one, else ours. */
  readonly requestId: string;
}

export type ExchangeResult =
  | { readonly type: "response"; readonly response: HttpResponse }
  | {
    readonly type: "failed";
    readonly error: NetworkError | TimedOut;
    /** The original error. */
    readonly cause: unknown;
    readonly requestId: string;
  };

export interface TimedOut {
  readonly kind: "timeout";
  readonly isSent: "unknown";
  readonly message: string;
}

export interface Http {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly baseUrl: string;
  /**
   * Sends the request once.
   *
   * @throws The signal's own reason; BadResponse for a response that is too large or redirects to another host.
   */
  send(exchange: Exchange): Promise<ExchangeResult>;
}

const REQUEST_TIMEOUT_MS = 30_000;
const MIB = 1024 * 1024;
/** Enough for thousands of runs, or of workflows with their files. */
const MAX_RESPONSE_BYTES = 32 * MIB;
/** The platform rotates logs at 10 MiB; as JSON, each byte may be escaped. */
const MAX_FILE_BYTES = 64 * MIB;
/** The beginning of an error response is enough. */
const MAX_ERROR_BYTES = MIB;
const MAX_REDIRECTS = 5;

export function createHttp(options: HttpOptions): Http {
  const { credential, clock, random, log } = options;
  const connections = createConnections(options);
  const redact = redactor(credential.authorization);
  const { requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const limits = {
    default: options.maxResponseBytes ?? MAX_RESPONSE_BYTES,
    file: options.maxFileBytes ?? MAX_FILE_BYTES,
  };

  return {
    clock,
    random,
    log,
    baseUrl: credential.baseUrl,
    async send(exchange) {
      exchange.signal?.throwIfAborted();
      const ownId = requestIdOf(random);
      const startedMs = clock.now();
      const logLine = (event: string, id: string) =>
        log(
          "DEBUG",
          `${exchange.method} ${exchange.path}: ${event} in ${Math.round(clock.now() - startedMs)} ms (request ${id})`,
        );
      using deadline = clock.timeout(requestTimeoutMs);
      using connection = connections(exchange.connection);
      const signals = exchange.signal === undefined ? [deadline.signal] : [exchange.signal, deadline.signal];
      const signal = AbortSignal.any(signals);
      try {
        const response = await fetchSameOrigin(options, exchange, {
          signal,
          client: connection.client,
          requestId: ownId,
        });
        const requestId = redact(serverIdOf(response.headers) ?? ownId);
        const maxBytes = limits[exchange.responseKind ?? "default"];
        const text = redact(
          response.ok
            ? await boundedText(response, { action: exchange.action, requestId, maxBytes })
            : await truncatedText(response, Math.min(maxBytes, MAX_ERROR_BYTES)),
        );
        logLine(`status ${response.status}`, requestId);
        return {
          type: "response",
          response: { status: response.status, headers: response.headers, text, requestId },
        };
      } catch (error) {
        // First: an abort is never reported as a network failure.
        exchange.signal?.throwIfAborted();
        if (error instanceof BadResponse) throw error;
        const failure = deadline.signal.aborted ? timedOut(requestTimeoutMs) : readNetworkError(error);
        logLine(failure.message, ownId);
        return { type: "failed", error: failure, cause: error, requestId: ownId };
      }
    },
  };
}

type Client = Deno.HttpClient | undefined;

/** Returns the connections of an exchange; disposing it closes a connection of its own. */
function createConnections(
  { createHttpClient = Deno.createHttpClient, caCerts }: HttpOptions,
): (kind: Exchange["connection"]) => Disposable & { readonly client: Client } {
  const trust = caCerts === undefined ? {} : { caCerts: [...caCerts] };
  let shared: Client;
  return (kind) => {
    // Some hosts that run Deno programs lack this function.
    if (typeof createHttpClient !== "function") return { client: undefined, [Symbol.dispose]() {} };
    if (kind === "own") {
      const client = createHttpClient({ ...trust, poolMaxIdlePerHost: 0 });
      return { client, [Symbol.dispose]: () => client.close() };
    }
    // The runtime's default client is enough unless additional authorities are to be trusted.
    if (caCerts !== undefined) shared ??= createHttpClient(trust);
    return { client: shared, [Symbol.dispose]() {} };
  };
}

/** Follows redirects itself, and only within the origin: the credential is never sent elsewhere. */
async function fetchSameOrigin(
  { fetch, credential, userAgent }: HttpOptions,
  exchange: Exchange,
  { signal, client, requestId }: { readonly signal: AbortSignal; readonly client: Client; readonly requestId: string },
): Promise<Response> {
  const headers = new Headers({
    ...exchange.headers,
    "accept": "application/json, application/problem+json",
    "accept-language": "en",
    "user-agent": userAgent,
    "x-request-id": requestId,
  });
  if (credential.authorization !== null) headers.set("authorization", credential.authorization.reveal());
  if (exchange.body !== undefined) headers.set("content-type", "application/json");
  const init: RequestInit & { client?: Deno.HttpClient } = {
    method: exchange.method,
    headers,
    signal,
    redirect: "manual",
  };
  if (exchange.body !== undefined) init.body = JSON.stringify(exchange.body);
  if (client !== undefined) init.client = client;

  let url = new URL(credential.baseUrl + exchange.path);
  for (let redirects = 0;; redirects++) {
    const response = await fetch(url, init);
    const location = response.headers.get("location");
    const isRedirect = [301, 302, 303, 307, 308].includes(response.status) && location !== null;
    // Other methods would be sent twice, or turned into a GET.
    if (!isRedirect || exchange.method !== "GET") return response;
    await response.body?.cancel();
    url = redirectTarget({ location, from: url, redirects, exchange, requestId });
  }
}

function redirectTarget({ location, from, redirects, exchange, requestId }: {
  readonly location: string;
  readonly from: URL;
  readonly redirects: number;
  readonly exchange: Exchange;
  readonly requestId: string;
}): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from) : null;
  if (target !== null) {
    // They would replace the credential.
    target.username = "";
    target.password = "";
  }
  if (target !== null && target.origin === from.origin && redirects < MAX_REDIRECTS) return target;
  const reason = target === null
    ? "the server redirects to an address that cannot be read"
    : target.origin === from.origin
    ? `the server redirects more than ${MAX_REDIRECTS} times`
    : `the server redirects to ${target.origin}, but the key is only for ${from.origin}`;
  throw new BadResponse(`Cannot ${exchange.action}: ${reason} (request ${requestId})`, {
    hint: "Check the host that the key names, and whether a sign-in page or proxy intercepts requests to it",
  });
}

/** Counts decompressed bytes while reading: a small body may decompress to a thousand times its size. */
async function boundedText(
  response: Response,
  { action, requestId, maxBytes }: { readonly action: string; readonly requestId: string; readonly maxBytes: number },
): Promise<string> {
  const { text, isComplete } = await readUpTo(response, maxBytes);
  if (isComplete) return text;
  throw new BadResponse(`Cannot ${action}: the response is larger than ${maxBytes} bytes (request ${requestId})`);
}

/** For an error, where the status matters more than a body that is too long. */
async function truncatedText(response: Response, maxBytes: number): Promise<string> {
  return (await readUpTo(response, maxBytes)).text;
}

async function readUpTo(response: Response, maxBytes: number): Promise<{ text: string; isComplete: boolean }> {
  if (response.body === null) return { text: "", isComplete: true };
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  // Leaving the loop early cancels the rest of the body and closes its connection.
  for await (const chunk of response.body) {
    const room = maxBytes - bytes;
    bytes += chunk.length;
    parts.push(decoder.decode(chunk.subarray(0, room), { stream: true }));
    if (chunk.length > room) return { text: parts.join(""), isComplete: false };
  }
  parts.push(decoder.decode());
  return { text: parts.join(""), isComplete: true };
}

function timedOut(timeoutMs: number): TimedOut {
  return { kind: "timeout", isSent: "unknown", message: `no response within ${timeoutMs / 1000} s` };
}

function requestIdOf(random: () => number): string {
  return Math.floor(random() * 36 ** 8).toString(36).padStart(8, "0");
}

function serverIdOf(headers: Headers): string | null {
  const id = headers.get("x-request-id");
  return id !== null && /^[\w.:-]{1,64}$/.test(id) ? id : null;
}

/** Removes the credential from a response that repeats it, so that it is never printed. */
function redactor(authorization: Secret | null): (text: string) => string {
  if (authorization === null) return (text) => text;
  const [scheme, token = ""] = authorization.reveal().split(" ");
  const secrets = scheme === "Basic" ? [token, atob(token).replace(/:$/, "")] : [token];
  return (text) => secrets.reduce((rest, secret) => secret === "" ? rest : rest.replaceAll(secret, "***"), text);
}
