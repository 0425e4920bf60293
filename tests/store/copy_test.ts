import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { StorageError, UsageError } from "../../lib/errors.ts";
import { copyStore } from "../../lib/store/copy.ts";
import type { StoreWrite } from "../../lib/store/backend.ts";
import { DENO_KV_LIMITS } from "../../lib/store/deno_kv.ts";
import { createKv, inChanges, type StoreEntry } from "../../lib/store/kv.ts";
import { memoryBackend } from "../../lib/store/memory_kv.ts";
import { createRunStore } from "../../lib/store/run_store.ts";
import { emptyFolder } from "../support/main_job.ts";
import { needing } from "../support/needs.ts";
import { postgresMissing, type PostgresServer, startPostgres } from "../support/postgres.ts";
import { aFinishedSubmission, anActiveSubmission, aPendingSubmission, aStoredRequest } from "../support/records.ts";
import { openStore } from "./kv_processes.ts";
import { assertIndexesAgree } from "./run_store_indexes.ts";

const missing = await postgresMissing();
let server: PostgresServer | undefined;
addEventListener("unload", () => server?.[Symbol.dispose]());

const BACKENDS = ["memory:", "sqlite:FOLDER/NAME.db", "deno-kv:FOLDER/NAME.kv", "postgres:"] as const;

for (const from of BACKENDS) {
  for (const to of BACKENDS) {
    Deno.test({
      ...needing(`copyStore() copies from ${from} to ${to}`, [from, to].includes("postgres:") ? missing : undefined),
      async fn() {
        await using folder = await emptyFolder();
        const open = async (name: string, role: string) => {
          if (name !== "postgres:") return openStore(name.replace("FOLDER", folder.path).replace("NAME", role));
          server ??= await startPostgres();
          return openStore(await server.createSchema());
        };
        await using source = await open(from, "source");
        await using target = await open(to, "target");
        const text = "x".repeat(200_000);
        const store = createRunStore(source);
        for (let index = 0; index < 150; index++) {
          await store.put(aFinishedSubmission({ submissionId: `ended-${index}`, origin: { type: "http" } }));
        }
        const large = await store.put(
          aPendingSubmission({ submissionId: "large", request: aStoredRequest({ inputs: { text } }) }),
        );
        await store.put(anActiveSubmission({ submissionId: "open", origin: { type: "http" } }));
        await store.prune({ beforeMs: 0, keep: 100 });
        await store.updateCapabilities("localhost", { keepsSlug: true });
        await source.atomic().set(["progress", "nightly"], { decidedUntilMs: 1 }).set(["tick", "lock"], {}).commit();

        const count = (await store.listRecent({ limit: 1_000 })).length;
        assert.deepEqual(await copyStore(source, target), { copied: count, leftOut: [] });

        const copy = createRunStore(target);
        assert.deepEqual(await copy.listRecent({ limit: 1_000 }), await store.listRecent({ limit: 1_000 }));
        assert.deepEqual(await copy.get("large"), large);
        assert.deepEqual(await copy.countEnds(), { completed: 150 });
        assert.deepEqual(await copy.capabilities("localhost"), { keepsSlug: true });
        assert.deepEqual((await target.get(["progress", "nightly"])).value, { decidedUntilMs: 1 });
        assert.equal((await target.get(["tick", "lock"])).value, null);
        await target.atomic().delete(["progress", "nightly"]).commit();
        await assertIndexesAgree(target);
        // It can be written on.
        await copy.put({ ...large, request: aStoredRequest() });
        await assertIndexesAgree(target);
      },
    });
  }
}

Deno.test("copyStore() ends at a signal that comes while it copies one file to another", async () => {
  await using folder = await emptyFolder();
  await using source = openStore(`${folder.path}/source.db`);
  await using target = openStore(`${folder.path}/target.db`);
  const rows = Array.from({ length: 15_000 }, (_, index) => index);
  await inChanges(source, rows, (change, index) => void change.set(["row", `${index}`], "x".repeat(100)));
  const stopping = new AbortController();
  const reason = new Error("stopped");
  const stopped = systemClock.sleep(1, {}).then(() => stopping.abort(reason));
  const pause = () => systemClock.sleep(0, { signal: stopping.signal });
  await assert.rejects(copyStore(source, target, pause), (error) => error === reason);
  await stopped;
  // The target is known to be incomplete.
  await using another = openStore("memory:");
  await assert.rejects(copyStore(target, another), UsageError);
});

for (const isLate of [false, true]) {
  Deno.test(`of two copies to one target that ${isLate ? "overlap" : "begin at once"}, one is complete and the other fails`, async () => {
    const sources = ["a", "b"].map((letter) => ({ letter, kv: openStore("memory:") }));
    for (const { letter, kv } of sources) {
      const rows = Array.from({ length: 1_500 }, (_, index) => index);
      await inChanges(kv, rows, (change, index) => void change.set([letter, `${index}`], "x".repeat(100)));
    }
    const [one, other] = sources.map(({ kv }) => kv);
    assert.ok(one !== undefined && other !== undefined);
    const backend = memoryBackend();
    await using target = createKv({ ...backend, limits: { ...backend.limits, maxChangeRows: 1_000 } });
    let second = isLate ? undefined : copyStore(other, target);
    const pause = async () => void await (second ??= copyStore(other, target)).catch(() => {});
    const first = copyStore(one, target, pause);
    const ends = await Promise.allSettled([first, first.catch(() => {}).then(() => second)]);
    assert.deepEqual(ends.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const [complete, failed] = ends[0].status === "fulfilled" ? [one, ends[1]] : [other, ends[0]];
    assert.ok(failed.status === "rejected" && failed.reason instanceof UsageError);
    const copied = await Array.fromAsync(target.list({ prefix: [] }), rowOf);
    assert.deepEqual(copied, await Array.fromAsync(complete.list({ prefix: [] }), rowOf));
  });
}

Deno.test("copyStore() refuses a target that is not empty, and leaves it as it is", async () => {
  await using source = openStore("memory:");
  await using target = openStore("memory:");
  await createRunStore(source).put(aPendingSubmission());
  await target.atomic().set(["capabilities", "localhost"], {}).commit();
  await assert.rejects(
    copyStore(source, target),
    (error) => error instanceof UsageError && /target store is not empty/.test(error.message),
  );
  assert.equal((await Array.fromAsync(target.list({ prefix: [] }))).length, 1);
});

Deno.test("copyStore() replaces what a copy that failed has left", async () => {
  await using source = openStore("memory:");
  const store = createRunStore(source);
  for (let index = 0; index < 600; index++) {
    await store.put(aFinishedSubmission({ submissionId: `ended-${index}` }));
  }
  const backend = memoryBackend();
  const failures = [
    ({ sets }: StoreWrite) => sets.some(({ key }) => /^submission.ended-99$/.test(key)),
    ({ deletes }: StoreWrite) => deletes.some((key) => /^submission.ended-0$/.test(key)),
  ];
  await using target = createKv({
    ...backend,
    limits: { ...backend.limits, maxChangeRows: 1_000 },
    write(write) {
      if (failures[0]?.(write) !== true) return backend.write(write);
      failures.shift();
      return Promise.reject(new StorageError("The disk is full"));
    },
  });
  await assert.rejects(copyStore(source, target), StorageError);
  assert.notEqual((await target.get(["submission", "ended-0"])).value, null);
  await assert.rejects(copyStore(source, target), StorageError);
  assert.notEqual((await target.get(["submission", "ended-0"])).value, null);
  await source.atomic().delete(["submission", "ended-0"]).commit();

  assert.equal((await copyStore(source, target)).copied, 599);
  assert.deepEqual(
    await Array.fromAsync(target.list({ prefix: [] }), rowOf),
    await Array.fromAsync(source.list({ prefix: [] }), rowOf),
  );
  await assert.rejects(copyStore(source, target), UsageError);
});

Deno.test("copyStore() leaves out what has ended and is too large for the target, but nothing that is open", async () => {
  await using source = openStore("memory:");
  const store = createRunStore(source);
  const request = aStoredRequest({ inputs: { text: "x".repeat(1_000_000) } });
  await store.put(aFinishedSubmission({ submissionId: "large", request }));
  await store.put(anActiveSubmission({ submissionId: "open" }));
  const aTarget = () => createKv({ ...memoryBackend(), limits: DENO_KV_LIMITS });
  await using target = aTarget();
  const copy = await copyStore(source, target);
  assert.deepEqual(copy, { copied: 1, leftOut: ["Submission large"] });
  await assertIndexesAgree(target);
  const copied = await createRunStore(target).listRecent({ limit: 10 });
  assert.deepEqual(copied.map(({ submissionId }) => submissionId), ["open"]);

  await store.put(anActiveSubmission({ submissionId: "large-and-open", request }));
  await using another = aTarget();
  await assert.rejects(copyStore(source, another), /Cannot store large-and-open: it is too large/);
});

Deno.test("copyStore() leaves out batches, reports of suites and damaged records that are too large for the target", async () => {
  await using source = openStore("memory:");
  const { batches, suites, put } = createRunStore(source);
  const owner = { host: "localhost", user: "demo" };
  const text = "x".repeat(DENO_KV_LIMITS.maxValueLength);
  const row = { row: 1, id: null, label: "", workflow: "solve", contentHash: "", isInFile: true };
  for (const [name, inputs] of [["small", { text: "x" }], ["large", { text }]] as const) {
    const batch = { batchId: name, name, owner, createdAtMs: 1, updatedAtMs: 1 };
    await batches.put(batch, [{ ...row, key: "first", inputs: {} }, { ...row, key: "second", inputs }]);
    await suites.put({ owner, suite: name, environment: null }, { atMs: 1, head: name, cases: [1, inputs] }, 9);
  }
  await source.atomic().set(["damaged", "old"], { text }).commit();
  await put(anActiveSubmission());
  await using target = createKv({ ...memoryBackend(), limits: DENO_KV_LIMITS });
  const { copied, leftOut } = await copyStore(source, target);
  assert.deepEqual([copied, leftOut.map((name) => name.replace(/1\/\d+$/, "…"))], [
    1,
    ["Batch large", "Record damaged/old", "Record suite-run/localhost/demo/large/%/00000000000000…"],
  ]);
  const copy = createRunStore(target);
  assert.deepEqual((await copy.batches.list()).map(({ name }) => name), ["small"]);
  assert.deepEqual((await copy.suites.list()).map(({ head }) => head), ["small"]);
});

Deno.test("copyStore() leaves out a submission whose parts are too large for the target", async () => {
  await using source = openStore("memory:");
  const store = createRunStore(source);
  const request = aStoredRequest({ inputs: { text: "x".repeat(17_000_000) } });
  await store.put(aFinishedSubmission({ submissionId: "large", request }));
  await using target = createKv({ ...memoryBackend(), limits: DENO_KV_LIMITS });
  assert.deepEqual(await copyStore(source, target), { copied: 0, leftOut: ["Submission large"] });
  await assertIndexesAgree(target);

  await store.put(anActiveSubmission({ submissionId: "large-and-open", request }));
  await using another = createKv({ ...memoryBackend(), limits: DENO_KV_LIMITS });
  await assert.rejects(copyStore(source, another), /Cannot store large-and-open: it is too large/);
});

Deno.test("copyStore() refuses a source that is a copy that failed, and leaves both as they are", async () => {
  await using source = openStore("memory:");
  await createRunStore(source).put(aFinishedSubmission());
  const backend = memoryBackend();
  let isFull = false;
  await using incomplete = createKv({
    ...backend,
    async write(write) {
      if (isFull) throw new StorageError("The disk is full");
      isFull = true;
      return await backend.write(write);
    },
  });
  await assert.rejects(copyStore(source, incomplete), StorageError);
  isFull = false;
  const rows = await Array.fromAsync(incomplete.list({ prefix: [] }), rowOf);
  await using target = openStore("memory:");
  for (const to of [target, incomplete]) {
    await assert.rejects(
      copyStore(incomplete, to),
      (error) => error instanceof UsageError && /source store is a copy that failed/.test(error.message),
    );
  }
  assert.deepEqual(await Array.fromAsync(target.list({ prefix: [] })), []);
  assert.deepEqual(await Array.fromAsync(incomplete.list({ prefix: [] }), rowOf), rows);
});

function rowOf({ key, value }: StoreEntry) {
  return [key, value];
}
