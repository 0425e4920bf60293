/** Small servers for what the simulator does not cover: raw bytes, and responses that the platform never sends. */

import type { Client } from "../../../lib/platform/client.ts";
import { type ClientOptions, createClient } from "../../../lib/platform/create_client.ts";
import { findCredential } from "../../../lib/platform/credentials/credentials.ts";
import { silentLog } from "../../../lib/log.ts";
import { virtualClock } from "../../support/virtual_clock.ts";

/** An API key for a server on this machine. */
export function keyFor(url: string): string {
  return `pwt_${btoa(url).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_")}.notSoSecret`;
}

/** A client for that server, with a virtual clock. */
export async function clientOf(url: string, options: Partial<ClientOptions> = {}): Promise<Client> {
  const credential = await findCredential({
    env: (name) => name === "PW_API_KEY" ? keyFor(url) : undefined,
    readTextFile: () => Promise.reject(new Deno.errors.NotFound()),
  }, {});
  const parts = { clock: virtualClock(), random: () => 0.5, log: silentLog, apiVersion: "current" as const };
  return createClient({ ...parts, credential, fetch, ...options });
}

export interface HttpServer extends AsyncDisposable {
  readonly url: string;
  /** `METHOD /path`, in order of arrival. */
  readonly received: string[];
  readonly headers: Headers[];
}

/** @param handler Also receives the number of requests before this one. */
export function httpServer(handler: (request: Request, before: number) => Response | Promise<Response>): HttpServer {
  const received: string[] = [];
  const headers: Headers[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    received.push(`${request.method} ${pathname}${search}`);
    headers.push(request.headers);
    // A connection whose request is not read is closed, which the client may notice before the response.
    await request.arrayBuffer().catch(() => {});
    return await handler(request, received.length - 1);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    received,
    headers,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

export interface RawServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Number of complete requests over all connections, optionally of one method. */
  requests(method?: string): number;
}

/**
 * Reads one request after the other from each connection.
 *
 * @param respond Returns the bytes to write for a method, or `null` to close the connection. Without it, the server
 * closes each connection unread.
 */
export function rawServer(respond: ((method: string) => string | null) | null): RawServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const methods: string[] = [];
  const open = new Map<Deno.TcpConn, Promise<void>>();
  const serve = async (connection: Deno.TcpConn) => {
    try {
      // Continue only after the connection was added to `open`.
      await Promise.resolve();
      while (respond !== null) {
        const method = await readRequest(connection);
        if (method === null) return;
        methods.push(method);
        const text = respond(method);
        if (text === null) return;
        const bytes = new TextEncoder().encode(text);
        for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
        if (!KEPT_ALIVE.test(text)) return;
      }
    } finally {
      if (open.delete(connection)) connection.close();
    }
  };
  const accept = async () => {
    for await (const connection of listener) open.set(connection, serve(connection).catch(() => {}));
  };
  accept().catch(() => {});
  const { port } = listener.addr;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests: (method) => methods.filter((other) => method === undefined || other === method).length,
    async [Symbol.asyncDispose]() {
      listener.close();
      const serving = [...open.values()];
      for (const connection of open.keys()) connection.close();
      open.clear();
      await Promise.all(serving);
    },
  };
}

const KEPT_ALIVE = /^connection: keep-alive\r$/im;

/** A port without a listener. One that was closed a moment ago may be another test's server by now. */
export const CLOSED_PORT = 2;

/** Reads a complete request. Returns its method, or `null` if the peer closed the connection. */
async function readRequest(connection: Deno.TcpConn): Promise<string | null> {
  const buffer = new Uint8Array(16_384);
  let text = "";
  while (true) {
    const end = text.indexOf("\r\n\r\n");
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (end !== -1 && text.length >= end + 4 + length) return text.split(" ")[0] ?? null;
    const count = await connection.read(buffer);
    if (count === null) return null;
    text += new TextDecoder("latin1").decode(buffer.subarray(0, count));
  }
}
