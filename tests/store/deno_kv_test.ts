import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { StorageError } from "../../lib/errors.ts";
import { lazyBackend } from "../../lib/store/backend.ts";
import { DENO_KV_LIMITS, denoKvBackend, openDenoKvBackend } from "../../lib/store/deno_kv.ts";
import { createKv } from "../../lib/store/kv.ts";
import { CLOSED_PORT } from "../platform/support/servers.ts";
import { emptyFolder } from "../support/main_job.ts";
import { openRunStore } from "../support/run_store.ts";
import { holdToContract } from "./kv_contract.ts";
import { assertRacesHaveOneWinner } from "./kv_processes.ts";

const retryDeps = { clock: systemClock, random: Math.random };

holdToContract("Deno KV in a file", {
  async open() {
    const folder = await emptyFolder();
    const open = () => openDenoKvBackend(`${folder.path}/state/kv`);
    const backend = lazyBackend(open, { limits: DENO_KV_LIMITS, retry: retryDeps });
    return createKv({
      ...backend,
      async [Symbol.asyncDispose]() {
        await backend[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    });
  },
});

holdToContract("Deno KV on a server", {
  open: async () => createKv(denoKvBackend(await Deno.openKv(":memory:"), { name: "", isRemote: true })),
});

Deno.test("Deno KV: what was set is there when the file is opened again, for its owner alone", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/state/kv`;
  {
    await using kv = createKv(await openDenoKvBackend(path));
    await kv.atomic().set(["a"], 1).commit();
  }
  await using kv = createKv(await openDenoKvBackend(path));
  assert.equal((await kv.get(["a"])).value, 1);
  if (Deno.build.os !== "windows") assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
});

Deno.test("Deno KV: a run store in SQLite stays what it is", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/history.db`;
  {
    await using store = openRunStore(path);
    await store.listRecent({ limit: 1 });
  }
  const before = await Deno.readFile(path);
  await assert.rejects(openDenoKvBackend(path), /not a Deno KV database, but a run store in SQLite/);
  assert.deepEqual(await Deno.readFile(path), before);
});

Deno.test("Deno KV: two processes race 100 times, and each race has one winner", async () => {
  await using folder = await emptyFolder();
  await assertRacesHaveOneWinner(`deno-kv:${folder.path}/kv`);
});

Deno.test("Deno KV: keys of another program in the same database are not listed", async () => {
  const database = await Deno.openKv(":memory:");
  await database.set(["a"], { other: true });
  await database.set([1], "other");
  await using kv = createKv(denoKvBackend(database, { name: "", isRemote: true }));
  await kv.atomic().set(["b"], 1).commit();
  assert.deepEqual((await Array.fromAsync(kv.list({ prefix: [] }))).map(({ key }) => key), [["b"]]);
});

Deno.test("Deno KV: a write whose answer is lost is applied once, and answers what was stored", async () => {
  const database = await Deno.openKv(":memory:");
  let lost = 0;
  const losing = new Proxy(database, {
    get(target, name) {
      const member = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (name !== "atomic") return member.bind(target);
      return () => {
        const operation = target.atomic();
        const commit = operation.commit.bind(operation);
        operation.commit = async () => {
          const result = await commit();
          if (lost++ % 2 === 0) throw new Error("connection closed before message completed");
          return result;
        };
        return operation;
      };
    },
  });
  const backend = denoKvBackend(losing, { name: "", isRemote: true });
  await using kv = createKv(lazyBackend(() => Promise.resolve(backend), { retry: retryDeps }));
  const versions = [];
  for (let count = 0; count < 5; count++) versions.push(await kv.atomic().sum(["n"], 1).commit());
  assert.equal((await kv.get(["n"])).value, 5);
  assert.equal((await kv.get(["n"])).versionstamp, versions[4]);
  const isTaken = { key: ["n"], versionstamp: null };
  assert.equal(await kv.atomic().check(isTaken).sum(["n"], 1).commit(), undefined);
  assert.equal(lost, 12);
});

// Before 2.9, Deno itself tries to reach a server without end, and reports that on stderr.
if (!/^2\.[4-8]\./.test(Deno.version.deno)) {
  Deno.test("Deno KV: a server that can't be reached is a storage error with its address", async () => {
    const url = `http://127.0.0.1:${CLOSED_PORT}/`;
    Deno.env.set("DENO_KV_ACCESS_TOKEN", "a-secret-token");
    try {
      await assert.rejects(openDenoKvBackend(url), (error) => {
        assert.ok(error instanceof StorageError);
        assert.ok(error.message.includes(url) && !error.message.includes("a-secret-token"), error.message);
        return true;
      });
    } finally {
      Deno.env.delete("DENO_KV_ACCESS_TOKEN");
    }
  });
}

Deno.test("deno-kv: a server that takes half a minute to answer nothing is not asked again and again", async () => {
  const database = await Deno.openKv(":memory:");
  const words = "timed out connecting to the metadata endpoint at 'http://127.0.0.1:1/' after 30 seconds";
  database.getMany = () => Promise.reject(new TypeError(`Could not open Deno KV database: ${words}`));
  await using backend = denoKvBackend(database, { name: "http://127.0.0.1:1/", isRemote: true });
  await assert.rejects(backend.read(["a"]), { name: "StorageError", message: /timed out/ });
});

for (
  const [answer, requests] of [["401 Unauthorized: invalid access token", 1], ["503 Service Unavailable", 3]] as const
) {
  Deno.test(`deno-kv: a server that answers ${answer} is asked ${requests} times`, async () => {
    const database = await Deno.openKv(":memory:");
    let count = 0;
    // As Deno 2.9 words it.
    const words = `the metadata endpoint at 'http://127.0.0.1:1/' responded with status ${answer}`;
    database.getMany = () => {
      count++;
      return Promise.reject(new Error(`Could not open Deno KV database: ${words}`));
    };
    const backend = denoKvBackend(database, { name: "http://127.0.0.1:1/", isRemote: true });
    await using kv = lazyBackend(() => Promise.resolve(backend), { retry: { ...retryDeps, maxAttempts: 3 } });
    await assert.rejects(kv.read(["a"]), /responded with status/);
    assert.equal(count, requests);
  });
}

Deno.test("deno-kv: the error of a server by URL shows neither its user nor its password", async () => {
  const database = await Deno.openKv(":memory:");
  // As Deno 2.9 words it, which connects when the store is opened; Deno 2.4 connects later.
  const words = "failed to connect to 'http://me:sec%40ret@127.0.0.1:1/db': error sending request for url " +
    "(http://me:sec%40ret@127.0.0.1:1/db): client error (Connect): tcp connect error: Connection refused (os error 111)";
  database.getMany = () => Promise.reject(new TypeError(`Could not open Deno KV database: ${words}`));
  await using backend = denoKvBackend(database, { name: "http://me:sec@ret@127.0.0.1:1/db", isRemote: true });
  await assert.rejects(backend.read(["a"]), (error) => {
    assert.ok(error instanceof StorageError);
    assert.match(error.message, /^Cannot use the run store http:\/\/127\.0\.0\.1:1\/db: .*Connection refused/);
    assert.ok(!/sec|ret@/.test(Deno.inspect(error)), Deno.inspect(error));
    return true;
  });
});
