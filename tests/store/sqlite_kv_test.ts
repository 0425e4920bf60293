import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../lib/errors.ts";
import type { StoreBackend } from "../../lib/store/backend.ts";
import { createKv } from "../../lib/store/kv.ts";
import { openSqliteBackend } from "../../lib/store/sqlite_kv.ts";
import { makeWritable, mountMissing, readOnlyBind, readOnlyDisk } from "../support/disks.ts";
import { emptyFolder } from "../support/main_job.ts";
import { needing } from "../support/needs.ts";
import { holdToContract } from "./kv_contract.ts";
import { assertPairs, assertRacesHaveOneWinner, openStore, startWorker } from "./kv_processes.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9);
const clock = { now: () => NOW_MS };

holdToContract("sqlite", {
  async open() {
    const folder = await emptyFolder();
    const backend = await open(`${folder.path}/state/runs.db`);
    return createKv({
      ...backend,
      async [Symbol.asyncDispose]() {
        await backend[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    });
  },
});

Deno.test("sqlite: what was set is there when the file is opened again", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/runs.db`;
  {
    await using kv = createKv(await open(path));
    await kv.atomic().set(["a"], 1).commit();
  }
  await using kv = createKv(await open(path));
  assert.equal((await kv.get(["a"])).value, 1);
});

Deno.test("sqlite: a path that is a folder is a storage error that names the reason", async () => {
  await using folder = await emptyFolder();
  await assert.rejects(open(folder.path), (error) => {
    assert.ok(error instanceof StorageError);
    assert.equal(error.message, `Cannot use the run store at ${folder.path}: it is a folder, not a file`);
    assert.equal(error.hint, "Name a file in it, or name another store with PW_STORE_URL");
    return true;
  });
});

Deno.test({
  name: "sqlite: the file and its folder are their owner's alone under any umask",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await emptyFolder();
    const umask = Deno.umask(0);
    try {
      await using kv = createKv(await open(`${folder.path}/a/b/runs.db`));
      await kv.atomic().set(["a"], 1).commit();
    } finally {
      Deno.umask(umask);
    }
    const mode = async (path: string) => ((await Deno.stat(`${folder.path}/${path}`)).mode ?? 0) & 0o777;
    assert.deepEqual([await mode("a"), await mode("a/b"), await mode("a/b/runs.db")], [0o700, 0o700, 0o600]);
  },
});

Deno.test("sqlite: of a change that fails in the middle, nothing stays", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/runs.db`;
  await using kv = createKv(await open(path));
  await kv.atomic().set(["a"], 1).commit();
  const database = new DatabaseSync(path);
  database.exec(
    `CREATE TRIGGER refused BEFORE INSERT ON kv WHEN new.key LIKE '%refused%' BEGIN SELECT RAISE(ABORT, 'refused'); END`,
  );
  database.close();
  await assert.rejects(kv.atomic().set(["a"], 2).set(["b"], 2).set(["refused"], 2).commit(), StorageError);
  assert.deepEqual([(await kv.get(["a"])).value, (await kv.get(["b"])).value], [1, null]);
});

Deno.test("sqlite: a path without a folder is a file in the current one", async () => {
  await using folder = await emptyFolder();
  const cwd = Deno.cwd();
  Deno.chdir(folder.path);
  try {
    await using _backend = await open("runs.db");
    assert.ok((await Deno.stat("runs.db")).isFile);
  } finally {
    Deno.chdir(cwd);
  }
});

Deno.test("sqlite: a file that the program may only read is read, and the error of a write names the remedy", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/runs.db`;
  {
    await using kv = openStore(path);
    await kv.atomic().set(["a", "b"], 1).commit();
  }
  // Modules are loaded when they are imported: it reads its own, too.
  const mayRead = `--allow-read=${folder.path},${import.meta.dirname}/../../lib`;
  const reader = startWorker(path, "read", "", [mayRead]);
  await reader.stop();
  assert.deepEqual([await reader.ended, reader.lines], [{ code: 0, stderr: "" }, ["a b"]]);
  const writer = startWorker(path, "put", "writer", [mayRead]);
  await writer.stop();
  const { code, stderr } = await writer.ended;
  assert.equal(code, 1);
  assert.match(stderr, /StorageError.*Requires write access/);
});

Deno.test("sqlite: a write goes to the file that is at the path now, and a file that is gone is reported", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/state/runs.db`;
  const messages: string[] = [];
  const onSetAside = (message: string) => void messages.push(message);
  await using backend = await openSqliteBackend({ path, clock, onSetAside });
  const kv = createKv(backend);
  await kv.atomic().set(["a"], 1).commit();
  await Deno.remove(`${folder.path}/state`, { recursive: true });
  await kv.atomic().set(["b"], 1).commit();
  assert.equal((await kv.get(["b"])).value, 1);
  assert.deepEqual(messages, [`The run store at ${path} was removed: a new one was started`]);
  await using reopened = await open(path);
  assert.deepEqual((await Array.fromAsync(createKv(reopened).list({ prefix: [] }))).map(({ key }) => key), [["b"]]);
});

Deno.test("sqlite: a file of a newer version is left as it is", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/runs.db`;
  await (await open(path))[Symbol.asyncDispose]();
  execute(path, "PRAGMA user_version = 99");
  await assert.rejects(open(path), (error) => {
    assert.ok(error instanceof StorageError);
    assert.match(error.message, /newer version/);
    assert.match(error.hint ?? "", /^Update pw-workflow-runner, or .*PW_STORE_URL$/);
    return true;
  });
});

Deno.test("sqlite: a folder that can't be made is a storage error that names the path and what to do", async () => {
  await using folder = await emptyFolder();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  const path = `${folder.path}/file/runs.db`;
  await assert.rejects(
    open(path),
    (error) =>
      error instanceof StorageError && error.message.startsWith(`Cannot use the run store at ${path}: `) &&
      /PW_STORE_URL/.test(error.hint ?? "") && !/no-history/.test(error.hint ?? ""),
  );
});

Deno.test({
  ...needing(
    "sqlite: a file on a disk that can't be written is read, and the error of a write names the reason",
    await mountMissing(),
  ),
  fn: async () => {
    await using folder = await emptyFolder();
    const path = `${folder.path}/disk/runs.db`;
    await Deno.mkdir(`${folder.path}/disk`);
    {
      // Mounted over itself: as the same disk, but read-only.
      await using _disk = await readOnlyDisk(`${folder.path}/disk`);
      await assert.rejects(open(path), (error) => error instanceof StorageError && /[Rr]ead-only/.test(error.message));
    }
    {
      await using kv = createKv(await open(path));
      await kv.atomic().set(["a"], 1).commit();
    }
    await using _bound = await readOnlyBind(`${folder.path}/disk`);
    await using backend = await open(path);
    const kv = createKv(backend);
    assert.equal((await kv.get(["a"])).value, 1);
    assert.equal((await Array.fromAsync(kv.list({ prefix: [] }))).length, 1);
    await assert.rejects(
      kv.atomic().set(["a"], 2).commit(),
      (error) => error instanceof StorageError && /[Rr]ead-only/.test(error.message) && error.message.includes(path),
    );
  },
});

Deno.test({
  ...needing(
    "sqlite: a file on a disk that can be written again is written, without another process",
    await mountMissing(),
  ),
  fn: async () => {
    await using folder = await emptyFolder();
    const place = `${folder.path}/disk`;
    await Deno.mkdir(place);
    await (await open(`${place}/runs.db`))[Symbol.asyncDispose]();
    await using _bound = await readOnlyBind(place);
    await using kv = createKv(await open(`${place}/runs.db`));
    await assert.rejects(kv.atomic().set(["a"], 1).commit(), /[Rr]ead-only/);
    await makeWritable(place);
    assert.ok(await kv.atomic().set(["a"], 1).commit());
    assert.equal((await kv.get(["a"])).value, 1);
  },
});

Deno.test("sqlite: a locked file is waited for without holding up the program, and then written", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/runs.db`;
  await using kv = openStore(path);
  await kv.atomic().set(["a"], 1).commit();
  using lock = lockFile(path);
  let longestMs = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  }, 5);
  setTimeout(() => lock[Symbol.dispose](), 1_500);
  try {
    assert.ok(await kv.atomic().set(["a"], 2).commit());
  } finally {
    clearInterval(timer);
  }
  assert.equal((await kv.get(["a"])).value, 2);
  assert.ok(longestMs < 1_000, `the program stood still for ${longestMs} ms`);
});

Deno.test("sqlite: a file that stays locked is an error with a hint what to do", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/runs.db`;
  await using kv = createKv(await open(path));
  using _lock = lockFile(path);
  await assert.rejects(
    kv.get(["a"]),
    (error) => error instanceof StorageError && /^End the process that has it locked/.test(error.hint ?? ""),
  );
});

Deno.test("sqlite: two processes race 100 times, and each race has one winner", async () => {
  await using folder = await emptyFolder();
  await assertRacesHaveOneWinner(`${folder.path}/runs.db`);
});

Deno.test("sqlite: fifty processes at once create one file, and none of their writes is missing", async () => {
  await using folder = await emptyFolder();
  const store = `sqlite:${folder.path}/state/runs.db`;
  const workers = Array.from({ length: 50 }, (_, index) => startWorker(store, "put", `process-${index}`));
  for (const worker of workers) {
    await worker.stop();
    const { code, stderr } = await worker.ended;
    assert.equal(code, 0, stderr);
  }
  const acknowledged = workers.flatMap(({ lines }) => lines);
  assert.equal(acknowledged.length, 50);
  await assertPairs(store, acknowledged);
});

Deno.test("sqlite: forty processes are killed while they write, and no acknowledged write is missing", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/runs.db`;
  const acknowledged: string[] = [];
  for (let round = 0; round < 10; round++) {
    const workers = Array.from({ length: 4 }, (_, index) => startWorker(path, "write", `process-${round}-${index}`));
    await Promise.all(workers.map(async ({ child, began, ended }, index) => {
      await began();
      await new Promise((resolve) => setTimeout(resolve, 20 + 17 * index + 7 * round));
      child.kill("SIGKILL");
      await child.stdin.close().catch(() => {});
      await ended;
    }));
    acknowledged.push(...workers.flatMap(({ lines }) => lines));
  }
  assert.ok(acknowledged.length >= 40);
  await assertPairs(path, acknowledged);
  const database = new DatabaseSync(path);
  assert.deepEqual(database.prepare("PRAGMA integrity_check").all().map((row) => row.integrity_check), ["ok"]);
  database.close();
});

function open(path: string): Promise<StoreBackend> {
  return openSqliteBackend({ path, clock, onSetAside: (message) => assert.fail(message) });
}

function execute(path: string, statements: string): void {
  const database = new DatabaseSync(path);
  database.exec(statements);
  database.close();
}

function lockFile(path: string): Disposable {
  const database = new DatabaseSync(path);
  database.exec("BEGIN EXCLUSIVE");
  let isOpen = true;
  return {
    [Symbol.dispose]() {
      if (isOpen) database.close();
      isOpen = false;
    },
  };
}
