/** Stands between a client and PostgreSQL, and loses answers after what they report was done. */

export interface LosingProxy extends Disposable {
  readonly url: string;
  /** Closes the connection instead of passing on the answer to the next write. */
  loseNextAnswer(): void;
  /** Closes the connection while the next write arrives. */
  loseNextWrite(): void;
  /** Keeps the connections open, and passes on no answers to the next writes. */
  withholdAnswers(count: number): void;
  readonly lost: () => number;
}

/** @param meanwhile Done after the write that is answered in vain, and before its connection is closed. */
export function startLosingProxy(url: string, meanwhile: () => Promise<void>): LosingProxy {
  const { hostname, port } = new URL(url);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.TcpConn>();
  let isLosing = false;
  let isWriteLost = false;
  let lost = 0;
  let withheld = 0;
  const pass = async (client: Deno.TcpConn) => {
    const server = await Deno.connect({ hostname, port: Number(port) });
    for (const connection of [client, server]) connections.add(connection);
    const close = () => {
      for (const connection of [client, server]) if (connections.delete(connection)) connection.close();
    };
    let isWriting = false;
    type Reaction = "pass" | "withhold" | "close";
    const forward = async (from: Deno.TcpConn, to: Deno.TcpConn, onChunk: (text: string) => Promise<Reaction>) => {
      const buffer = new Uint8Array(65_536);
      try {
        for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
          const chunk = buffer.subarray(0, count);
          const reaction = await onChunk(new TextDecoder("latin1").decode(chunk));
          if (reaction === "close") break;
          for (let at = reaction === "withhold" ? count : 0; at < count;) at += await to.write(chunk.subarray(at));
        }
      } catch (error) {
        // The other direction was closed first.
        if (connections.has(from)) throw error;
      }
      close();
    };
    await Promise.all([
      forward(client, server, (text) => {
        if (isWriteLost && text.includes("pw_write")) {
          isWriteLost = false;
          lost++;
          return Promise.resolve("close");
        }
        isWriting ||= (isLosing || withheld > 0) && text.includes("pw_write");
        return Promise.resolve("pass");
      }),
      forward(server, client, async (text) => {
        // "Ready for query": the transaction is over.
        if (!isWriting || !text.includes("Z\0\0\0\x05I")) return isWriting ? "withhold" : "pass";
        lost++;
        if (withheld > 0) {
          withheld--;
          return "withhold";
        }
        isLosing = false;
        await meanwhile();
        return "close";
      }),
    ]);
  };
  const accepting = async () => {
    for await (const client of listener) void pass(client);
  };
  void accepting();
  const proxied = new URL(url);
  proxied.port = String(listener.addr.port);
  return {
    url: proxied.href,
    loseNextAnswer: () => isLosing = true,
    loseNextWrite: () => isWriteLost = true,
    withholdAnswers: (count) => withheld = count,
    lost: () => lost,
    [Symbol.dispose]() {
      listener.close();
      for (const connection of connections) connection.close();
      connections.clear();
    },
  };
}
