import assert from "node:assert/strict";
import { createBatchStore, type StoredRow } from "../../lib/store/batch_store.ts";
import { createKv } from "../../lib/store/kv.ts";
import type { StoreBackend } from "../../lib/store/backend.ts";
import { memoryBackend, memoryRunStore } from "../../lib/store/memory_kv.ts";
import { aPendingSubmission } from "../support/records.ts";

const OWNER = { host: "activate.example.com", user: "demo" };
const BATCH = { batchId: "sweep-1", name: "sweep", owner: OWNER, createdAtMs: 1_000, updatedAtMs: 2_000 };

function aRow(row: number, isInFile = true): StoredRow {
  const key = `row-${row}`;
  return {
    key,
    row,
    id: null,
    label: `n=${row}`,
    workflow: "solve",
    inputs: { n: row, text: "x".repeat(200) },
    contentHash: key,
    isInFile,
  };
}

const rows = (count: number) => Array.from({ length: count }, (_, index) => aRow(index + 1));

Deno.test("the rows of a batch are read as they were stored last, in file order, however many there are", async () => {
  const kv = createKv(memoryBackend());
  const batches = createBatchStore(kv);
  assert.equal(await batches.get("sweep-1"), undefined);
  const first = await batches.put(BATCH, rows(3));
  assert.deepEqual(first, { ...BATCH, rowCount: 3, revision: first.revision });
  const many = [...rows(2_000), aRow(2_001, false)];
  const second = await batches.put({ ...BATCH, updatedAtMs: 3_000 }, many);
  assert.deepEqual(second, { ...BATCH, updatedAtMs: 3_000, rowCount: 2_000, revision: second.revision });
  assert.notEqual(second.revision, first.revision);
  assert.deepEqual(await batches.get("sweep-1"), second);
  assert.deepEqual(await batches.list(), [second]);
  assert.deepEqual(await batches.rows(second), many);
  // A reader that found the batch before sees neither a mixture nor nothing.
  assert.deepEqual(await batches.rows(first), many);
  const kept = await Array.fromAsync(kv.list({ prefix: ["batch-rows"] }));
  assert.ok(kept.length > 1 && kept.every(({ key }) => key[2] === second.revision));
});

for (const when of ["dies before its rows count", "is late, and dies then"]) {
  Deno.test(`a process that ${when} leaves no rows in the batch`, async () => {
    const backend = memoryBackend();
    const batches = createBatchStore(createKv(backend));
    await batches.put(BATCH, rows(3));
    let writes = 0;
    const write: StoreBackend["write"] = async (change) => {
      if (++writes === 2) await Promise.reject(new Error("killed"));
      // Meanwhile another process stores the rows of the same file, as it is now.
      if (when.startsWith("is late")) await batches.put(BATCH, rows(2));
      return await backend.write(change);
    };
    const dying = createBatchStore(createKv({ ...backend, write }));
    await assert.rejects(dying.put(BATCH, rows(1_000)), /killed/);
    if (when.startsWith("dies")) await batches.put(BATCH, rows(2));
    const stored = await batches.get("sweep-1");
    assert.ok(stored !== undefined);
    assert.deepEqual(await batches.rows(stored), rows(2));
  });
}

Deno.test("a number of runs at once is asked for, of one batch", async () => {
  const batches = createBatchStore(createKv(memoryBackend()));
  assert.equal(await batches.wantedJobs("sweep-1"), null);
  await batches.setWantedJobs("sweep-1", 7);
  assert.equal(await batches.wantedJobs("sweep-1"), 7);
  assert.equal(await batches.wantedJobs("sweep-2"), null);
});

Deno.test("a budget of requests is a minute's at first, fills up steadily, and is each user's own", async () => {
  const batches = createBatchStore(createKv(memoryBackend()));
  const take = (count: number, nowMs: number, owner = OWNER) =>
    batches.takeRequests(owner, { count, perMinute: 60, nowMs });
  assert.equal(await take(60, 0), 0);
  assert.equal(await take(1, 0), 1_000);
  assert.equal(await take(1, 0, { ...OWNER, user: "other" }), 0);
  assert.equal(await take(5, 4_000), 1_000);
  assert.equal(await take(5, 5_000), 0);
  assert.equal(await take(1, 5_000), 1_000);
  // A clock that was set back takes nothing away.
  assert.equal(await take(1, 0), 1_000);
  // It holds no more than a minute's, and more are taken from a full one only.
  assert.equal(await take(60, 3_600_000), 0);
  assert.equal(await take(90, 3_650_000), 10_000);
  assert.equal(await take(90, 3_660_000), 0);
  assert.equal(await take(1, 3_660_000), 31_000);
  // A clock that was far ahead for a while holds up nothing.
  assert.equal(await take(60, 60_000), 0);
  assert.equal(await take(1, 60_000), 1_000);
});

Deno.test("the last attempt of a row is the one with the highest number, also with more digits", async () => {
  await using store = memoryRunStore();
  for (const attempt of [9_999, 10_000]) {
    const origin = { type: "batch", batchId: "b", rowKey: "r", attempt, isRetry: false } as const;
    await store.put(aPendingSubmission({ submissionId: `of-${attempt}`, origin }));
  }
  assert.deepEqual((await store.batches.attempts("b")).map(({ attempt }) => attempt), [9_999, 10_000]);
});
