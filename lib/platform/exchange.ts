/** A request and its response. */

import type { JsonObject } from "../json.ts";

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
  /** True to return before the body of a 2xx response has arrived. Default: false. */
  readonly isStreamed?: boolean | undefined;
  /** True when a run may have been started by what got no clear response. Default: false. */
  readonly isSubmit?: boolean | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Of an error response, the beginning; empty if the body is streamed. */
  readonly text: string;
  /** Of a streamed response, in pieces of any total size: read it to its end or cancel it. */
  readonly body?: ReadableStream<string>;
  /** The server's ID of the request if it sent one, else ours. */
  readonly requestId: string;
}
