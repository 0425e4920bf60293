import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../lib/errors.ts";
import { inspectStore } from "../../lib/store/inspect.ts";
import { STORE_VERSION } from "../../lib/store/sqlite_kv.ts";
import { type EmptyFolder, emptyFolder } from "../support/main_job.ts";
import { aFinishedSubmission, anUnconfirmedSubmission, aPendingSubmission } from "../support/records.ts";
import { openRunStore } from "../support/run_store.ts";

async function aHistory({ path: folder }: EmptyFolder): Promise<string> {
  const path = `${folder}/history.db`;
  await using store = openRunStore(path);
  await store.put({ ...aPendingSubmission(), submissionId: "pending" });
  await store.put({ ...aPendingSubmission(), submissionId: "retrying", lostResponses: 1 });
  await store.put({ ...anUnconfirmedSubmission(), submissionId: "unconfirmed", revision: 0 });
  await store.put({ ...aFinishedSubmission(), submissionId: "finished", revision: 0 });
  await store.updateCapabilities("localhost", { keepsSlug: true });
  return path;
}

async function contentOf({ path }: EmptyFolder): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for await (const { name } of Deno.readDir(path)) {
    content[name] = (await Deno.readFile(`${path}/${name}`)).toString();
  }
  return content;
}

Deno.test("inspectStore() counts submissions by state, and writes nothing", async () => {
  await using folder = await emptyFolder();
  const path = await aHistory(folder);
  const before = await contentOf(folder);
  const { state, bytes, whyNotWritable } = await inspectStore(path, "localhost");
  assert.deepEqual(state, { type: "sound", records: 4, open: 3, unconfirmed: 2, capabilities: { keepsSlug: true } });
  assert.equal(bytes, (await Deno.stat(path)).size);
  assert.equal(whyNotWritable, null);
  assert.deepEqual(await contentOf(folder), before);
  const other = (await inspectStore(path, "elsewhere")).state;
  assert.deepEqual(other.type === "sound" && other.capabilities, {});
});

for (
  const [what, damage] of [
    ["is text", (path: string) => Deno.writeTextFile(path, "not a database, ".repeat(500))],
    ["was overwritten in the middle", overwrite],
    ["has other tables", (path: string) => execute(path, "DROP VIEW entries")],
  ] as const
) {
  Deno.test(`inspectStore() reports a file that ${what} as damaged, and leaves it unchanged`, async () => {
    await using folder = await emptyFolder();
    const path = await aHistory(folder);
    await damage(path);
    const before = await contentOf(folder);
    assert.equal((await inspectStore(path, null)).state.type, "damaged");
    assert.deepEqual(await contentOf(folder), before);
  });
}

Deno.test("inspectStore() distinguishes a file of a newer version from a damaged one", async () => {
  await using folder = await emptyFolder();
  const path = await aHistory(folder);
  execute(path, `PRAGMA user_version = ${STORE_VERSION + 1}`);
  assert.deepEqual((await inspectStore(path, null)).state, { type: "newer" });
});

Deno.test("inspectStore() reports an empty file as an empty history", async () => {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/history.db`, "");
  const { state } = await inspectStore(`${folder.path}/history.db`, null);
  assert.deepEqual(state, { type: "sound", records: 0, open: 0, unconfirmed: 0, capabilities: {} });
});

Deno.test("inspectStore() reports the permission bits, which Windows does not have", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/history.db`;
  await Deno.writeTextFile(path, "", { mode: 0o640 });
  const { mode } = await inspectStore(path, null);
  assert.equal(mode, Deno.build.os === "windows" ? null : 0o640);
});

Deno.test("inspectStore() creates neither a file nor its folder", async () => {
  await using folder = await emptyFolder();
  const inspection = await inspectStore(`${folder.path}/a/b/history.db`, null);
  assert.deepEqual(inspection, { state: { type: "absent" }, bytes: 0, mode: null, whyNotWritable: null });
  assert.deepEqual(await contentOf(folder), {});
});

Deno.test("inspectStore() reports a file of the current folder as writable", async () => {
  await using folder = await emptyFolder();
  await aHistory(folder);
  const cwd = Deno.cwd();
  Deno.chdir(folder.path);
  try {
    for (const name of ["history.db", "./history.db", "new.db", "a/b/new.db"]) {
      assert.equal((await inspectStore(name, null)).whyNotWritable, null, name);
    }
  } finally {
    Deno.chdir(cwd);
  }
});

Deno.test("inspectStore() reports a path below a file as not writable", async () => {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  const { state, whyNotWritable } = await inspectStore(`${folder.path}/file/state/history.db`, null);
  assert.equal(state.type, "absent");
  assert.match(whyNotWritable ?? "", /file is not a folder/);
});

Deno.test("inspectStore() names what cannot be read, and what to do", async () => {
  await using folder = await emptyFolder();
  const message = `Cannot use the run store at ${folder.path}: it is a folder, not a file`;
  await assert.rejects(inspectStore(folder.path, null), (error) => {
    assert.ok(error instanceof StorageError);
    assert.equal(error.message, message);
    assert.match(error.hint ?? "", /^Name a file in it/);
    return true;
  });
});

Deno.test({
  name: "inspectStore() reports in words why the system refuses to write",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const { state, whyNotWritable } = await inspectStore("/proc/absent/history.db", null);
    assert.equal(state.type, "absent");
    assert.match(whyNotWritable ?? "", /^(no such file or folder|permission denied)$/);
  },
});

Deno.test("inspectStore() reports a locked file as busy, not as damaged", async () => {
  await using folder = await emptyFolder();
  const path = await aHistory(folder);
  const writer = new DatabaseSync(path);
  writer.exec("BEGIN EXCLUSIVE");
  try {
    assert.equal((await inspectStore(path, null)).state.type, "busy");
  } finally {
    writer.close();
  }
});

Deno.test("inspectStore() reports an unfinished write as busy, not as damaged", async () => {
  await using folder = await emptyFolder();
  const path = await aHistory(folder);
  // A killed process leaves some of its pages behind, and a journal with their previous content.
  const writer = new DatabaseSync(path);
  writer.exec("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN");
  for (let index = 0; index < 200; index++) {
    writer.prepare("INSERT INTO kv VALUES (?, '', ?, NULL)").run(`host-${index}`, JSON.stringify("x".repeat(1_000)));
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
