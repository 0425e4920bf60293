import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { StorageError } from "../../lib/errors.ts";
import { kvRunStore } from "../../lib/store/kv_run_store.ts";
import { WriteConflict } from "../../lib/store/run_store.ts";
import type { Failure } from "../../lib/result.ts";
import { emptyFolder } from "../support/main_job.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aPendingSubmission,
  aRejectedSubmission,
  aRunDetail,
  aStoredRequest,
} from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { holdToContract } from "./contract.ts";

const parts = { clock: systemClock, random: Math.random };

holdToContract("kvLedger in memory", async () => {
  const kv = await Deno.openKv(":memory:");
  const store = kvRunStore({ kv, ...parts });
  return {
    ...store,
    [Symbol.asyncDispose]() {
      kv.close();
      return Promise.resolve();
    },
  };
});

holdToContract("kvLedger in a file", async () => {
  const folder = await emptyFolder();
  const kv = await Deno.openKv(`${folder.path}/kv`);
  const store = kvRunStore({ kv, ...parts });
  return {
    ...store,
    async [Symbol.asyncDispose]() {
      kv.close();
      await folder[Symbol.asyncDispose]();
    },
  };
});

Deno.test("kvLedger in a file keeps what was put, for another handle to find", async () => {
  await using folder = await emptyFolder();
  {
    using kv = await Deno.openKv(`${folder.path}/kv`);
    await kvRunStore({ kv, ...parts }).put(aPendingSubmission());
  }
  using kv = await Deno.openKv(`${folder.path}/kv`);
  assert.equal((await kvRunStore({ kv, ...parts }).get("submission"))?.state, "pending");
});

Deno.test("kvLedger lets one of many writers win, over and over", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = kvRunStore({ kv, ...parts });
  let record = await store.put(aPendingSubmission());
  for (let round = 0; round < 20; round++) {
    const puts = Array.from({ length: 10 }, () => store.put({ ...record, updatedAtMs: round }));
    const ends = await Promise.allSettled(puts);
    const won = ends.flatMap((end) => end.status === "fulfilled" ? [end.value] : []);
    assert.equal(won.length, 1);
    for (const end of ends) if (end.status === "rejected") assert.ok(end.reason instanceof WriteConflict);
    record = won[0] ?? record;
  }
});

Deno.test("kvLedger splits what is larger than one value may be, and leaves no part behind", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = kvRunStore({ kv, ...parts });
  const request = aStoredRequest({ inputs: { text: "ü".repeat(150_000) } });
  const first = await store.put(aPendingSubmission({ request }));
  assert.deepEqual((await store.get("submission"))?.request.inputs, request.inputs);
  await store.put({ ...anUnconfirmedSubmission({ request: aStoredRequest() }), revision: first.revision });
  assert.equal((await Array.fromAsync(kv.list({ prefix: ["part"] }))).length, 1);
});

Deno.test("kvLedger refuses clearly what no atomic operation could hold", async () => {
  using kv = await Deno.openKv(":memory:");
  const request = aStoredRequest({ inputs: { text: "x".repeat(1_000_000) } });
  await assert.rejects(kvRunStore({ kv, ...parts }).put(aPendingSubmission({ request })), StorageError);
  assert.deepEqual(await Array.fromAsync(kv.list({ prefix: [] })), []);
});

Deno.test("kvLedger leaves room in a new record for what is learned of its run", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = kvRunStore({ kv, ...parts });
  const request = aStoredRequest({ inputs: { text: "\u{4e00}".repeat(223_000) } });
  const { revision } = await store.put(aPendingSubmission({ request }));
  const logTail = Array.from({ length: 200 }, () => "x".repeat(400));
  const result = { ...aFinishedSubmission().result, failure: aFailure(logTail) };
  await store.put(aFinishedSubmission({ request, revision, result }));
  const kept = await store.get("submission");
  assert.deepEqual(kept?.state === "finished" && kept.result, result);
});

Deno.test("kvLedger keeps the end of a run whose log or outputs are larger than any record", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = kvRunStore({ kv, ...parts });
  const result = {
    ...aFinishedSubmission().result,
    outputs: { all: "x".repeat(1_000_000) },
    failure: aFailure(["x".repeat(1_000_000)]),
  };
  await store.put(aFinishedSubmission({ result }));
  const kept = await store.get("submission");
  assert.ok(kept?.state === "finished");
  assert.equal(kept.result.status, "completed");
  assert.match(kept.result.failure?.failedJobs[0]?.failedSteps[0]?.logTail[0] ?? "", /^x{500}…$/);
});

Deno.test("kvLedger follows a run whose own page is larger than any record", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = kvRunStore({ kv, ...parts });
  await store.put(
    anActiveSubmission({ run: aRunDetail({ inputs: { all: "x".repeat(1_000_000) }, platformStatus: "canceling" }) }),
  );
  const kept = await store.get("submission");
  assert.equal(kept?.state === "active" && kept.run.platformStatus, "canceling");
});

function aFailure(logTail: readonly string[]): Failure {
  const step = { name: "solve", status: "error", annotations: [], logTail };
  return { summary: "solve failed", failedJobs: [{ name: "main", status: "error", failedSteps: [step] }] };
}

Deno.test("kvLedger counts ends as they come, and forgets no key when it prunes", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = kvRunStore({ kv, ...parts });
  for (const submissionId of ["a", "b", "c"]) await store.put(aFinishedSubmission({ submissionId }));
  assert.deepEqual(await store.countEnds(), { completed: 3 });
  assert.equal(await store.prune(null, { beforeMs: 0, keep: 0 }), 3);
  const left = await Array.fromAsync(kv.list({ prefix: [] }));
  assert.deepEqual(left.map(({ key }) => key[0]), ["ends"]);
});

Deno.test("kvLedger knows what is open the longest and what failed last, however much has ended since", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = kvRunStore({ kv, ...parts });
  const failed = { ...aFinishedSubmission().result, status: "failed" } as const;
  await store.put(aFinishedSubmission({ submissionId: "failed", result: failed, updatedAtMs: 5 }));
  await store.put(aRejectedSubmission({ submissionId: "refused", updatedAtMs: 6 }));
  for (let at = 0; at < 5; at++) {
    await store.put(anActiveSubmission({ submissionId: `open-${at}`, createdAtMs: 10 + at }));
  }
  for (let at = 0; at < 30; at++) {
    await store.put(aFinishedSubmission({ submissionId: `ended-${at}`, createdAtMs: 100 + at }));
  }
  const counting = counted(kv);
  const { records, count } = await kvRunStore({ kv: counting.kv, ...parts }).longestOpen(2);
  assert.deepEqual([count, records.map(({ submissionId }) => submissionId)], [5, ["open-0", "open-1"]]);
  const failures = await kvRunStore({ kv: counting.kv, ...parts }).recentFailures(9);
  assert.deepEqual(failures.map(({ submissionId }) => submissionId), ["refused", "failed"]);
  assert.equal(counting.listed(), 7);
  await store.prune(null, { beforeMs: 0, keep: 0 });
  assert.deepEqual(await store.recentFailures(9), []);
});

Deno.test("kvLedger reads of a rare workflow no more than there is of it", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = kvRunStore({ kv, ...parts });
  for (let index = 0; index < 30; index++) {
    const request = aStoredRequest({ workflow: index % 15 === 0 ? "rare" : "common" });
    await store.put(aPendingSubmission({ submissionId: String(index), createdAtMs: 1_000 + index, request }));
  }
  const counting = counted(kv);
  const found = await kvRunStore({ kv: counting.kv, ...parts }).listRecent(null, { limit: 5, workflow: "rare" });
  assert.deepEqual(found.map(({ submissionId }) => submissionId), ["15", "0"]);
  assert.equal(counting.listed(), 2);
});

Deno.test("kvLedger reads of a late page no more than of the first", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = kvRunStore({ kv, ...parts });
  for (let at = 10; at < 40; at++) {
    await store.put(aPendingSubmission({ submissionId: String(at), createdAtMs: 1_000 + at }));
  }
  const counting = counted(kv);
  const after = { createdAtMs: 1_012, submissionId: "12" };
  const found = await kvRunStore({ kv: counting.kv, ...parts }).listRecent(null, { limit: 5, after });
  assert.deepEqual(found.map(({ submissionId }) => submissionId), ["11", "10"]);
  assert.equal(counting.listed(), 2);
});

function counted(kv: Deno.Kv): { readonly kv: Deno.Kv; listed(): number } {
  let listed = 0;
  const counting = new Proxy(kv, {
    get(target, name) {
      if (name !== "list") return Reflect.get(target, name).bind(target);
      return async function* (...args: Parameters<Deno.Kv["list"]>) {
        for await (const entry of target.list(...args)) {
          listed++;
          yield entry;
        }
      };
    },
  });
  return { kv: counting, listed: () => listed };
}

Deno.test("kvLedger tries again while the store is locked, and gives up in the end", async () => {
  using kv = await Deno.openKv(":memory:");
  let locked = 3;
  const flaky = new Proxy(kv, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (name === "get" && locked-- > 0) return () => Promise.reject(new TypeError("database is locked"));
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  const clock = virtualClock();
  const store = kvRunStore({ kv: flaky, clock, random: () => 0.5 });
  assert.equal(await store.get("nobody"), undefined);
  locked = Infinity;
  await assert.rejects(store.get("nobody"), StorageError);
  assert.ok(clock.sleptMs > 0);
});
