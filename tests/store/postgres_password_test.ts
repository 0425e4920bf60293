import assert from "node:assert/strict";
import { StorageError } from "../../lib/errors.ts";
import { openPostgresBackend } from "../../lib/store/postgres_kv.ts";

/** A server that asks for a password (SASL), and answers the first message of the exchange. */
async function askForPassword(listener: Deno.Listener): Promise<void> {
  using connection = await listener.accept();
  const buffer = new Uint8Array(4_096);
  const send = (code: number, text: string) => {
    const body = new TextEncoder().encode(text);
    const message = new Uint8Array(9 + body.length);
    message.set([82, 0, 0, 0, 8 + body.length, 0, 0, 0, code]);
    message.set(body, 9);
    return connection.write(message);
  };
  await connection.read(buffer);
  await send(10, "SCRAM-SHA-256\0\0");
  await connection.read(buffer);
  await send(11, "r=nonce,s=c2FsdA==,i=4096");
  while (await connection.read(buffer) !== null);
}

Deno.test({
  name: "a PostgreSQL server that wants a password when none is given: the error names where to give it",
  // The client closes the connection a moment after it reported that.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    askForPassword(listener).catch(() => {});
    await assert.rejects(openPostgresBackend(`postgres://u@127.0.0.1:${listener.addr.port}/db`), (error) => {
      assert.ok(error instanceof StorageError);
      assert.match(error.message, /127\.0\.0\.1.*requires a password/);
      assert.match(error.hint ?? "", /PGPASSWORD.*USER:PASSWORD@/);
      return true;
    });
  },
});
