/** A request, and what becomes of it. */

import type { JsonObject } from "../json.ts";
import type { NetworkError } from "./network_error.ts";

export interface HttpExchange {
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
  readonly signal: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The server's ID of the request if it sent one, else ours. */
  readonly requestId: string;
}

/** A response whose body is read as it arrives. */
export interface OpenResponse extends HttpResponse {
  /** Only the beginning of an error response; empty if the response is a 2xx. */
  readonly text: string;
  /** The body in pieces, of any total size: read it to its end or cancel it. `null` unless the response is a 2xx. */
  readonly body: ReadableStream<string> | null;
}

export type ExchangeResult<R extends HttpResponse = HttpResponse> =
  | { readonly type: "response"; readonly response: R }
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
