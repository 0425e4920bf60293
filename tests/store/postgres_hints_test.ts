import assert from "node:assert/strict";
import { StorageError } from "../../lib/errors.ts";
import { StorageBusy } from "../../lib/store/backend.ts";
import { openPostgresBackend } from "../../lib/store/postgres_kv.ts";
import { createAuthority } from "../support/certificates.ts";

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

/** A server that begins TLS where it is asked to: the rest is the listener's. */
async function beginTls(plain: Deno.Listener, secure: Deno.TlsListener): Promise<void> {
  using connection = await plain.accept();
  await connection.read(new Uint8Array(8));
  await connection.write(new TextEncoder().encode("S"));
  using relayed = await Deno.connect({ hostname: "127.0.0.1", port: secure.addr.port });
  await Promise.allSettled([
    connection.readable.pipeTo(relayed.writable),
    relayed.readable.pipeTo(connection.writable),
  ]);
}

Deno.test({
  name: "a PostgreSQL server whose certificate no known authority has signed: the error names sslrootcert",
  // As above.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const authority = await createAuthority();
    const issued = await authority.issue({ names: ["127.0.0.1"] });
    using plain = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using secure = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...issued });
    beginTls(plain, secure).catch(() => {});
    secure.accept().then((connection) => connection.handshake()).catch(() => {});
    await assert.rejects(
      openPostgresBackend(`postgres://u@127.0.0.1:${plain.addr.port}/db?sslmode=require`),
      (error) => {
        assert.ok(error instanceof StorageError);
        assert.match(error.message, /127\.0\.0\.1.*certificate/);
        assert.match(error.hint ?? "", /sslrootcert=FILE/);
        return true;
      },
    );
  },
});

Deno.test({
  name: "a PostgreSQL server that never answers is not asked again and again: each time takes ten seconds",
  // As above.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await assert.rejects(openPostgresBackend(`postgres://u@127.0.0.1:${listener.addr.port}/db`), (error) => {
      assert.ok(error instanceof StorageError && !(error instanceof StorageBusy));
      assert.match(error.message, /timeout/);
      return true;
    });
  },
});

Deno.test({
  name: "a store in PostgreSQL without the permission that its client needs: the error names the flags",
  permissions: { read: true, env: false, net: false, sys: true },
  fn: () =>
    assert.rejects(openPostgresBackend("postgres://u@127.0.0.1:1/db"), (error) => {
      assert.ok(error instanceof StorageError);
      assert.match(error.message, /127\.0\.0\.1:1\/db: Requires env access to "PG/);
      assert.match(error.hint ?? "", /--allow-net=HOST --allow-env=PG\*/);
      return true;
    }),
});
