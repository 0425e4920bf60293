/** Indexes and counters agree with the submissions, in any order and by any number of processes. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { createRunStore } from "../../lib/store/run_store.ts";
import type { Origin, Submission } from "../../lib/submission.ts";
import { emptyFolder } from "../support/main_job.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aPendingSubmission,
  aReconciliation,
  aRejectedSubmission,
  aRun,
  aStoredRequest,
} from "../support/records.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { openStore, startWorker } from "./kv_processes.ts";
import { assertIndexesAgree } from "./run_store_indexes.ts";

const WORKER = new URL("run_store_worker.ts", import.meta.url).href;

for (const [name, seed] of [["sqlite:FOLDER/history.db", 1], ["deno-kv:FOLDER/kv", 2], ["memory:", 3]] as const) {
  Deno.test(`after random writes and prunes on ${name}, every index row is what the submissions imply`, async () => {
    await using folder = await emptyFolder();
    await using kv = openStore(name.replace("FOLDER", folder.path));
    const store = createRunStore(kv);
    const random = seededRandom(seed);
    const stored = new Map<string, number>();
    for (let step = 0; step < 400; step++) {
      if (random() < 0.03) {
        const scope = random() < 0.5 ? { scope: "service" } as const : {};
        await store.prune({ ...scope, beforeMs: Math.floor(random() * 50), keep: Math.floor(random() * 30) });
        for (const id of [...stored.keys()]) if (await store.get(id) === undefined) stored.delete(id);
      }
      const submissionId = `submission-${Math.floor(random() * 40)}`;
      const written = await store.put(randomSubmission(random, submissionId, stored.get(submissionId) ?? 0));
      stored.set(submissionId, written.revision);
      if (step % 50 === 0) await assertIndexesAgree(kv);
    }
    await assertIndexesAgree(kv);
    const all = await store.listRecent({ limit: 1_000 });
    assert.deepEqual(all.map(({ submissionId }) => submissionId).sort(), [...stored.keys()].sort());
  });
}

Deno.test("fifty processes at once write to one history, and no acknowledged submission or index row is missing", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/state/history.db`;
  const workers = Array.from({ length: 50 }, (_, index) => startWorker(path, "once", `w${index}`, ["-A"], WORKER));
  for (const { ended, stop } of workers) {
    const { code, stderr } = await ended;
    await stop();
    assert.equal(code, 0, stderr);
  }
  const acknowledged = workers.flatMap(({ lines }) => lines);
  assert.equal(acknowledged.length, 100);
  await assertStored(path, acknowledged);
});

Deno.test("forty processes are killed while they write submissions, and none that was acknowledged is missing", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/history.db`;
  const acknowledged: string[] = [];
  for (let round = 0; round < 10; round++) {
    const workers = Array.from(
      { length: 4 },
      (_, index) => startWorker(path, "write", `w${round}-${index}`, ["-A"], WORKER),
    );
    await Promise.all(workers.map(async ({ child, began, ended, stop }, index) => {
      await began();
      await new Promise((resolve) => setTimeout(resolve, 20 + 17 * index + 7 * round));
      child.kill("SIGKILL");
      await stop();
      await ended;
    }));
    acknowledged.push(...workers.flatMap(({ lines }) => lines));
  }
  assert.ok(acknowledged.length >= 40);
  await assertStored(path, acknowledged);
  const database = new DatabaseSync(path);
  assert.deepEqual(database.prepare("PRAGMA integrity_check").all().map((row) => row.integrity_check), ["ok"]);
  database.close();
});

async function assertStored(path: string, acknowledged: readonly string[]): Promise<void> {
  await using kv = openStore(path);
  const store = createRunStore(kv);
  for (const line of acknowledged) {
    const [id = "", state] = line.split(" ");
    const found = await store.get(id);
    assert.ok(found !== undefined && (found.state === state || found.state === "finished"), line);
  }
  await assertIndexesAgree(kv);
}

function randomSubmission(random: () => number, submissionId: string, revision: number): Submission {
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(...choices: readonly [T, ...T[]]): T => choices[below(choices.length)] ?? choices[0];
  const origins: readonly Origin[] = [{ type: "command-line" }, { type: "http" }, {
    type: "schedule",
    schedule: pick("nightly", "hourly"),
    scheduledAtMs: below(100),
    isDeadlineReported: random() < 0.5,
    isReported: random() < 0.5,
  }];
  // A submission's origin stays what it is.
  const origin = origins[submissionId.length % 2 + submissionId.charCodeAt(11) % 2] ?? assert.fail();
  // A long text is split on Deno KV.
  const text = "x".repeat(pick(0, 0, 50_000));
  const parts = {
    submissionId,
    revision,
    origin,
    owner: { host: pick("a.example:8080", "b.example"), user: pick("ann", "bob") },
    request: aStoredRequest({ workflow: pick("one", "two words", "three"), inputs: { text } }),
    ownSlug: pick(null, `slug-${below(5)}`),
    createdAtMs: below(100),
    updatedAtMs: below(100),
  };
  const { result } = aFinishedSubmission();
  return pick<Submission>(
    aPendingSubmission(parts),
    anUnconfirmedSubmission({ ...parts, reconciliation: aReconciliation({ isAbandoned: random() < 0.5 }) }),
    anActiveSubmission({ ...parts, run: aRun({ platformStatus: pick("running", "canceling") }) }),
    aFinishedSubmission({ ...parts, result: { ...result, status: pick("completed", "failed") } }),
    aRejectedSubmission(parts),
  );
}
