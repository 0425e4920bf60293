/** What the run store must do alike on every backend. */

import assert from "node:assert/strict";
import type { Kv } from "../../lib/store/kv.ts";
import { createRunStore, type RecentQuery, type RunStore, WriteConflict } from "../../lib/store/run_store.ts";
import type { Origin } from "../../lib/submission.ts";
import { needing } from "../support/needs.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aPendingSubmission,
  aReconciliation,
  aRejectedSubmission,
  aStoredRequest,
} from "../support/records.ts";
import type { ContractOptions } from "./kv_contract.ts";
import { assertIndexesAgree } from "./run_store_indexes.ts";

const OWNER = { host: "localhost", user: "demo" };
const OTHER = { host: "localhost", user: "alice" };

/** Declares the tests; after each, every index row is compared with the submissions. */
export function holdRunStoreToContract(name: string, { missing, open }: ContractOptions): void {
  const test = (behavior: string, act: (store: RunStore, kv: Kv) => Promise<void>) =>
    Deno.test({
      ...needing(`the run store on ${name} ${behavior}`, missing),
      fn: async () => {
        await using kv = await open();
        await act(createRunStore(kv), kv);
        await assertIndexesAgree(kv);
      },
    });

  test("returns what was put, in every state", async (store) => {
    const records = [
      aPendingSubmission(),
      anUnconfirmedSubmission({ reconciliation: aReconciliation() }),
      anActiveSubmission(),
      aFinishedSubmission(),
      aRejectedSubmission({ origin: { type: "http" } }),
      aPendingSubmission({ origin: ofSchedule("nightly", 1_000) }),
    ];
    for (const [index, record] of records.entries()) {
      const put = await store.put({ ...record, submissionId: `submission-${index}` });
      assert.equal(put.revision, 1);
      assert.deepEqual(await store.get(`submission-${index}`), put);
    }
    for (const absent of ["no-such-submission", "", "\t", "\ud83d", "x".repeat(5_000)]) {
      assert.equal(await store.get(absent), undefined);
      assert.equal(await store.findRun(null, absent), undefined);
      assert.deepEqual(await store.listRecent({ limit: 1, workflow: absent }), []);
      assert.deepEqual(await store.listOfSchedule(absent, 1), []);
    }
  });

  test("rejects a write of an outdated revision", async (store) => {
    const first = await store.put(aPendingSubmission());
    await store.put({ ...anUnconfirmedSubmission(), revision: first.revision });
    await assert.rejects(store.put({ ...anActiveSubmission(), revision: first.revision }), WriteConflict);
    await assert.rejects(store.put(aPendingSubmission()), WriteConflict);
    await assert.rejects(store.put(aPendingSubmission({ submissionId: "absent", revision: 1 })), WriteConflict);
    assert.equal((await store.get("submission"))?.state, "unconfirmed");
  });

  test("accepts exactly one of many simultaneous writes", async (store) => {
    let record = await store.put(aPendingSubmission());
    for (let round = 0; round < 5; round++) {
      const puts = Array.from({ length: 8 }, () => store.put({ ...record, updatedAtMs: round }));
      const results = await Promise.allSettled(puts);
      const written = results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
      assert.equal(written.length, 1);
      for (const result of results) {
        if (result.status === "rejected") assert.ok(result.reason instanceof WriteConflict);
      }
      record = written[0] ?? record;
    }
  });

  test("writes what is added to a change with it, or nothing", async (store, kv) => {
    const put = await store.put(
      aPendingSubmission(),
      (change, written) => change.set(["note"], `revision ${written.revision}`),
    );
    assert.equal((await kv.get(["note"])).value, "revision 1");
    const isTaken = { key: ["note"], versionstamp: null };
    await assert.rejects(
      store.put({ ...anUnconfirmedSubmission(), revision: put.revision }, (change) => change.check(isTaken)),
      WriteConflict,
    );
    assert.equal((await store.get("submission"))?.state, "pending");
    await kv.atomic().delete(["note"]).commit();
  });

  test("lists the open submissions of a scope, oldest first", async (store) => {
    await store.put(aPendingSubmission({ submissionId: "b", createdAtMs: 2_000 }));
    await store.put(aPendingSubmission({ submissionId: "a", createdAtMs: 1_000, owner: OTHER }));
    await store.put(aPendingSubmission({ submissionId: "http", origin: { type: "http" } }));
    await store.put(aPendingSubmission({ submissionId: "occurrence", origin: ofSchedule("nightly", 1_000) }));
    const { revision } = await store.put(aPendingSubmission({ submissionId: "c", createdAtMs: 3_000 }));
    await store.put(aRejectedSubmission({ submissionId: "c", createdAtMs: 3_000, revision }));
    await store.put(aFinishedSubmission({ submissionId: "d" }));
    assert.deepEqual(idsOf(await store.listOpen("local")), ["a", "b"]);
    assert.deepEqual(idsOf(await store.listOpen("service")), ["http", "occurrence"]);
  });

  test("prune() leaves the end of an occurrence until it is reported", async (store) => {
    const origin = ofSchedule("nightly", 1_000);
    const ended = await store.put(aFinishedSubmission({ submissionId: "ended", origin }));
    const bounds = { beforeMs: Number.MAX_SAFE_INTEGER, keep: 0 };
    assert.equal(await store.prune(bounds), 0);
    await store.put({ ...ended, origin: { ...origin, isReported: true } });
    assert.equal(await store.prune(bounds), 1);
  });

  test("lists the occurrences that have ended or were given up and were not reported", async (store) => {
    const origin = ofSchedule("nightly", 1_000);
    await store.put(aPendingSubmission({ submissionId: "open", origin }));
    await store.put(aFinishedSubmission({ submissionId: "local" }));
    await store.put(aFinishedSubmission({ submissionId: "reported", origin: { ...origin, isReported: true } }));
    const ended = await store.put(aFinishedSubmission({ submissionId: "ended", createdAtMs: 3_000, origin }));
    await store.put(aRejectedSubmission({ submissionId: "rejected", createdAtMs: 2_000, origin }));
    await store.put(
      anUnconfirmedSubmission({ submissionId: "lost", origin, reconciliation: aReconciliation({ isAbandoned: true }) }),
    );
    assert.deepEqual(idsOf(await store.listUnreported(9)), ["lost", "rejected", "ended"]);
    await store.put({ ...ended, origin: { ...origin, isReported: true } });
    assert.deepEqual(idsOf(await store.listUnreported(9)), ["lost", "rejected"]);
  });

  test("lists the most recent first, of one owner, scope or workflow if requested", async (store) => {
    const request = aStoredRequest({ workflow: "a\tname" });
    await store.put(aPendingSubmission({ submissionId: "a", createdAtMs: 1_000 }));
    await store.put(aPendingSubmission({ submissionId: "b", createdAtMs: 2_000, request }));
    await store.put(aPendingSubmission({ submissionId: "c", createdAtMs: 3_000 }));
    await store.put(aPendingSubmission({ submissionId: "d", createdAtMs: 4_000, owner: OTHER, request }));
    await store.put(aPendingSubmission({ submissionId: "e", createdAtMs: 5_000, origin: { type: "http" } }));
    const ids = async (query: RecentQuery) => idsOf(await store.listRecent(query));
    assert.deepEqual(await ids({ limit: 2 }), ["e", "d"]);
    assert.deepEqual(await ids({ limit: 0 }), []);
    assert.deepEqual(await ids({ limit: 9, owner: OWNER }), ["e", "c", "b", "a"]);
    assert.deepEqual(await ids({ limit: 2, owner: OWNER, scope: "local" }), ["c", "b"]);
    assert.deepEqual(await ids({ limit: 9, scope: "service" }), ["e"]);
    assert.deepEqual(await ids({ limit: 2, scope: "local" }), ["d", "c"]);
    assert.deepEqual(await ids({ limit: 9, workflow: "a\tname" }), ["d", "b"]);
    assert.deepEqual(await ids({ limit: 1, workflow: "a\tname", owner: OWNER }), ["b"]);
  });

  test("lists the most recent ones that failed or were rejected", async (store) => {
    const failed = { ...aFinishedSubmission().result, status: "failed" } as const;
    const request = aStoredRequest({ workflow: "other" });
    await store.put(aFinishedSubmission({ submissionId: "a", createdAtMs: 1_000, result: failed }));
    await store.put(aRejectedSubmission({ submissionId: "b", createdAtMs: 2_000, request, origin: { type: "http" } }));
    await store.put(aFinishedSubmission({ submissionId: "c", createdAtMs: 3_000 }));
    await store.put(aPendingSubmission({ submissionId: "d", createdAtMs: 4_000 }));
    const ids = async (query: Partial<RecentQuery> = {}) =>
      idsOf(await store.listRecent({ limit: 9, hasFailed: true, ...query }));
    assert.deepEqual(await ids(), ["b", "a"]);
    assert.deepEqual(await ids({ workflow: "hello-world" }), ["a"]);
    assert.deepEqual(await ids({ sinceMs: 1_500 }), ["b"]);
    assert.deepEqual(await ids({ after: { createdAtMs: 2_000, submissionId: "b" } }), ["a"]);
  });

  test("lists since an instant, and in pages", async (store) => {
    for (const [submissionId, createdAtMs] of [["a", 1_000], ["c", 2_000], ["b", 2_000], ["d", 3_000]] as const) {
      await store.put(aPendingSubmission({ submissionId, createdAtMs }));
    }
    for (const filter of [{}, { owner: OWNER }, { workflow: "hello-world" }]) {
      const ids = async (query: RecentQuery) => idsOf(await store.listRecent({ ...filter, ...query }));
      assert.deepEqual(await ids({ limit: 10, sinceMs: 2_000 }), ["d", "c", "b"]);
      assert.deepEqual(await ids({ limit: 1, after: { createdAtMs: 3_000, submissionId: "d" } }), ["c"]);
      assert.deepEqual(await ids({ limit: 9, after: { createdAtMs: 2_000, submissionId: "c" } }), ["b", "a"]);
      assert.deepEqual(await ids({ limit: 9, after: { createdAtMs: 2_000, submissionId: "bb" } }), ["b", "a"]);
      assert.deepEqual(await ids({ limit: 9, after: { createdAtMs: 1_000, submissionId: "a" } }), []);
      assert.deepEqual(await ids({ limit: 9, sinceMs: 2_000, after: { createdAtMs: 1_000, submissionId: "a" } }), []);
    }
  });

  test("finds a submission by the requested slug, and by the slug of its run", async (store) => {
    await store.put(aPendingSubmission({ submissionId: "a", ownSlug: "requested" }));
    const { revision } = await store.put(aPendingSubmission({ submissionId: "b", ownSlug: "replaced" }));
    const runId = { type: "slug", slug: "assigned" } as const;
    await store.put(anActiveSubmission({ submissionId: "b", revision, ownSlug: "replaced", runId }));
    assert.equal((await store.findRun(OWNER, "requested"))?.submissionId, "a");
    assert.equal((await store.findRun(OWNER, "assigned"))?.submissionId, "b");
    assert.equal(await store.findRun(OWNER, "replaced"), undefined);
    assert.equal(await store.findRun(OTHER, "requested"), undefined);
    assert.equal((await store.findRun(null, "requested"))?.submissionId, "a");
    await store.put(aPendingSubmission({ submissionId: "later", ownSlug: "requested", createdAtMs: 2_000 }));
    assert.equal((await store.findRun(null, "requested"))?.submissionId, "later");
  });

  test("finds the submission of a run of a legacy server by its workflow and number", async (store) => {
    const runId = { type: "number", workflow: "hello world/é", number: 47 } as const;
    await store.put(anActiveSubmission({ submissionId: "a", ownSlug: null, runId }));
    assert.equal((await store.findRun(OWNER, "hello world/é#47"))?.submissionId, "a");
    assert.equal(await store.findRun(OWNER, "hello world/é#4"), undefined);
  });

  test("lists the occurrences of a schedule, the latest scheduled first", async (store) => {
    for (const scheduledAtMs of [2_000, 1_000, 3_000]) {
      const origin = ofSchedule("nightly", scheduledAtMs);
      await store.put(aFinishedSubmission({ submissionId: `at ${scheduledAtMs}`, origin }));
    }
    await store.put(aPendingSubmission({ submissionId: "other", origin: ofSchedule("hourly", 4_000) }));
    assert.deepEqual(idsOf(await store.listOfSchedule("nightly", 2)), ["at 3000", "at 2000"]);
  });

  test("lists the failures of the service, the latest end first, and counts how its submissions ended", async (store) => {
    const failed = { ...aFinishedSubmission().result, status: "failed" } as const;
    const origin = { type: "http" } as const;
    await store.put(aFinishedSubmission({ submissionId: "local", result: failed }));
    await store.put(aFinishedSubmission({ submissionId: "completed", origin }));
    await store.put(aFinishedSubmission({ submissionId: "late", updatedAtMs: 6, origin, result: failed }));
    const rejected = await store.put(aRejectedSubmission({ submissionId: "rejected", updatedAtMs: 5, origin }));
    await store.put({ ...rejected, updatedAtMs: 7 });
    // By the policy of a schedule: they are no failures.
    for (const kind of ["skipped", "missed"]) {
      await store.put(
        aRejectedSubmission({ submissionId: kind, kind, updatedAtMs: 9, origin: ofSchedule("nightly", 1) }),
      );
    }
    assert.deepEqual(idsOf(await store.listFailures(9)), ["rejected", "late"]);
    assert.deepEqual(idsOf(await store.listFailures(1)), ["rejected"]);
    assert.deepEqual(await store.countEnds(), { completed: 1, failed: 1, rejected: 1, skipped: 1, missed: 1 });
  });

  test("prune() takes what a clock that was ahead has created for the oldest", async (store) => {
    for (const createdAtMs of [1_000, 2_000, 8_000, 9_000]) {
      await store.put(aFinishedSubmission({ submissionId: `at ${createdAtMs}`, createdAtMs }));
    }
    for (const [keep, left] of [[3, [9_000, 2_000, 1_000]], [2, [2_000, 1_000]], [1, [2_000]]] as const) {
      assert.equal(await store.prune({ beforeMs: 0, keep, aheadMs: 5_000 }), 1);
      assert.deepEqual(idsOf(await store.listRecent({ limit: 10 })), left.map((createdAtMs) => `at ${createdAtMs}`));
    }
  });

  test("prunes ended submissions by age and by number, and no open ones", async (store) => {
    await store.put(aPendingSubmission({ submissionId: "open", createdAtMs: 1 }));
    for (const createdAtMs of [1_000, 2_000, 3_000, 4_000, 5_000]) {
      await store.put(aFinishedSubmission({ submissionId: `at ${createdAtMs}`, createdAtMs }));
    }
    const ids = async () => idsOf(await store.listRecent({ limit: 10 }));
    assert.equal(await store.prune({ beforeMs: 2_000, keep: 10 }), 1);
    assert.deepEqual(await ids(), ["at 5000", "at 4000", "at 3000", "at 2000", "open"]);
    assert.equal(await store.prune({ beforeMs: 0, keep: 2 }), 2);
    assert.deepEqual(await ids(), ["at 5000", "at 4000", "open"]);
    assert.equal(await store.prune({ beforeMs: 0, keep: 9 }), 0);
    assert.equal(await store.prune({ beforeMs: 0, keep: 0 }), 2);
    assert.deepEqual(await ids(), ["open"]);
  });

  test("prunes by age alone what is open and nothing moves on: of ended suites, or given up by the service", async (store) => {
    const reconciliation = aReconciliation({ isAbandoned: true });
    const caseOf = (attempt: number) =>
      ({ type: "scheduled-suite", batchId: "suite.x", rowKey: "a", attempt, isRetry: false }) as const;
    const at = { createdAtMs: 1_000 };
    await store.put(anUnconfirmedSubmission({ submissionId: "local", reconciliation, ...at }));
    await store.put(anActiveSubmission({ submissionId: "runs", origin: { type: "http" }, ...at }));
    await store.put(anUnconfirmedSubmission({ submissionId: "lost", origin: { type: "http" }, reconciliation, ...at }));
    await store.put(anUnconfirmedSubmission({ submissionId: "case", origin: caseOf(1), reconciliation, ...at }));
    await store.put(anActiveSubmission({ submissionId: "continues", origin: caseOf(2), ...at }));
    assert.equal(await store.prune({ beforeMs: 1_001, keep: 0 }), 0);
    assert.equal(await store.prune({ scope: "suite", beforeMs: 1_000, keep: 0 }), 0);
    assert.equal(await store.prune({ scope: "suite", beforeMs: 1_001, keep: 9 }), 2);
    assert.deepEqual(await store.listOpen("suite"), []);
    assert.equal(await store.prune({ scope: "service", beforeMs: 1_001, keep: 9 }), 1);
    assert.deepEqual(idsOf(await store.listOpen("service")), ["runs"]);
    assert.deepEqual(idsOf(await store.listOpen("local")), ["local"]);
  });

  test("prunes submissions of the service alone, and keeps their counts", async (store) => {
    for (let index = 0; index < 120; index++) {
      const origin = index % 2 === 0 ? { type: "http" } as const : ofSchedule("nightly", index);
      await store.put(aFinishedSubmission({ submissionId: `service-${index}`, createdAtMs: index, origin }));
    }
    await store.put(aFinishedSubmission({ submissionId: "local", createdAtMs: 0 }));
    assert.equal(await store.prune({ scope: "service", beforeMs: 0, keep: 10 }), 110);
    assert.equal((await store.listRecent({ limit: 500, scope: "service" })).length, 10);
    assert.ok(await store.get("local"));
    assert.deepEqual(await store.countEnds(), { completed: 120 });
  });

  test("leaves nothing of a submission that was split and pruned, but how the service's ended", async (store, kv) => {
    const request = aStoredRequest({ inputs: { text: "\u{1f600}\u0000".repeat(15_000) } });
    const origin = { type: "http" } as const;
    const first = await store.put(aPendingSubmission({ request, origin }));
    assert.deepEqual((await store.get("submission"))?.request, request);
    const short = aStoredRequest();
    const second = await store.put({
      ...anUnconfirmedSubmission({ request: short, origin }),
      revision: first.revision,
    });
    assert.deepEqual(await Array.fromAsync(kv.list({ prefix: ["part"] })), []);
    const finished = aFinishedSubmission({ request, origin });
    await store.put({ ...finished, revision: second.revision });
    assert.equal(await store.prune({ beforeMs: 0, keep: 0 }), 1);
    const left = (await Array.fromAsync(kv.list({ prefix: [] }))).filter(({ value }) => value !== 0);
    assert.deepEqual(left.map(({ key, value }) => [...key, value]), [["ended", "completed", 1]]);
  });

  test("stores the hash of inputs that contain a secret, but not the inputs", async (store, kv) => {
    const request = aStoredRequest({
      secretPaths: ["password"],
      inputs: { user: "ann", password: "hunter2" },
      inputsWithoutSecrets: { user: "ann" },
      inputsHash: "abc",
    });
    const put = await store.put(aPendingSubmission({ request }));
    assert.deepEqual(put.request.inputs, { user: "ann", password: "hunter2" });
    const stored = await store.get("submission");
    assert.equal(stored?.request.inputs, null);
    assert.deepEqual(stored?.request.inputsWithoutSecrets, { user: "ann" });
    assert.equal(stored?.request.inputsHash, "abc");
    assert.ok(!JSON.stringify(await Array.fromAsync(kv.list({ prefix: [] }))).includes("hunter2"));
  });

  test("keeps the newest reports of a suite, however long, and in place of one of the same instant", async (store) => {
    const scope = { owner: OWNER, suite: "nightly", environment: null };
    const cases = Array.from({ length: 40 }, (_, index) => ({ id: index, text: "x".repeat(5_000) }));
    for (const atMs of [3_000, 1_000, 2_000, 4_000, 3_000]) {
      await store.suites.put(scope, { atMs, head: { atMs }, cases }, 3);
    }
    await store.suites.put(scope, { atMs: 2_000, head: "again", cases: cases.slice(0, 2) }, 3);
    const others = [{ ...scope, owner: OTHER }, { ...scope, suite: "weekly" }, { ...scope, environment: "prod" }];
    for (const other of others) await store.suites.put(other, { atMs: 1, head: "other", cases: [] }, 3);
    const found = await store.suites.list(scope);
    assert.deepEqual(found.map(({ atMs, head, cases }) => [atMs, head, cases.length]), [
      [2_000, "again", 2],
      [3_000, { atMs: 3_000 }, 40],
      [4_000, { atMs: 4_000 }, 40],
    ]);
    assert.deepEqual(found[2]?.cases, cases);
    assert.equal((await store.suites.list()).length, 6);
    assert.equal(new Set((await store.suites.list()).map(({ ownerId }) => ownerId)).size, 2);
  });

  test("keeps reports of suites apart whose long names begin alike, of one instant", async (store) => {
    const scopes = ["грубая", "тонкая"].map((mesh) => {
      return { owner: OWNER, suite: `Ночные проверки расчётов обтекания крыла: ${mesh} сетка`, environment: null };
    });
    for (const scope of scopes) await store.suites.put(scope, { atMs: 1, head: scope.suite, cases: [] }, 3);
    const found = await Promise.all(scopes.map((scope) => store.suites.list(scope)));
    assert.deepEqual(found.map((runs) => runs.map(({ head }) => head)), scopes.map(({ suite }) => [suite]));
  });

  test("prunes reports of suites by their age, of suites that are not run any more as well", async (store, kv) => {
    const scope = { owner: OWNER, suite: "nightly", environment: null };
    const others = [{ ...scope, owner: OTHER }, { ...scope, suite: "weekly" }, { ...scope, environment: "prod" }];
    const cases = Array.from({ length: 40 }, (_, index) => ({ id: index, text: "x".repeat(5_000) }));
    for (const one of [scope, ...others]) await store.suites.put(one, { atMs: 1_000, head: "old", cases }, 9);
    for (const atMs of [2_000, 3_000]) await store.suites.put(scope, { atMs, head: "new", cases: [1] }, 9);
    const rowCount = async () => (await Array.fromAsync(kv.list({ prefix: ["suite-run"] }))).length;
    const before = await rowCount();
    await store.prune({ scope: "service", beforeMs: 5_000, keep: 0 });
    await store.prune({ beforeMs: 1_000, keep: 9 });
    assert.equal(await rowCount(), before);
    assert.equal(await store.prune({ beforeMs: 2_000, keep: 9 }), 0);
    assert.deepEqual((await store.suites.list()).map(({ atMs }) => atMs), [2_000, 3_000]);
    assert.equal(await rowCount(), 4);
    await store.prune({ scope: "suite", beforeMs: 9_000, keep: 9 });
    assert.equal(await rowCount(), 0);
  });

  test("merges server capabilities member by member, also of several writers at once", async (store) => {
    assert.deepEqual(await store.capabilities("localhost"), {});
    await Promise.all([
      store.updateCapabilities("localhost", { keepsSlug: true }),
      store.updateCapabilities("localhost", { refusesDuplicateSlug: false }),
      store.updateCapabilities("elsewhere", { keepsSlug: false }),
    ]);
    assert.deepEqual(await store.capabilities("localhost"), { keepsSlug: true, refusesDuplicateSlug: false });
    assert.deepEqual(await store.capabilities("elsewhere"), { keepsSlug: false });
  });
}

function idsOf(submissions: readonly { readonly submissionId: string }[]): readonly string[] {
  return submissions.map(({ submissionId }) => submissionId);
}

function ofSchedule(schedule: string, scheduledAtMs: number): Extract<Origin, { type: "schedule" }> {
  return { type: "schedule", schedule, scheduledAtMs, isDeadlineReported: false, isReported: false };
}
