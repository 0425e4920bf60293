/**
 * One request and its response: adds the base URL, the credential and a deadline, limits the size of the response, and
 * logs a line. Nothing is retried here.
 */

import { decodeBase64 } from "../base64.ts";
import { formatDuration } from "../duration.ts";
import type { Clock, Deadline } from "../clock.ts";
import { BadResponse } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Secret } from "../secret.ts";
import { createUtf8Decoder, streamedText } from "./body.ts";
import type { HttpExchange, HttpResponse } from "./exchange.ts";
import { CHECK_PROXY, readNetworkError } from "./network_error.ts";
import { type Redactor, redactorOf } from "../redact.ts";
import { errorOfFailure } from "./response_error.ts";
import { VERSION } from "../version.ts";
import type { Credential } from "./credentials/credentials.ts";

/** Dependencies and settings of all requests. */
export interface HttpOptions {
  /** `authorization: null` sends no credential, for routes that need none. */
  readonly credential: Pick<Credential, "baseUrl" | "renew"> & {
    readonly authorization: Secret | null;
    /** Where the key was found, for hints. */
    readonly source?: string | undefined;
  };
  /** Usually `globalThis.fetch`. */
  readonly fetch: typeof globalThis.fetch;
  /** For timeouts. */
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
  /** Receives a line for each request, without its headers. */
  readonly log: Log;
  /** The `User-Agent` header; default: this program's name and version. */
  readonly userAgent?: string | undefined;
  /** For the response to begin, and for each further part of it; ten times as long for all of it. Default: 30 s. */
  readonly requestTimeoutMs?: number | undefined;
  /** Maximum size of a response, decompressed. Default: 32 MiB. */
  readonly maxResponseBytes?: number | undefined;
  /** Additional certificate authorities to trust, as PEM text. */
  readonly caCerts?: readonly string[] | undefined;
  /** Default: `Deno.createHttpClient`; `null` leaves the choice of connection to `fetch`. */
  readonly createHttpClient?: typeof Deno.createHttpClient | null | undefined;
}

export type Http = ReturnType<typeof createHttp>;

const REQUEST_TIMEOUT_MS = 30_000;
/** How many times the timeout of a request a response may take that keeps arriving. */
const MAX_TIMEOUTS = 10;
const MIB = 1024 * 1024;
/** Enough for thousands of runs, or of workflows with their files. */
const MAX_RESPONSE_BYTES = 32 * MIB;
/** The beginning of an error response is enough. */
const MAX_ERROR_BYTES = MIB;

export function createHttp(options: HttpOptions) {
  // Some hosts that run Deno programs lack this function.
  const { credential, clock, random, log, caCerts, createHttpClient = Deno.createHttpClient } = options;
  const { requestTimeoutMs = REQUEST_TIMEOUT_MS, maxResponseBytes = MAX_RESPONSE_BYTES } = options;
  const trust = caCerts === undefined ? {} : { caCerts: [...caCerts] };
  let shared: Deno.HttpClient | undefined;
  /** Over HTTP/2, all requests share a connection: one that has died silently must not be waited for again. */
  let mayShare = true;
  /**
   * Sends the request once. While a body is streamed, the time limit applies to each part that is awaited, not to the whole.
   *
   * @throws The signal's own reason; Unreachable or ResponseLost without a response; BadResponse for one that is too large or
   * redirects to another host; CredentialError, before anything is sent, if the token has expired and cannot be renewed.
   * Reading a streamed body throws the signal's own reason, or ResponseLost.
   */
  const send = async (exchange: HttpExchange): Promise<HttpResponse> => {
    exchange.signal?.throwIfAborted();
    const { action, method, path } = exchange;
    const { baseUrl } = credential;
    const authorization = await credential.renew?.(exchange.signal) ?? credential.authorization;
    const redact = redactor(authorization);
    const ownId = Math.floor(random() * 36 ** 8).toString(36).padStart(8, "0");
    const startedMs = clock.monotonic();
    const logLine = (event: string, id: string) =>
      log("DEBUG", `${method} ${path}: ${event} in ${Math.round(clock.monotonic() - startedMs)} ms (request ${id})`);
    const idle = createIdleLimit(clock, requestTimeoutMs);
    const signal = exchange.signal === undefined ? idle.signal : AbortSignal.any([exchange.signal, idle.signal]);
    const failureOf = (cause: unknown, requestId: string): Error => {
      // First: an abort is never reported as a network failure.
      exchange.signal?.throwIfAborted();
      if (cause instanceof BadResponse) return cause;
      const message = `no response within ${formatDuration(requestTimeoutMs)}`;
      const failure = idle.signal.aborted
        ? { kind: "unknown", isSent: "unknown", message, remedy: undefined } as const
        : readNetworkError(cause);
      if (idle.signal.aborted) mayShare = false;
      logLine(failure.message, requestId);
      return errorOfFailure(failure, exchange, { baseUrl, requestId, cause });
    };
    const isShared = mayShare && exchange.connection !== "own";
    using own = isShared ? undefined : createHttpClient?.({ ...trust, poolMaxIdlePerHost: 0 });
    // The runtime's default client is enough unless additional authorities are to be trusted.
    if (isShared && caCerts !== undefined) shared ??= createHttpClient?.(trust);
    const receive = async (): Promise<HttpResponse> => {
      const parts = { signal, authorization, client: own ?? shared, requestId: ownId };
      const response = await fetchSameOrigin(options, exchange, parts);
      const { status, headers } = response;
      const requestId = redact(serverIdOf(headers) ?? ownId);
      if (response.ok && exchange.isStreamed === true) {
        const onError = (error: unknown) => failureOf(error, requestId);
        return { status, headers, text: "", body: streamedText(response, { idle, redact, onError }), requestId };
      }
      const maxBytes = response.ok ? maxResponseBytes : Math.min(maxResponseBytes, MAX_ERROR_BYTES);
      const onPart = () => clock.monotonic() - startedMs < MAX_TIMEOUTS * requestTimeoutMs && idle.renew();
      const { text, isComplete } = await readUpTo(response, maxBytes, onPart);
      if (response.ok && !isComplete) {
        throw new BadResponse(`Cannot ${action}: the response is larger than ${maxBytes} bytes (request ${requestId})`);
      }
      return { status, headers, text: redact(text), requestId };
    };
    try {
      const response = await idle.within(receive);
      logLine(`status ${response.status}`, response.requestId);
      return response;
    } catch (error) {
      throw failureOf(error, ownId);
    }
  };

  return { clock, random, log, baseUrl: credential.baseUrl, credentialSource: credential.source, send };
}

const REUSE_MS = 500;

/** Limits each operation of an exchange, but not the time between them, which the consumer may need. */
function createIdleLimit(clock: Clock, timeoutMs: number) {
  const controller = new AbortController();
  let shared: Deadline | undefined;
  let sharedSinceMs = -Infinity;
  let isWaiting = false;
  const stop = () => {
    shared?.[Symbol.dispose]();
    sharedSinceMs = -Infinity;
  };
  const start = () => {
    stop();
    const deadline = clock.timeout(timeoutMs);
    deadline.signal.addEventListener("abort", () => {
      if (isWaiting) controller.abort(deadline.signal.reason);
    }, { once: true });
    [shared, sharedSinceMs] = [deadline, clock.monotonic()];
  };
  /** Starts the limit anew, as something has arrived. */
  const renew = () => {
    if (clock.monotonic() - sharedSinceMs >= REUSE_MS) start();
  };
  /** For many short operations, which share timers: the limit may be shorter by {@link REUSE_MS}. `stop` ends them. */
  const withinEach = async <T>(operation: () => Promise<T>): Promise<T> => {
    renew();
    isWaiting = true;
    try {
      return await operation();
    } finally {
      isWaiting = false;
    }
  };
  const within = <T>(operation: () => Promise<T>): Promise<T> => withinEach(operation).finally(stop);
  return { signal: controller.signal, stop, renew, withinEach, within };
}

/** A slow network needs no more than seconds for this. */
const AT_ONCE_BYTES = 16 * 1024;

/**
 * Counts decompressed bytes while reading: a small body may decompress to a thousand times its size.
 *
 * @param onPart Called whenever a part has arrived, except of a small body.
 */
async function readUpTo(response: Response, maxBytes: number, onPart: () => void) {
  if (response.body === null) return { text: "", isComplete: true };
  // At once where the length is known and small: a stream takes several times as long.
  const { headers } = response;
  const isEncoded = headers.has("content-encoding") || headers.has("transfer-encoding");
  const length = isEncoded ? null : headers.get("content-length");
  if (length !== null && Number(length) <= Math.min(maxBytes, AT_ONCE_BYTES)) {
    return { text: await response.text(), isComplete: true };
  }
  const decoder = createUtf8Decoder();
  const parts: string[] = [];
  let bytes = 0;
  // Leaving the loop early cancels the rest of the body and closes its connection.
  for await (const chunk of response.body) {
    onPart();
    const room = maxBytes - bytes;
    bytes += chunk.length;
    parts.push(decoder.add(chunk.subarray(0, room)));
    if (chunk.length > room) return { text: parts.join(""), isComplete: false };
  }
  parts.push(decoder.end());
  return { text: parts.join(""), isComplete: true };
}

const MAX_REDIRECTS = 5;

/** Follows redirects itself, and only within the origin: the credential is never sent elsewhere. */
async function fetchSameOrigin(
  { fetch, credential, userAgent = defaultUserAgent() }: HttpOptions,
  exchange: HttpExchange,
  { signal, authorization, client, requestId }: {
    readonly signal: AbortSignal;
    readonly authorization: Secret | null;
    readonly client: Deno.HttpClient | undefined;
    readonly requestId: string;
  },
): Promise<Response> {
  const { action, method, path, body } = exchange;
  const headers = {
    ...exchange.headers,
    "accept": "application/json, application/problem+json",
    "accept-language": "en",
    "user-agent": userAgent,
    "x-request-id": requestId,
    ...(authorization && { "authorization": authorization.reveal() }),
    ...(body && { "content-type": "application/json" }),
  };
  // Since 2.7, Deno sends a text again by itself if the connection closes before the response, also in a POST; a stream never.
  const content = body && { body: new Blob([JSON.stringify(body)]) };
  const init = { method, headers, ...content, signal, redirect: "manual", ...(client && { client }) } as const;
  let url = credential.baseUrl + path;
  for (let redirects = 0;; redirects++) {
    const response = await fetch(url, init);
    const location = response.headers.get("location");
    const isRedirect = [301, 302, 303, 307, 308].includes(response.status) && location !== null;
    // Other methods would be sent twice, or turned into a GET.
    if (!isRedirect || method !== "GET") return response;
    await response.body?.cancel();
    const target = URL.parse(location, url);
    const { origin } = new URL(url);
    if (target?.origin !== origin || redirects === MAX_REDIRECTS) {
      const reason = target === null
        ? "the server redirects to an address that cannot be read"
        : target.origin === origin
        ? `the server redirects more than ${MAX_REDIRECTS} times`
        : `the server redirects to ${target.origin}, but the key is only for ${origin}`;
      throw new BadResponse(`Cannot ${action}: ${reason} (request ${requestId})`, { hint: CHECK_PROXY });
    }
    // They would replace the credential.
    url = Object.assign(target, { username: "", password: "" }).href;
  }
}

function defaultUserAgent(): string {
  return `pw-workflow-runner/${VERSION} (deno/${Deno.version.deno}; ${Deno.build.os})`;
}

function serverIdOf(headers: Headers): string | null {
  const id = headers.get("x-request-id");
  return id !== null && /^[\w.:-]{1,64}$/.test(id) ? id : null;
}

/** Shorter ones would match parts of ordinary words. */
const MIN_REST_LENGTH = 8;

/** Removes the credential from a response that repeats it, so that it is never printed. */
function redactor(authorization: Secret | null): Redactor {
  const [scheme, token = ""] = authorization?.reveal().split(" ") ?? [];
  const credentials = scheme === "Basic"
    ? [token, new TextDecoder().decode(decodeBase64(token)).replace(/:$/, "")]
    : [token];
  // What precedes the first dot is the host, or the header of a JWT: a server may repeat the rest alone.
  const rests = credentials.map((text) => text.replace(/^[^.]*\./, "")).filter(({ length }) =>
    length >= MIN_REST_LENGTH
  );
  const secrets = [...credentials, ...rests].filter((text) => text !== "");
  const redact = (text: string) => secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  return redactorOf(redact, secrets);
}
