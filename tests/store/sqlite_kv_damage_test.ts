/** Files that are damaged, or another program's: set aside, named, never misread. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../lib/errors.ts";
import type { StoreBackend } from "../../lib/store/backend.ts";
import { systemClock } from "../../lib/clock.ts";
import { openKv } from "../../lib/store/open_kv.ts";
import { createKv } from "../../lib/store/kv.ts";
import { openSqliteBackend } from "../../lib/store/sqlite_kv.ts";
import { emptyFolder } from "../support/main_job.ts";
import { assertPairs, startWorker } from "./kv_processes.ts";

const ASIDE = ".set-aside-2026-01-05T09-00-00-000Z";
const clock = { now: () => Date.UTC(2026, 0, 5, 9) };

for (
  const [what, spoil] of [
    ["is text", writeText],
    ["was overwritten in the middle", (path: string) => writeAndOverwrite(path)],
    [
      "has another program's tables",
      writeOtherTables,
    ],
    ["has our mark and other tables", writeOtherSchema],
    [
      "has another program's table of the same name",
      writeSameTable,
    ],
  ] as const
) {
  Deno.test(`sqlite: a file that ${what} is set aside and named, and a new one started`, async () => {
    await using folder = await emptyFolder();
    const path = `${folder.path}/runs.db`;
    await spoil(path);
    const before = await Deno.readFile(path);
    const messages: string[] = [];
    await using backend = await openSqliteBackend({ path, clock, onSetAside: (message) => messages.push(message) });
    const kv = createKv(backend);
    await kv.atomic().set(["a"], 1).commit();
    assert.equal((await kv.get(["a"])).value, 1);
    assert.deepEqual(await Deno.readFile(path + ASIDE), before);
    assert.equal(messages.length, 1);
    assert.ok(messages[0]?.includes(path + ASIDE), messages[0]);
    assert.ok(messages[0]?.startsWith(`The run store at ${path} `), messages[0]);
  });

  Deno.test(`sqlite: a file that ${what} is left alone where nothing may be set aside`, async () => {
    await using folder = await emptyFolder();
    const path = `${folder.path}/runs.db`;
    await spoil(path);
    const before = await Deno.readFile(path);
    await assert.rejects(openSqliteBackend({ path, clock, onSetAside: null }), StorageError);
    assert.deepEqual(await Deno.readFile(path), before);
  });
}

for (
  const [what, spoil, isOurs] of [
    ["is text", writeText, false],
    ["has another program's tables", writeOtherTables, false],
    ["is ours, and was overwritten in the middle", (path: string) => writeAndOverwrite(path, 4_096), true],
  ] as const
) {
  Deno.test(`sqlite: a file that a user names and that ${what} is ${isOurs ? "set aside" : "left alone"}`, async () => {
    await using folder = await emptyFolder();
    const path = `${folder.path}/runs.db`;
    await spoil(path);
    const before = await Deno.readFile(path);
    const messages: string[] = [];
    const onSetAside = (message: string) => messages.push(message);
    await using kv = openKv(path, { clock: systemClock, random: Math.random, onSetAside, isNamed: true });
    const write = kv.atomic().set(["a"], 1).commit();
    if (isOurs) await write;
    else {
      await assert.rejects(write, (error) => {
        assert.ok(error instanceof StorageError);
        assert.match(`${error.message} ${error.hint}`, /not a (database|run store).* Check the path/);
        return true;
      });
      assert.deepEqual(await Deno.readFile(path), before);
    }
    assert.equal(messages.length, isOurs ? 1 : 0);
    assert.equal((await Array.fromAsync(Deno.readDir(folder.path))).length, isOurs ? 2 : 1);
  });
}

Deno.test("sqlite: damage that shows later is handled the same way, once, however many have the file open", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/runs.db`;
  const messages: string[] = [];
  const openNoting = () => openSqliteBackend({ path, clock, onSetAside: (message) => messages.push(message) });
  await using oneBackend = await openNoting();
  await using otherBackend = await openNoting();
  const [one, other] = [createKv(oneBackend), createKv(otherBackend)];
  await one.atomic().set(["early"], 1).commit();
  await overwrite(path);
  await one.atomic().set(["a"], 1).commit();
  await other.atomic().set(["b"], 1).commit();
  assert.equal(messages.length, 1);
  assert.deepEqual((await Array.fromAsync(other.list({ prefix: [] }))).map(({ key }) => key[0]), ["a", "b"]);
  await overwrite(path);
  await other.atomic().set(["c"], 1).commit();
  assert.equal(messages.length, 2);
  assert.notEqual(messages[0], messages[1]);
});

Deno.test("sqlite: the history of an earlier version is reported once, beside a new file, and left as it is", async () => {
  await using folder = await emptyFolder();
  const earlier = `${folder.path}/ledger.db`;
  await Deno.writeTextFile(earlier, "an earlier history");
  const messages: string[] = [];
  for (let opening = 0; opening < 2; opening++) {
    const onSetAside = (message: string) => messages.push(message);
    await using _backend = await openSqliteBackend({ path: `${folder.path}/history.db`, clock, onSetAside });
  }
  assert.deepEqual(messages, [`An earlier version's history was found at ${earlier}: it is not read`]);
  assert.equal(await Deno.readTextFile(earlier), "an earlier history");
});

Deno.test("sqlite: of eight processes that meet a damaged file one sets it aside, and all write", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/runs.db`;
  for (let round = 0; round < 3; round++) {
    await writeText(path);
    const workers = Array.from({ length: 8 }, (_, index) => startWorker(path, "put", `process-${index}`));
    const messages = await Promise.all(workers.map(async (worker) => {
      await worker.stop();
      const { code, stderr } = await worker.ended;
      assert.equal(code, 0, stderr);
      return stderr;
    }));
    assert.equal(messages.filter((message) => message.includes("set aside")).length, 1, messages.join(""));
    await assertPairs(path, workers.flatMap(({ lines }) => lines));
  }
});

Deno.test({
  name: "sqlite: a file that another process sets aside while this one opens it leaves a private one, under any umask",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await emptyFolder();
    const path = `${folder.path}/runs.db`;
    await writeText(path);
    const { openSync } = Deno;
    const umask = Deno.umask(0o022);
    Deno.openSync = (file, options) => {
      const opened = openSync(file, options);
      // Between the check that the file can be written and its opening: too short a time for a real process to hit.
      Deno.renameSync(path, `${path}.aside`);
      Deno.openSync = openSync;
      return opened;
    };
    try {
      await using kv = createKv(await open(path));
      await kv.atomic().set(["a"], 1).commit();
      assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    } finally {
      Deno.openSync = openSync;
      Deno.umask(umask);
    }
  },
});

function open(path: string): Promise<StoreBackend> {
  return openSqliteBackend({ path, clock, onSetAside: (message) => assert.fail(message) });
}

function execute(path: string, statements: string): void {
  const database = new DatabaseSync(path);
  database.exec(statements);
  database.close();
}

async function writeText(path: string): Promise<void> {
  await Deno.writeTextFile(path, "this is not a database, but long enough to be read\n".repeat(100));
}

async function writeAndOverwrite(path: string, from?: number): Promise<void> {
  const backend = await open(path);
  const kv = createKv(backend);
  for (let index = 0; index < 50; index++) await kv.atomic().set(["k", String(index)], "x".repeat(500)).commit();
  await backend[Symbol.asyncDispose]();
  await overwrite(path, from);
}

function writeOtherTables(path: string): Promise<void> {
  execute(path, "CREATE TABLE records (wish_id TEXT PRIMARY KEY, body TEXT); PRAGMA user_version = 1");
  return Promise.resolve();
}

function writeSameTable(path: string): Promise<void> {
  execute(path, "CREATE TABLE kv (key, value, version); PRAGMA user_version = 1");
  return Promise.resolve();
}

function writeOtherSchema(path: string): Promise<void> {
  execute(path, "CREATE TABLE kv (a, b); PRAGMA application_id = 0x70776b76; PRAGMA user_version = 1");
  return Promise.resolve();
}

/** @param from Default: the change counter, so that a process that has the file open reads it again. */
async function overwrite(path: string, from = 24): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.seek(from, Deno.SeekMode.Start);
  await file.write(new TextEncoder().encode("garbage ".repeat(1_000)));
}
