import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { StorageError, UsageError } from "../../lib/errors.ts";
import { DENO_KV_LIMITS } from "../../lib/store/deno_kv.ts";
import { openKv, shownName } from "../../lib/store/open_kv.ts";
import { emptyFolder } from "../support/main_job.ts";
import { openStore } from "./kv_processes.ts";

for (const name of ["memory:", "FOLDER/runs.db", "sqlite:FOLDER/runs.db", "SQLITE:FOLDER/a:b", "deno-kv:FOLDER/kv"]) {
  Deno.test(`openKv("${name}") is a store that works`, async () => {
    await using folder = await emptyFolder();
    await using kv = openStore(name.replace("FOLDER", folder.path));
    await kv.atomic().set(["a"], 1).commit();
    assert.equal((await kv.get(["a"])).value, 1);
  });
}

for (const name of ["memory:", "FOLDER/runs.db", "deno-kv:FOLDER/kv"]) {
  Deno.test(`openKv("${name}") stays closed, for what uses it too late as well`, async () => {
    await using folder = await emptyFolder();
    const kv = openStore(name.replace("FOLDER", folder.path));
    await kv.get(["a"]);
    const isClosed = (error: unknown) => error instanceof StorageError && /it is closed/.test(error.message);
    const overtaken = assert.rejects(kv.get(["a"]), isClosed);
    await kv[Symbol.asyncDispose]();
    for await (const { name } of Deno.readDir(folder.path)) await Deno.remove(`${folder.path}/${name}`);
    await overtaken;
    await assert.rejects(kv.get(["a"]), isClosed);
    await assert.rejects(kv.atomic().set(["a"], 1).commit(), isClosed);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder.path)), []);
  });
}

Deno.test("openKv() opens nothing before it is used, and knows its limits", async () => {
  await using folder = await emptyFolder();
  await using kv = openStore(`deno-kv:${folder.path}/state/kv`);
  assert.equal(kv.limits.maxValueLength, DENO_KV_LIMITS.maxValueLength);
  await using _other = openStore("postgres://user:password@127.0.0.1:9/runs");
  await using _windows = openStore("C:\\Users\\demo\\runs.db");
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder.path)), []);
});

Deno.test("openKv() takes a path that SQLite would read as something else", async () => {
  await using folder = await emptyFolder();
  const cwd = Deno.cwd();
  Deno.chdir(folder.path);
  try {
    await using kv = openStore("sqlite::memory:");
    await kv.get(["a"]);
    assert.ok((await Deno.stat(":memory:")).isFile);
  } finally {
    Deno.chdir(cwd);
  }
});

Deno.test("shownName() is a store's name without user, password and options", () => {
  for (const secret of ["me:secret", "secret", "me:sec@ret", "me:secret\n"]) {
    assert.equal(
      shownName(`postgres://${secret}@db.example:5432/runs?password=secret`),
      "postgres://db.example:5432/runs",
    );
  }
  assert.equal(shownName("sqlite:/home/demo/runs.db"), "sqlite:/home/demo/runs.db");
});

Deno.test("openKv() adds what else to do to the hints of all errors", async () => {
  await using folder = await emptyFolder();
  const deps = { clock: systemClock, random: Math.random, onSetAside: null, alternative: "or do without" };
  await Deno.writeTextFile(`${folder.path}/file`, "");
  await using kv = openKv(`${folder.path}/file/runs.db`, deps);
  for (const use of [() => kv.get(["a"]), () => kv.atomic().set(["a"], 1).commit()]) {
    await assert.rejects(
      use(),
      (error) => error instanceof StorageError && /PW_STORE_URL; or do without$/.test(error.hint ?? ""),
    );
  }
});

for (
  const name of [
    "mysql://user:secret@host/db",
    "postgres:",
    "postgres://",
    "postgresq:me:secret",
    "mysql://me:secret",
    "sqlite:",
    "memory:x",
    "kv:x",
  ]
) {
  Deno.test(`openKv("${name}") is a usage error that names the choices and no password`, () => {
    assert.throws(() => openStore(name), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.hint ?? "", /sqlite:PATH.*postgres:.*deno-kv:.*memory:/);
      assert.ok(!Deno.inspect(error).includes("secret"), error.message);
      return true;
    });
  });
}

for (
  const name of [
    "postgres://a:secret@b:port/c",
    "postgres://me:secret",
    "postgres:me:secret",
    "POSTGRESQL://me:secret/db",
    "postgres://me:secret#1@host/db",
    "postgres://me:secret/1@host/db",
    "postgres://me:secret?1@host/db",
    "postgres://me:secret%@host/db",
    // What precedes the special character is a port.
    "postgres://me:4711#secret@host/db",
    "postgres://me:4711/secret@host/db",
    "postgres://me:4711?secret@host/db",
  ]
) {
  Deno.test(`openKv("${name}") is a usage error with the form of the URL, without a password`, () => {
    assert.throws(() => openStore(name), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /^Cannot parse the URL of the store: .*postgres:\/\/USER:PASSWORD@HOST/);
      assert.match(error.hint ?? "", /percent-encode/);
      assert.ok(!/secret|4711/.test(Deno.inspect(error)), error.message);
      return true;
    });
  });
}

for (
  const name of [
    "postgres://me:%2Fsec%23ret@host:5432/db?options=a@b",
    "postgres://host/db?user=me@server",
    "postgresql://[::1]/db",
  ]
) {
  Deno.test(`openKv("${name}") opens when it is used`, async () => {
    await openStore(name)[Symbol.asyncDispose]();
  });
}
