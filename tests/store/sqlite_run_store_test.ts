import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../lib/errors.ts";
import { type RunStore, WriteConflict } from "../../lib/store/run_store.ts";
import { openSqliteRunStore } from "../../lib/store/sqlite_run_store.ts";
import { emptyFolder } from "../support/main_job.ts";
import { anUnconfirmedSubmission, aPendingSubmission } from "../support/records.ts";
import { holdToContract } from "./contract.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9);
const OWNER = { host: "localhost", user: "demo" };

holdToContract("sqliteLedger", async () => {
  const folder = await emptyFolder();
  const store = await open(`${folder.path}/state/ledger.db`);
  return {
    ...store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
});

Deno.test("what was put is there when the file is opened again", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/ledger.db`;
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
  name: "the file and its folder are the owner's alone",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await emptyFolder();
    await using _ledger = await open(`${folder.path}/a/b/ledger.db`);
    const mode = async (path: string) => ((await Deno.stat(`${folder.path}/${path}`)).mode ?? 0) & 0o777;
    assert.equal(await mode("a/b"), 0o700);
    assert.equal(await mode("a/b/ledger.db"), 0o600);
  },
});

Deno.test("of two open keepers one wins a record, and each sees what the other wrote", async () => {
  await using folder = await emptyFolder();
  await using one = await open(`${folder.path}/ledger.db`);
  await using other = await open(`${folder.path}/ledger.db`);
  const first = await one.put(aPendingSubmission());
  await other.put({ ...anUnconfirmedSubmission(), revision: first.revision });
  await assert.rejects(one.put({ ...anUnconfirmedSubmission(), revision: first.revision }), WriteConflict);
  assert.equal((await one.get("submission"))?.state, "unconfirmed");
});

for (const [what, spoil] of [["is text", text], ["was overwritten in the middle", overwritten]] as const) {
  Deno.test(`a file that ${what} is set aside, said, and begun anew`, async () => {
    await using folder = await emptyFolder();
    const path = `${folder.path}/ledger.db`;
    await spoil(path);
    const before = await Deno.readFile(path);
    const said: string[] = [];
    await using store = await openSqliteRunStore({ path, nowMs: NOW_MS, onSetAside: (text) => said.push(text) });
    await store.put(aPendingSubmission());
    const aside = `${path}.damaged-2026-01-05T09-00-00-000Z`;
    assert.deepEqual(await Deno.readFile(aside), before);
    assert.equal(said.length, 1);
    assert.ok(said[0]?.includes(aside), said[0]);
  });
}

Deno.test("damage that shows later is treated the same way, once, however many have the file open", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/ledger.db`;
  const said: string[] = [];
  const openTelling = () => openSqliteRunStore({ path, nowMs: NOW_MS, onSetAside: (text) => said.push(text) });
  await using one = await openTelling();
  await using other = await openTelling();
  await one.put(aPendingSubmission({ submissionId: "early" }));
  await overwrite(path);
  await one.put(aPendingSubmission());
  await other.put(aPendingSubmission({ submissionId: "another" }));
  assert.equal(said.length, 1);
  assert.deepEqual((await other.listOpen(OWNER)).map(({ submissionId }) => submissionId).sort(), [
    "another",
    "submission",
  ]);
});

Deno.test("a file of a newer version is left as it is", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/ledger.db`;
  const database = new DatabaseSync(path);
  database.exec("PRAGMA user_version = 99");
  database.close();
  await assert.rejects(open(path), (error) => error instanceof StorageError && /newer version/.test(error.message));
});

Deno.test("a folder that can't be made is a storage error that says what to do", async () => {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  await assert.rejects(
    open(`${folder.path}/file/ledger.db`),
    (error) => error instanceof StorageError && /PW_STATE_DIR/.test(error.hint ?? ""),
  );
});

Deno.test("a hundred thousand records are pruned, and the space of a list stays bounded by its limit", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/ledger.db`;
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
  await Deno.writeTextFile(path, "this is not a database, but long enough to look at\n".repeat(100));
}

async function overwritten(path: string): Promise<void> {
  {
    await using store = await open(path);
    for (let index = 0; index < 50; index++) await store.put(aPendingSubmission({ submissionId: `wish ${index}` }));
  }
  await overwrite(path);
}

async function overwrite(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true });
  // From the counter of changes on: whoever has the file open must not trust what it read before.
  await file.seek(24, Deno.SeekMode.Start);
  await file.write(new TextEncoder().encode("garbage ".repeat(1_000)));
}

function fill(path: string, count: number): void {
  const database = new DatabaseSync(path);
  database.exec(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    INSERT INTO records SELECT 'wish-' || i, 1, 'localhost', 'demo', 'hello-world', 'slug-' || i, 0, i, '{}' FROM n`);
  database.close();
}
