/**
 * A TCP proxy in front of the HTTP server, which cannot break off a response itself. It relays bytes both ways, and lets
 * the server cut a connection or replace a response by raw bytes. The server identifies a connection by the local port
 * of the proxy's upstream connection.
 */

export interface ProxyConnection {
  /** Counted from 1. */
  readonly ordinal: number;
  /** Closes both directions at once, without sending another byte. */
  cut(): void;
  /** Sends these bytes instead of the server's response, then closes the connection. */
  respondWith(bytes: Uint8Array): Promise<void>;
}

/** @param serverPort Port of the HTTP server on 127.0.0.1. */
export function openTcpProxy(port: number, serverPort: () => number) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const connections = new Map<number, ProxyConnection>();
  const relays = new Set<Promise<void>>();
  let accepted = 0;
  let isClosed = false;

  const relay = async (client: Deno.TcpConn, ordinal: number) => {
    const upstream = await Deno.connect({ hostname: "127.0.0.1", port: serverPort() });
    // Nagle's algorithm would delay the chunks of a slow body.
    upstream.setNoDelay(true);
    client.setNoDelay(true);
    const upstreamPort = upstream.localAddr.port;
    let isMuted = false;
    const connection: ProxyConnection = {
      ordinal,
      cut: () => {
        isMuted = true;
        close(client);
        close(upstream);
      },
      async respondWith(bytes) {
        isMuted = true;
        await writeAll(client, bytes).catch(() => {});
        connection.cut();
      },
    };
    connections.set(upstreamPort, connection);
    if (isClosed) connection.cut();
    // Peers may disconnect at any time.
    const requests = pump(client, upstream, () => false).then(() => upstream.closeWrite()).catch(() => {});
    await pump(upstream, client, () => isMuted).catch(() => {});
    if (!isMuted) connection.cut();
    await requests;
    connections.delete(upstreamPort);
  };

  const accepting = (async () => {
    for await (const client of listener) {
      accepted++;
      const relayed = relay(client, accepted).catch(() => close(client)).finally(() => relays.delete(relayed));
      relays.add(relayed);
    }
  })();

  return {
    port: listener.addr.port,
    /** The connection whose upstream side has this local port. */
    connectionFrom: (upstreamPort: number) => connections.get(upstreamPort),
    async [Symbol.asyncDispose]() {
      isClosed = true;
      listener.close();
      await accepting;
      for (const connection of connections.values()) connection.cut();
      await Promise.all(relays);
    },
  };
}

async function pump(from: Deno.TcpConn, to: Deno.TcpConn, isMuted: () => boolean): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  while (true) {
    const count = await from.read(buffer);
    if (count === null) return;
    if (!isMuted()) await writeAll(to, buffer.subarray(0, count));
  }
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) written += await to.write(bytes.subarray(written));
}

function close(connection: Deno.TcpConn): void {
  // Deno 2.8.3 keeps a connection that is being read: then the peer has to close it.
  connection.closeWrite().catch(() => {});
  try {
    connection.close();
  } catch (error) {
    // The connection is closed already.
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
