import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { inspectStore } from "../../lib/store/inspect.ts";
import { openSqliteRunStore, STORE_VERSION } from "../../lib/store/sqlite_run_store.ts";
import { type EmptyFolder, emptyFolder } from "../support/main_job.ts";
import { aFinishedSubmission, anUnconfirmedSubmission, aPendingSubmission } from "../support/records.ts";

const onSetAside = () => assert.fail("nothing is to be set aside");

async function aLedger({ path: folder }: EmptyFolder): Promise<string> {
  const path = `${folder}/ledger.db`;
  await using store = await openSqliteRunStore({ path, nowMs: 0, onSetAside });
  await store.put({ ...aPendingSubmission(), submissionId: "pending" });
  await store.put({ ...aPendingSubmission(), submissionId: "lost", lostResponses: 1 });
  await store.put({ ...anUnconfirmedSubmission(), submissionId: "submitted", revision: 0 });
  await store.put({ ...aFinishedSubmission(), submissionId: "finished", revision: 0 });
  await store.updateCapabilities("localhost", { keepsSlug: true });
  return path;
}

/** Every file with its bytes. */
async function contentOf({ path }: EmptyFolder): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for await (const { name } of Deno.readDir(path)) {
    content[name] = (await Deno.readFile(`${path}/${name}`)).toString();
  }
  return content;
}

Deno.test("a ledger's records are counted by what is known of them, and nothing is written", async () => {
  await using folder = await emptyFolder();
  const path = await aLedger(folder);
  const before = await contentOf(folder);
  const { state, bytes, whyNotWritable } = await inspectStore(path, "localhost");
  assert.deepEqual(state, { type: "sound", records: 4, open: 3, unconfirmed: 2, profile: { keepsSlug: true } });
  assert.equal(bytes, (await Deno.stat(path)).size);
  assert.equal(whyNotWritable, null);
  assert.deepEqual(await contentOf(folder), before);
  const other = (await inspectStore(path, "elsewhere")).state;
  assert.deepEqual(other.type === "sound" && other.profile, {});
});

for (
  const [what, spoil] of [
    ["is text", (path: string) => Deno.writeTextFile(path, "not a database, ".repeat(500))],
    ["was overwritten in the middle", overwrite],
  ] as const
) {
  Deno.test(`a file that ${what} is called damaged, and stays as it is`, async () => {
    await using folder = await emptyFolder();
    const path = await aLedger(folder);
    await spoil(path);
    const before = await contentOf(folder);
    assert.equal((await inspectStore(path, null)).state.type, "damaged");
    assert.deepEqual(await contentOf(folder), before);
  });
}

Deno.test("a file that a newer program made is told from a damaged one", async () => {
  await using folder = await emptyFolder();
  const path = await aLedger(folder);
  execute(path, `PRAGMA user_version = ${STORE_VERSION + 1}`);
  assert.deepEqual((await inspectStore(path, null)).state, { type: "newer" });
});

Deno.test("a file that was begun and never written to holds nothing", async () => {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/ledger.db`, "");
  const { state } = await inspectStore(`${folder.path}/ledger.db`, null);
  assert.deepEqual(state, { type: "sound", records: 0, open: 0, unconfirmed: 0, profile: {} });
});

Deno.test("where there is no ledger none is made, nor its folder", async () => {
  await using folder = await emptyFolder();
  const inspection = await inspectStore(`${folder.path}/a/b/ledger.db`, null);
  assert.deepEqual(inspection, { state: { type: "absent" }, bytes: 0, mode: null, whyNotWritable: null });
  assert.deepEqual(await contentOf(folder), {});
});

Deno.test("a place below a file can't be written", async () => {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  const { state, whyNotWritable } = await inspectStore(`${folder.path}/file/state/ledger.db`, null);
  assert.equal(state.type, "absent");
  assert.match(whyNotWritable ?? "", /file is not a folder/);
});

Deno.test("a file that somebody writes is busy, not damaged", async () => {
  await using folder = await emptyFolder();
  const path = await aLedger(folder);
  const writer = new DatabaseSync(path);
  writer.exec("BEGIN EXCLUSIVE");
  try {
    assert.equal((await inspectStore(path, null)).state.type, "busy");
  } finally {
    writer.close();
  }
});

Deno.test("a write that a process left unfinished is not taken for damage", async () => {
  await using folder = await emptyFolder();
  const path = await aLedger(folder);
  // What a process that was killed leaves behind: half of its pages, and a journal of what they were.
  const writer = new DatabaseSync(path);
  writer.exec("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN");
  for (let index = 0; index < 200; index++) {
    writer.prepare("INSERT INTO profiles VALUES (?, ?)").run(`host-${index}`, JSON.stringify("x".repeat(1_000)));
  }
  const copy = `${folder.path}/copy.db`;
  await Deno.copyFile(path, copy);
  await Deno.copyFile(`${path}-journal`, `${copy}-journal`);
  writer.close();
  const before = await contentOf(folder);
  assert.equal((await inspectStore(copy, null)).state.type, "busy");
  assert.deepEqual(await contentOf(folder), before);
});

async function overwrite(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.seek(4_096, Deno.SeekMode.Start);
  await file.write(new Uint8Array(8_192).fill(0xaa));
}

function execute(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}
