import assert from "node:assert/strict";
import process from "node:process";
import { systemClock } from "../../lib/clock.ts";
import { StorageError } from "../../lib/errors.ts";
import { lazyBackend, StorageBusy } from "../../lib/store/backend.ts";
import { createKv } from "../../lib/store/kv.ts";
import { openPostgresBackend } from "../../lib/store/postgres_kv.ts";
import { needing } from "../support/needs.ts";
import { postgresMissing, type PostgresServer, startPostgres } from "../support/postgres.ts";
import { holdToContract } from "./kv_contract.ts";
import { assertPairs, assertRacesHaveOneWinner, startWorker } from "./kv_processes.ts";
import { startLosingProxy } from "./losing_proxy.ts";

const missing = await postgresMissing();
const retryDeps = { clock: systemClock, random: Math.random };
let server: PostgresServer | undefined;
const shared = async () => server ??= await startPostgres();

addEventListener("unload", () => server?.[Symbol.dispose]());

holdToContract("PostgreSQL", {
  missing,
  open: async () => createKv(await openPostgresBackend(await (await shared()).createSchema())),
});

const test = (sentence: string, fn: () => Promise<void>) =>
  Deno.test({ ...needing(`PostgreSQL: ${sentence}`, missing), fn });

test("two processes race 100 times, and each race has one winner", async () => {
  await assertRacesHaveOneWinner(await (await shared()).createSchema());
});

test("eight processes that begin one store at the same time all can", async () => {
  const url = await (await shared()).createSchema();
  const workers = Array.from({ length: 8 }, (_, index) => startWorker(url, "put", `process-${index}`));
  for (const worker of workers) {
    await worker.stop();
    const { code, stderr } = await worker.ended;
    assert.equal(code, 0, stderr);
  }
  await assertPairs(url, workers.flatMap(({ lines }) => lines));
});

test("killed three times under two writers, it has every acknowledged write once, and nothing half", async () => {
  using server = await startPostgres();
  const writers = ["one", "other"].map((name) => startWorker(server.url, "write", name));
  const linesOf = () => writers.map(({ lines }) => lines.length);
  const ends: unknown[] = [];
  for (const { ended } of writers) void ended.then((end) => ends.push(end));
  const progress = async (before: readonly number[]) => {
    const deadlineMs = performance.now() + 30_000;
    while (linesOf().some((count, index) => count < (before[index] ?? 0) + 50)) {
      assert.deepEqual(ends, []);
      assert.ok(performance.now() < deadlineMs, "the writers do not go on");
      await systemClock.sleep(5, {});
    }
  };
  for (let kill = 0; kill < 3; kill++) {
    await progress(linesOf());
    await server.kill();
    await server.start();
  }
  await progress(linesOf());
  for (const writer of writers) {
    await writer.stop();
    const { code, stderr } = await writer.ended;
    assert.equal(code, 0, stderr);
  }
  await assertPairs(server.url, writers.flatMap(({ lines }) => lines));
});

test("a write whose response is lost is applied once, even if others were written since", async () => {
  const url = await (await shared()).createSchema();
  await using other = createKv(await openPostgresBackend(url));
  using proxy = startLosingProxy(url, async () => void await other.atomic().sum(["n"], 1).commit());
  await using kv = createKv(lazyBackend(() => openPostgresBackend(proxy.url), { retry: retryDeps }));
  for (let count = 0; count < 5; count++) {
    proxy.loseNextAnswer();
    assert.ok(await kv.atomic().sum(["n"], 1).commit());
  }
  assert.equal((await kv.get(["n"])).value, 10);
  const before = await kv.get(["n"]);
  proxy.loseNextAnswer();
  assert.ok(await kv.atomic().check(before).sum(["n"], 1).commit());
  proxy.loseNextAnswer();
  assert.equal(await kv.atomic().check(before).sum(["n"], 1).commit(), undefined);
  assert.equal((await kv.get(["n"])).value, 13);
  assert.equal(proxy.lost(), 7);
});

test("a write whose connection is closed before all of it was sent is sent again, and applied once", async () => {
  const url = await (await shared()).createSchema();
  using proxy = startLosingProxy(url, () => Promise.resolve());
  await using kv = createKv(lazyBackend(() => openPostgresBackend(proxy.url), { retry: retryDeps }));
  for (let count = 1; count <= 3; count++) {
    proxy.loseNextWrite();
    assert.ok(await kv.atomic().set(["long"], "x".repeat(8_000_000)).sum(["n"], 1).commit());
    assert.deepEqual([(await kv.get(["n"])).value, proxy.lost()], [count, count]);
  }
});

test("a write that is not answered in time is sent again, once, and applied once", async () => {
  const url = await (await shared()).createSchema();
  using proxy = startLosingProxy(`${url}&query_timeout=1500`, () => Promise.resolve());
  await using kv = createKv(lazyBackend(() => openPostgresBackend(proxy.url), { retry: retryDeps }));
  proxy.withholdAnswers(1);
  assert.ok(await kv.atomic().sum(["n"], 1).commit());
  assert.equal((await kv.get(["n"])).value, 1);
  proxy.withholdAnswers(2);
  await assert.rejects(
    kv.atomic().sum(["n"], 1).commit(),
    (error) => error instanceof StorageError && /may have been written/.test(error.message),
  );
  assert.equal((await kv.get(["n"])).value, 2);
  assert.equal(proxy.lost(), 3);
});

test("a URL that asks for TLS prints no warning of the client library", async () => {
  const { url } = await shared();
  const warnings: string[] = [];
  const onWarning = ({ message }: Error) => void warnings.push(message);
  process.on("warning", onWarning);
  for (const mode of ["require", "prefer", "verify-ca", "verify-full"]) {
    await assert.rejects(openPostgresBackend(`${url}?connect_timeout=9&sslmode=${mode}`), /does not support SSL/);
  }
  process.off("warning", onWarning);
  assert.deepEqual(warnings, []);
});

test("the notes of answered writes do not pile up", async () => {
  const server = await shared();
  const backend = await openPostgresBackend(server.url);
  const kv = createKv(backend);
  for (let count = 0; count < 20; count++) await kv.atomic().sum(["n"], 1).commit();
  assert.equal(await server.query("SELECT count(*) FROM pw_kv_writes"), "1");
  await kv[Symbol.asyncDispose]();
  await server.query("UPDATE pw_kv_writes SET written_at = now() - interval '2 days'");
  await (await openPostgresBackend(server.url))[Symbol.asyncDispose]();
  assert.equal(await server.query("SELECT count(*) FROM pw_kv_writes"), "0");
});

test("values can be queried as JSON, also where texts hold what PostgreSQL can't", async () => {
  const server = await shared();
  await using kv = createKv(await openPostgresBackend(server.url));
  await kv.atomic().set(["submission", "one"], { state: "active", log: "\0\ud83d" }).commit();
  const query = "SELECT value->>'state' FROM pw_kv WHERE key LIKE E'submission\\t%' AND value->>'log' <> ''";
  assert.equal(await server.query(query), "active");
});

test("a store that may only be read is read", async () => {
  const url = await (await shared()).createSchema();
  {
    await using kv = createKv(await openPostgresBackend(url));
    await kv.atomic().set(["a"], 1).commit();
  }
  await using kv = createKv(await openPostgresBackend(`${url}%20-cdefault_transaction_read_only%3Don`));
  assert.equal((await kv.get(["a"])).value, 1);
  await assert.rejects(kv.atomic().set(["a"], 2).commit(), /read-only transaction/);
});

for (
  const [host, reason] of [
    ["127.0.0.1:1", "the connection was refused"],
    ["no-such-host.invalid", "the host name cannot be resolved"],
  ]
) {
  Deno.test({
    name: `PostgreSQL: why ${host} is not reached is explained in words`,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () =>
      assert.rejects(openPostgresBackend(`postgres://user@${host}/runs`), {
        message: `Cannot use the run store postgres://${host}/runs: ${reason}`,
      }),
  });
}

Deno.test({
  ...needing(
    "PostgreSQL: a password never reaches an error, and where no server is reached, it is tried again",
    missing,
  ),
  // The client closes a refused connection a moment after it reported that.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const server = await shared();
    const wrong = server.url.replace(encodeURIComponent(server.password), "wrong-password");
    const nowhere = server.url.replace(/:\d+\//, ":9/").replace("127.0.0.1", "127.0.0.2");
    // TCP can't reach a multicast address: the system answers that there is no way to it.
    const unreachable = server.url.replace("127.0.0.1", "224.0.0.1");
    for (const url of [wrong, nowhere, unreachable, `${server.url}-absent`]) {
      await assert.rejects(openPostgresBackend(url), (error) => {
        assert.ok(error instanceof StorageError);
        const text = Deno.inspect(error, { depth: 10 });
        assert.ok(!/wrong-password|pass word|pass%20word/.test(text), text);
        assert.ok(error.message.includes(new URL(url).host), error.message);
        assert.equal(error instanceof StorageBusy, url === nowhere || url === unreachable, text);
        return true;
      });
    }
  },
});
