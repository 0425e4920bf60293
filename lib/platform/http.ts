/**
 * Where every request passes: base URL, credential, a deadline, a bound on the answer's size, a line in the diary. One
 * exchange each, never repeated here.
 */

import type { Clock } from "../clock.ts";
import { BadResponse } from "../errors.ts";
import type { Log } from "../log.ts";
import type { JsonObject } from "../json.ts";
import type { Secret } from "../secret.ts";
import { type NetworkError, readNetworkError } from "./network_error.ts";
import type { Credential } from "./credentials/credentials.ts";

/** What requests are made with. */
export interface HttpOptions {
  /** Without an authorization nobody's key is sent: for what a host tells to anybody. */
  readonly credential: Pick<Credential, "baseUrl"> & { readonly authorization: Secret | null };
  /** The runtime's own, or one that stands in its place. */
  readonly fetch: typeof globalThis.fetch;
  /** Where deadlines come from. */
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
  /** Told of each request. */
  readonly log: Log;
  /** How we introduce ourselves. */
  readonly userAgent: string;
  /** For the whole exchange, its answer's body included. */
  readonly requestTimeoutMs?: number | undefined;
  /** Of an answer that is read whole, unpacked. */
  readonly maxAnswerBytes?: number | undefined;
  /** The same for a file of a run. */
  readonly maxFileBytes?: number | undefined;
  /** Authorities to trust beside the runtime's own, as PEM text. */
  readonly caCerts?: readonly string[] | undefined;
  /** The runtime's own unless said otherwise; `null` for none, then `fetch` chooses the connection. */
  readonly createHttpClient?: typeof Deno.createHttpClient | null | undefined;
}

export interface Exchange {
  /** What it is for, as in "Cannot list runs". */
  readonly act: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** With its query, from `/` on. */
  readonly path: string;
  readonly body?: JsonObject | undefined;
  /** Beside the usual ones. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * `own` for what must not arrive twice: on a kept-alive connection, Deno 2.9's fetch was seen to send a POST again when
   * the server closed after reading it.
   */
  readonly connection: "shared" | "own";
  /** What the answer is, which decides how large it may be: usual unless said otherwise. */
  readonly answer?: "usual" | "file" | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The server's name for the exchange where it gave one, else ours. */
  readonly requestId: string;
}

/** How an exchange went. */
export type Outcome =
  | { readonly type: "answered"; readonly answer: Answer }
  | {
    readonly type: "failed";
    readonly error: NetworkError | TimedOut;
    /** What was thrown. */
    readonly cause: unknown;
    readonly requestId: string;
  };

export interface TimedOut {
  readonly trouble: "timeout";
  readonly isSent: "unknown";
  readonly words: string;
}

export interface Http {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly baseUrl: string;
  /**
   * Sends once.
   *
   * @throws The signal's own reason; BadResponse for an answer that is too large or sends us to another host.
   */
  send(exchange: Exchange): Promise<Outcome>;
}

const REQUEST_TIMEOUT_MS = 30_000;
const MIB = 1024 * 1024;
/** Thousands of workflows with their files, or of runs. */
const MAX_ANSWER_BYTES = 32 * MIB;
/** The platform rotates logs at 10 MiB; JSON may escape each byte of them. */
const MAX_FILE_BYTES = 64 * MIB;
/** Of an answer that says no, the beginning tells. */
const MAX_REFUSAL_BYTES = MIB;
const MAX_REDIRECTS = 5;

export function createHttp(options: HttpOptions): Http {
  const { credential, clock, random, log } = options;
  const connections = createConnections(options);
  const redact = redactor(credential.authorization);
  const { requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const bounds = { usual: options.maxAnswerBytes ?? MAX_ANSWER_BYTES, file: options.maxFileBytes ?? MAX_FILE_BYTES };

  return {
    clock,
    random,
    log,
    baseUrl: credential.baseUrl,
    async send(exchange) {
      exchange.signal?.throwIfAborted();
      const ownId = requestIdOf(random);
      const startedMs = clock.now();
      const note = (what: string, id: string) =>
        log(
          "DEBUG",
          `${exchange.method} ${exchange.path}: ${what} in ${Math.round(clock.now() - startedMs)} ms (request ${id})`,
        );
      using deadline = clock.timeout(requestTimeoutMs);
      using connection = connections(exchange.connection);
      const signals = exchange.signal === undefined ? [deadline.signal] : [exchange.signal, deadline.signal];
      const signal = AbortSignal.any(signals);
      try {
        const response = await fetchHere(options, exchange, { signal, client: connection.client, requestId: ownId });
        const requestId = redact(serverIdOf(response.headers) ?? ownId);
        const maxBytes = bounds[exchange.answer ?? "usual"];
        const text = redact(
          response.ok
            ? await boundedText(response, { act: exchange.act, requestId, maxBytes })
            : await textBeginning(response, Math.min(maxBytes, MAX_REFUSAL_BYTES)),
        );
        note(`answered ${response.status}`, requestId);
        return { type: "answered", answer: { status: response.status, headers: response.headers, text, requestId } };
      } catch (error) {
        // Before anything else: giving up is never reported as a failure of the network.
        exchange.signal?.throwIfAborted();
        if (error instanceof BadResponse) throw error;
        const read = deadline.signal.aborted ? timedOut(requestTimeoutMs) : readNetworkError(error);
        note(read.words, ownId);
        return { type: "failed", error: read, cause: error, requestId: ownId };
      }
    },
  };
}

type Client = Deno.HttpClient | undefined;

/** Which connections an exchange uses; what was opened for it alone is closed with it. */
function createConnections(
  { createHttpClient = Deno.createHttpClient, caCerts }: HttpOptions,
): (which: Exchange["connection"]) => Disposable & { readonly client: Client } {
  const trust = caCerts === undefined ? {} : { caCerts: [...caCerts] };
  let shared: Client;
  return (which) => {
    // Not every place that runs Deno programs has it.
    if (typeof createHttpClient !== "function") return { client: undefined, [Symbol.dispose]() {} };
    if (which === "own") {
      const client = createHttpClient({ ...trust, poolMaxIdlePerHost: 0 });
      return { client, [Symbol.dispose]: () => client.close() };
    }
    // The runtime's own client will do, unless more authorities are to be trusted.
    if (caCerts !== undefined) shared ??= createHttpClient(trust);
    return { client: shared, [Symbol.dispose]() {} };
  };
}

/** Follows redirects by hand, and on the same origin alone: the credential never travels elsewhere. */
async function fetchHere(
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
    // What is not a read would be sent a second time, or turned into a read.
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
    // They would take the place of the credential.
    target.username = "";
    target.password = "";
  }
  if (target !== null && target.origin === from.origin && redirects < MAX_REDIRECTS) return target;
  const why = target === null
    ? "the server redirects to an address that cannot be read"
    : target.origin === from.origin
    ? `the server redirects more than ${MAX_REDIRECTS} times`
    : `the server redirects to ${target.origin}, and the key is for ${from.origin} alone`;
  throw new BadResponse(`Cannot ${exchange.act}: ${why} (request ${requestId})`, {
    hint: "Check the host that the key names, and whether a sign-in page or a proxy stands before it",
  });
}

/** Counts what is unpacked, as it comes: a small body may unpack to a thousand times its size. */
async function boundedText(
  response: Response,
  { act, requestId, maxBytes }: { readonly act: string; readonly requestId: string; readonly maxBytes: number },
): Promise<string> {
  const { text, isWhole } = await readUpTo(response, maxBytes);
  if (isWhole) return text;
  throw new BadResponse(`Cannot ${act}: the answer is larger than ${maxBytes} bytes (request ${requestId})`);
}

/** The status is the answer; a page that is too long must not hide it. */
async function textBeginning(response: Response, maxBytes: number): Promise<string> {
  return (await readUpTo(response, maxBytes)).text;
}

async function readUpTo(response: Response, maxBytes: number): Promise<{ text: string; isWhole: boolean }> {
  if (response.body === null) return { text: "", isWhole: true };
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  // Leaving the loop early gives up the rest of the body, and its connection.
  for await (const chunk of response.body) {
    const room = maxBytes - bytes;
    bytes += chunk.length;
    parts.push(decoder.decode(chunk.subarray(0, room), { stream: true }));
    if (chunk.length > room) return { text: parts.join(""), isWhole: false };
  }
  parts.push(decoder.decode());
  return { text: parts.join(""), isWhole: true };
}

function timedOut(timeoutMs: number): TimedOut {
  return { trouble: "timeout", isSent: "unknown", words: `no answer within ${timeoutMs / 1000} s` };
}

function requestIdOf(random: () => number): string {
  return Math.floor(random() * 36 ** 8).toString(36).padStart(8, "0");
}

function serverIdOf(headers: Headers): string | null {
  const id = headers.get("x-request-id");
  return id !== null && /^[\w.:-]{1,64}$/.test(id) ? id : null;
}

/** A server that repeats the credential in its answer must not make us print it. */
function redactor(authorization: Secret | null): (text: string) => string {
  if (authorization === null) return (text) => text;
  const [scheme, token = ""] = authorization.reveal().split(" ");
  const words = scheme === "Basic" ? [token, atob(token).replace(/:$/, "")] : [token];
  return (text) => words.reduce((rest, word) => word === "" ? rest : rest.replaceAll(word, "***"), text);
}
