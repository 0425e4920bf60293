import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../lib/errors.ts";
import { type RunStore, WriteConflict } from "../../lib/store/run_store.ts";
import { openSqliteRunStore } from "../../lib/store/sqlite_run_store.ts";
import { emptyFolder } from "../support/main_job.ts";
import { anUnconfirmedSubmission, aPendingSubmission } from "../support/records.ts";
import { testRunStore } from "./contract.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9);
const OWNER = { host: "localhost", user: "demo" };

testRunStore("sqliteRunStore", async () => {
  const folder = await emptyFolder();
  const store = await open(`${folder.path}/state/history.db`);
  return {
    ...store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
});

Deno.test("sqliteRunStore returns what was put before the file was closed", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/history.db`;
  {
    await using store = await open(path);
    await store.put(aPendingSubmission());
    await store.updateCapabilities("localhost", { keepsSlug: true });
  }
  await using store = await open(path);
  assert.equal((await store.get("submission"))?.state, "pending");
  assert.deepEqual(await store.capabilities("localhost"), { keepsSlug: true });
});

Deno.test({
  name: "the file and its folder are accessible to their owner only",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await emptyFolder();
    await using _store = await open(`${folder.path}/a/b/history.db`);
    const mode = async (path: string) => ((await Deno.stat(`${folder.path}/${path}`)).mode ?? 0) & 0o777;
    assert.equal(await mode("a/b"), 0o700);
    assert.equal(await mode("a/b/history.db"), 0o600);
  },
});

Deno.test("one of two open stores wins a conflict, and each sees the other's writes", async () => {
  await using folder = await emptyFolder();
  await using one = await open(`${folder.path}/history.db`);
  await using other = await open(`${folder.path}/history.db`);
  const first = await one.put(aPendingSubmission());
  await other.put({ ...anUnconfirmedSubmission(), revision: first.revision });
  await assert.rejects(one.put({ ...anUnconfirmedSubmission(), revision: first.revision }), WriteConflict);
  assert.equal((await one.get("submission"))?.state, "unconfirmed");
});

const DAMAGES = [
  ["is text", text],
  ["was overwritten in the middle", overwritten],
  ["has the tables of an earlier version", earlierTables],
  ["has one table too many", oneTableTooMany],
  ["has the tables of another program, and no version", otherTables],
] as const;

for (const [what, damage] of DAMAGES) {
  Deno.test(`a file that ${what} is set aside, reported and replaced`, async () => {
    await using folder = await emptyFolder();
    const path = `${folder.path}/history.db`;
    await damage(path);
    const before = await Deno.readFile(path);
    const messages: string[] = [];
    await using store = await openSqliteRunStore({ path, nowMs: NOW_MS, onSetAside: (text) => messages.push(text) });
    await store.put(aPendingSubmission());
    const aside = `${path}.damaged-2026-01-05T09-00-00-000Z`;
    assert.deepEqual(await Deno.readFile(aside), before);
    assert.equal(messages.length, 1);
    assert.ok(messages[0]?.includes(aside), messages[0]);
  });
}

Deno.test("the history of an earlier version is reported once, and left unchanged", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/history.db`;
  const earlier = `${folder.path}/ledger.db`;
  await Deno.writeTextFile(earlier, "an earlier history");
  const messages: string[] = [];
  for (let opening = 0; opening < 2; opening++) {
    await using store = await openSqliteRunStore({ path, nowMs: NOW_MS, onSetAside: (text) => messages.push(text) });
    await store.listOpen(OWNER);
  }
  assert.deepEqual(messages, [`An earlier version's history was found at ${earlier}: it is not read`]);
  assert.equal(await Deno.readTextFile(earlier), "an earlier history");
});

Deno.test("damage that appears later is reported once, even when several stores have the file open", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/history.db`;
  const messages: string[] = [];
  const openReporting = () => openSqliteRunStore({ path, nowMs: NOW_MS, onSetAside: (text) => messages.push(text) });
  await using one = await openReporting();
  await using other = await openReporting();
  await one.put(aPendingSubmission({ submissionId: "early" }));
  await overwrite(path);
  await one.put(aPendingSubmission());
  await other.put(aPendingSubmission({ submissionId: "another" }));
  assert.equal(messages.length, 1);
  assert.deepEqual((await other.listOpen(OWNER)).map(({ submissionId }) => submissionId).sort(), [
    "another",
    "submission",
  ]);
});

Deno.test("a file of a newer version is left unchanged", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/history.db`;
  execute(path, "PRAGMA user_version = 99");
  await assert.rejects(open(path), (error) => error instanceof StorageError && /newer version/.test(error.message));
});

Deno.test("a folder that cannot be created is a storage error with a hint", async () => {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  await assert.rejects(
    open(`${folder.path}/file/history.db`),
    (error) => error instanceof StorageError && /PW_STATE_DIR/.test(error.hint ?? ""),
  );
});

Deno.test("100,000 submissions are pruned, and a list reads no more than its limit", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/history.db`;
  await using store = await open(path);
  await store.put(aPendingSubmission({ submissionId: "open", createdAtMs: 0 }));
  fill(path, 100_000);
  assert.equal((await store.listRecent(OWNER, { limit: 20 })).length, 20);
  assert.equal(await store.prune(OWNER, { beforeMs: 0, keep: 1_000 }), 99_000);
  assert.equal((await store.listRecent(OWNER, { limit: 5_000 })).length, 1_001);
});

function open(path: string): Promise<RunStore> {
  return openSqliteRunStore({ path, nowMs: NOW_MS, onSetAside: (message) => assert.fail(message) });
}

async function text(path: string): Promise<void> {
  await Deno.writeTextFile(path, "this is not a database, but it is long enough\n".repeat(100));
}

async function overwritten(path: string): Promise<void> {
  {
    await using store = await open(path);
    for (let index = 0; index < 50; index++) {
      await store.put(aPendingSubmission({ submissionId: `submission ${index}` }));
    }
  }
  await overwrite(path);
}

async function earlierTables(path: string): Promise<void> {
  await using _store = await open(path);
  execute(path, "DROP TABLE submissions; CREATE TABLE records (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT");
}

async function oneTableTooMany(path: string): Promise<void> {
  await using _store = await open(path);
  execute(path, "CREATE TABLE more (id TEXT)");
}

function otherTables(path: string): void {
  execute(path, "CREATE TABLE submissions (id TEXT)");
}

function execute(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

async function overwrite(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true });
  // Includes the change counter: a store that has the file open must read it again.
  await file.seek(24, Deno.SeekMode.Start);
  await file.write(new TextEncoder().encode("garbage ".repeat(1_000)));
}

function fill(path: string, count: number): void {
  execute(
    path,
    `
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    INSERT INTO submissions SELECT 'submission-' || i, 1, 'localhost', 'demo', 'hello-world', 'slug-' || i, 0, i, '{}' FROM n`,
  );
}
