/**
 * A TCP front before the HTTP server, which can't break an answer off itself. It relays bytes both ways, and lets the
 * server cut a connection or put other bytes in the place of its answer. The server knows its peer by the port that
 * the front's own connection comes from.
 */

export interface FrontConnection {
  /** Counted from 1. */
  readonly ordinal: number;
  /** Closes it at once, both ways, with no byte more. */
  cut(): void;
  /** Sends these bytes instead of what the server would answer, then closes. */
  answerWith(bytes: Uint8Array): Promise<void>;
}

export interface Front extends AsyncDisposable {
  readonly port: number;
  /** The connection that reaches the server from this port of ours. */
  connectionFrom(innerPort: number): FrontConnection | undefined;
}

/** @param serverPort Where the server listens on 127.0.0.1. */
export function openFront({ port, serverPort }: { readonly port: number; readonly serverPort: number }): Front {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const connections = new Map<number, FrontConnection>();
  const relays = new Set<Promise<void>>();
  let accepted = 0;
  let isClosed = false;

  const relay = async (outer: Deno.TcpConn, ordinal: number) => {
    const inner = await Deno.connect({ hostname: "127.0.0.1", port: serverPort });
    // The small writes of a slow body must not wait for one another.
    inner.setNoDelay(true);
    outer.setNoDelay(true);
    const innerPort = inner.localAddr.port;
    let isMuted = false;
    const connection: FrontConnection = {
      ordinal,
      cut: () => {
        isMuted = true;
        close(outer);
        close(inner);
      },
      async answerWith(bytes) {
        isMuted = true;
        await writeAll(outer, bytes).catch(ignore);
        close(outer);
        close(inner);
      },
    };
    connections.set(innerPort, connection);
    if (isClosed) connection.cut();
    const asked = pump(outer, inner, () => false).then(() => inner.closeWrite()).catch(ignore);
    await pump(inner, outer, () => isMuted).catch(ignore);
    if (!isMuted) connection.cut();
    await asked;
    connections.delete(innerPort);
  };

  const accepting = (async () => {
    for await (const outer of listener) {
      accepted++;
      const relayed = relay(outer, accepted).catch(() => close(outer)).finally(() => relays.delete(relayed));
      relays.add(relayed);
    }
  })();

  return {
    port: listener.addr.port,
    connectionFrom: (innerPort) => connections.get(innerPort),
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
  try {
    connection.close();
  } catch (error) {
    // Whoever closes second finds it closed, which is what was wanted.
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** A peer that goes away in the middle is an everyday event for a relay. */
function ignore(): void {}
