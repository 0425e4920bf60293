import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../lib/errors.ts";
import type { RunFailure } from "../../lib/result.ts";
import { createKv } from "../../lib/store/kv.ts";
import { memoryBackend } from "../../lib/store/memory_kv.ts";
import { openPostgresBackend } from "../../lib/store/postgres_kv.ts";
import { createRunStore } from "../../lib/store/run_store.ts";
import { emptyFolder } from "../support/main_job.ts";
import { postgresMissing, type PostgresServer, startPostgres } from "../support/postgres.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  aPendingSubmission,
  aRunDetail,
  aStoredRequest,
} from "../support/records.ts";
import { openRunStore } from "../support/run_store.ts";
import { openStore } from "./kv_processes.ts";
import { holdRunStoreToContract } from "./run_store_contract.ts";

let server: PostgresServer | undefined;
addEventListener("unload", () => server?.[Symbol.dispose]());

holdRunStoreToContract("memory", { open: () => Promise.resolve(createKv(memoryBackend())) });
holdRunStoreToContract("sqlite", { open: () => openInFolder("state/history.db") });
holdRunStoreToContract("Deno KV", { open: () => openInFolder("state/kv", "deno-kv:") });
holdRunStoreToContract("PostgreSQL", {
  missing: await postgresMissing(),
  async open() {
    server ??= await startPostgres();
    return createKv(await openPostgresBackend(await server.createSchema()));
  },
});

Deno.test("the run store returns what was put before the file was closed", async () => {
  await using folder = await emptyFolder();
  const path = `${folder.path}/history.db`;
  {
    await using store = openRunStore(path);
    await store.put(aPendingSubmission());
    await store.updateCapabilities("localhost", { keepsSlug: true });
  }
  await using store = openRunStore(path);
  assert.equal((await store.get("submission"))?.state, "pending");
  assert.deepEqual(await store.capabilities("localhost"), { keepsSlug: true });
});

Deno.test("the run store on Deno KV refuses a submission that is too large for one change, and stores nothing", async () => {
  await using kv = await openInFolder("kv", "deno-kv:");
  const request = aStoredRequest({ inputs: { text: "x".repeat(1_000_000) } });
  await assert.rejects(createRunStore(kv).put(aPendingSubmission({ request })), StorageError);
  assert.deepEqual(await Array.fromAsync(kv.list({ prefix: [] })), []);
});

Deno.test("the run store on Deno KV reserves space in a new submission for its run and result", async () => {
  await using kv = await openInFolder("kv", "deno-kv:");
  const store = createRunStore(kv);
  const request = aStoredRequest({ inputs: { text: "\u{4e00}".repeat(208_000) } });
  const { revision } = await store.put(aPendingSubmission({ request }));
  const larger = aStoredRequest({ inputs: { text: "\u{4e00}".repeat(211_000) } });
  await assert.rejects(store.put(aPendingSubmission({ submissionId: "larger", request: larger })), StorageError);
  const logTail = Array.from({ length: 200 }, () => "x".repeat(400));
  const result = { ...aFinishedSubmission().result, failure: aFailure(logTail) };
  await store.put(aFinishedSubmission({ request, revision, result }));
  const stored = await store.get("submission");
  assert.deepEqual(stored?.state === "finished" && stored.result, result);
});

for (const [what, text] of [["long", "x".repeat(1_000_000)], ["full of quotes", '"'.repeat(120_000)]] as const) {
  Deno.test(`the run store on Deno KV stores the end of a run whose log or outputs are ${what}`, async () => {
    await using kv = await openInFolder("kv", "deno-kv:");
    const store = createRunStore(kv);
    const result = {
      ...aFinishedSubmission().result,
      outputs: { all: text },
      failure: aFailure([text]),
    };
    await store.put(aFinishedSubmission({ result }));
    const stored = await store.get("submission");
    assert.ok(stored?.state === "finished");
    assert.equal(stored.result.status, "completed");
    assert.match(stored.result.failure?.failedJobs[0]?.failedSteps[0]?.logTail[0] ?? "", /^(x{500}|"{500})…$/);
  });
}

Deno.test("the run store on Deno KV stores a run whose details are too large", async () => {
  await using kv = await openInFolder("kv", "deno-kv:");
  const store = createRunStore(kv);
  const run = aRunDetail({ inputs: { all: "x".repeat(1_000_000) }, platformStatus: "canceling" });
  await store.put(anActiveSubmission({ run }));
  const stored = await store.get("submission");
  assert.equal(stored?.state === "active" && stored.run.platformStatus, "canceling");
});

Deno.test("the run store holds a submission that is longer than the longest value", async () => {
  await using store = createRunStore(await openInFolder("history.db"));
  const request = aStoredRequest({ inputs: { text: "\ud83d\ude80".repeat(9_000_000) } });
  const written = await store.put(aPendingSubmission({ request }));
  assert.deepEqual(await store.get(written.submissionId), written);
});

Deno.test("the run store reads a submission in parts while another handle replaces it", async () => {
  await using folder = await emptyFolder();
  await using writer = openRunStore(`deno-kv:${folder.path}/kv`);
  await using reader = openRunStore(`deno-kv:${folder.path}/kv`);
  const requestOf = (round: number) => aStoredRequest({ inputs: { text: String(round % 10).repeat(100_000) } });
  let submission = await writer.put(aPendingSubmission({ request: requestOf(0) }));
  let isOver = false;
  const reading = (async () => {
    for (; !isOver;) {
      const found = await reader.get("submission");
      const text = String(found?.request.inputs?.text);
      assert.equal(text, text.slice(0, 1).repeat(100_000));
    }
  })();
  for (let round = 1; round < 30; round++) {
    submission = await writer.put({ ...submission, request: requestOf(round) });
  }
  isOver = true;
  await reading;
});

async function openInFolder(path: string, scheme = "") {
  const folder = await emptyFolder();
  const kv = openStore(`${scheme}${folder.path}/${path}`);
  return {
    ...kv,
    async [Symbol.asyncDispose]() {
      await kv[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function aFailure(logTail: readonly string[]): RunFailure {
  const step = { name: "solve", status: "error", annotations: [], logTail, note: null };
  return {
    summary: "solve failed",
    failedJobs: [{ name: "main", path: ["main"], status: "error", failedSteps: [step] }],
  };
}

for (
  const [what, damage] of [
    ["is not JSON", "{"],
    ["is of another kind", "[1]"],
    ["lacks what every submission has", '{ "revision": 1 }'],
  ] as const
) {
  Deno.test(`a record that ${what} is set aside and named, and the others live`, async () => {
    await using folder = await emptyFolder();
    const path = `${folder.path}/runs.db`;
    const [good, bad] = [aPendingSubmission(), aPendingSubmission({ submissionId: "bad" })];
    {
      await using store = openRunStore(path);
      await store.put(good);
      await store.put(bad);
    }
    const database = new DatabaseSync(path);
    const { changes } = database.prepare("UPDATE kv SET short = ?, long = NULL WHERE key LIKE ?")
      .run(damage, `submission%${bad.submissionId}%`);
    database.close();
    assert.equal(Number(changes), 1);
    const messages: string[] = [];
    await using store = openRunStore(path, (message) => void messages.push(message));
    const list = async () => (await store.listRecent({ limit: 10 })).map(({ submissionId }) => submissionId);
    assert.deepEqual(await list(), [good.submissionId]);
    assert.equal((await store.listOpen("local")).length, 1);
    assert.deepEqual(await list(), [good.submissionId]);
    assert.equal(messages.length, 1, messages.join("\n"));
    assert.match(messages[0] ?? "", new RegExp(`submission ${bad.submissionId} .* set aside as damaged/`));
    await store.prune({ beforeMs: Number.MAX_SAFE_INTEGER, keep: 0 });
  });
}

for (const [what, part] of [["is missing", null], ["is damaged", 'garbage"']] as const) {
  Deno.test(`a record of which a part ${what} is set aside and named, and the others live`, async () => {
    await using kv = await openInFolder("kv", "deno-kv:");
    const messages: string[] = [];
    const store = createRunStore(kv, (message) => void messages.push(message));
    await store.put(aFinishedSubmission({ submissionId: "good" }));
    const request = aStoredRequest({ inputs: { text: "x".repeat(50_000) } });
    await store.put(aPendingSubmission({ submissionId: "bad", request }));
    const change = kv.atomic();
    const key = ["part", "bad", "1", "1"];
    await (part === null ? change.delete(key) : change.set(key, part)).commit();
    const list = async () => (await store.listRecent({ limit: 10 })).map(({ submissionId }) => submissionId);
    assert.deepEqual([await list(), await list()], [["good"], ["good"]]);
    assert.equal(messages.length, 1, messages.join("\n"));
    assert.match(messages[0] ?? "", /submission bad .* set aside as damaged\/bad$/);
  });
}
