/** Real sockets: what the runtime says differs between its versions, and what is certain must not. */

import assert from "node:assert/strict";
import { readNetworkError } from "../../lib/client/network_error.ts";

Deno.test("a refused connection certainly sent nothing", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { trouble, isSent } = await troubleAt(`http://127.0.0.1:${port}/`);
  assert.deepEqual([trouble, isSent], ["refused", "no"]);
});

Deno.test("a name that can't be resolved certainly sent nothing", async () => {
  const { trouble, isSent } = await troubleAt("http://nowhere.invalid/");
  assert.deepEqual([trouble, isSent], ["name", "no"]);
});

Deno.test("TLS to a plain port certainly sent nothing", async () => {
  await using server = serving(async (connection) => {
    await connection.read(new Uint8Array(1024));
    await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
  });
  const { trouble, isSent } = await troubleAt(`https://127.0.0.1:${server.port}/`);
  assert.deepEqual([trouble, isSent], ["tls", "no"]);
});

Deno.test("a connection that is cut after the request was read may have had an effect", async () => {
  await using server = serving(async (connection) => void await connection.read(new Uint8Array(1024)));
  const { isSent } = await troubleAt(`http://127.0.0.1:${server.port}/`);
  assert.equal(isSent, "unknown");
});

Deno.test("an answer that breaks off may have had an effect", async () => {
  await using server = serving(async (connection) => {
    await connection.read(new Uint8Array(1024));
    await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"));
  });
  const { trouble, isSent } = await troubleAt(`http://127.0.0.1:${server.port}/`);
  assert.deepEqual([trouble, isSent], ["cut", "unknown"]);
});

Deno.test("what is not recognised may have had an effect", () => {
  assert.deepEqual(readNetworkError(new Error("the sky fell")).isSent, "unknown");
  assert.deepEqual(readNetworkError("not even an error").isSent, "unknown");
});

async function troubleAt(url: string) {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  try {
    const response = await fetch(url, { method: "POST", body: "x", client });
    await response.text();
  } catch (error) {
    return readNetworkError(error);
  } finally {
    client.close();
  }
  throw new Error("the request went through");
}

/** A raw server: does as told with each connection, then closes it. */
function serving(act: (connection: Deno.TcpConn) => Promise<void>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = (async () => {
    for await (const connection of listener) {
      await act(connection).catch(() => {});
      connection.close();
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
    },
  };
}
