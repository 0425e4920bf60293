import assert from "node:assert/strict";
import { type RecentQuery, type RunStore, WriteConflict } from "../../lib/store/run_store.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aPendingSubmission,
  aReconciliation,
  aStoredRequest,
} from "../support/records.ts";

const OWNER = { host: "localhost", user: "demo" };

/** Declares the tests that every backend must pass; `open` creates an empty store. */
export function testRunStore(name: string, open: () => Promise<RunStore>): void {
  const test = (behavior: string, act: (store: RunStore) => Promise<void>) =>
    Deno.test(`${name} ${behavior}`, async () => {
      await using store = await open();
      await act(store);
    });

  test("returns what was put, in every state", async (store) => {
    const records = [
      aPendingSubmission(),
      anUnconfirmedSubmission({ reconciliation: aReconciliation() }),
      anActiveSubmission(),
    ];
    for (const [index, record] of records.entries()) {
      const put = await store.put({ ...record, submissionId: `submission-${index}` });
      assert.equal(put.revision, 1);
      assert.deepEqual(await store.get(`submission-${index}`), put);
    }
    assert.equal(await store.get("no-such-submission"), undefined);
  });

  test("rejects a write of an outdated revision", async (store) => {
    const first = await store.put(aPendingSubmission());
    await store.put({ ...anUnconfirmedSubmission(), revision: first.revision });
    await assert.rejects(store.put({ ...anActiveSubmission(), revision: first.revision }), WriteConflict);
    await assert.rejects(store.put(aPendingSubmission()), WriteConflict);
  });

  test("accepts one of two simultaneous writes", async (store) => {
    const first = await store.put(aPendingSubmission());
    const results = await Promise.allSettled([
      store.put({ ...anUnconfirmedSubmission(), revision: first.revision }),
      store.put({ ...anActiveSubmission(), revision: first.revision }),
    ]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  });

  test("lists the open submissions of one owner, oldest first", async (store) => {
    await store.put(aPendingSubmission({ submissionId: "b", createdAtMs: 2_000 }));
    await store.put(aPendingSubmission({ submissionId: "a", createdAtMs: 1_000 }));
    await store.put(aPendingSubmission({ submissionId: "other", owner: { host: "localhost", user: "alice" } }));
    const { revision } = await store.put(aPendingSubmission({ submissionId: "c", createdAtMs: 3_000 }));
    const { attempts: _1, retryingSinceMs: _2, lostResponses: _3, ...base } = aPendingSubmission({
      submissionId: "c",
      revision,
    });
    await store.put({ ...base, state: "rejected", kind: "rejected", message: "no" });
    assert.deepEqual((await store.listOpen(OWNER)).map(({ submissionId }) => submissionId), ["a", "b"]);
    assert.deepEqual((await store.listOpenOfOthers(OWNER)).map(({ submissionId }) => submissionId), ["other"]);
  });

  test("lists the most recent first, of one workflow if requested", async (store) => {
    const request = aStoredRequest({ workflow: "other" });
    await store.put(aPendingSubmission({ submissionId: "a", createdAtMs: 1_000 }));
    await store.put(aPendingSubmission({ submissionId: "b", createdAtMs: 2_000, request }));
    await store.put(aPendingSubmission({ submissionId: "c", createdAtMs: 3_000 }));
    const ids = async (options: { limit: number; workflow?: string }) =>
      (await store.listRecent(OWNER, options)).map(({ submissionId }) => submissionId);
    assert.deepEqual(await ids({ limit: 2 }), ["c", "b"]);
    assert.deepEqual(await ids({ limit: 10, workflow: "hello-world" }), ["c", "a"]);
    await store.put(
      aPendingSubmission({ submissionId: "d", createdAtMs: 4_000, owner: { host: "elsewhere", user: "alice" } }),
    );
    assert.deepEqual(await ids({ limit: 1 }), ["c"]);
    assert.deepEqual((await store.listRecent(null, { limit: 2 })).map(({ submissionId }) => submissionId), ["d", "c"]);
  });

  test("lists since an instant, and in pages", async (store) => {
    for (const [submissionId, createdAtMs] of [["a", 1_000], ["c", 2_000], ["b", 2_000], ["d", 3_000]] as const) {
      await store.put(aPendingSubmission({ submissionId, createdAtMs }));
    }
    const ids = async (options: RecentQuery) =>
      (await store.listRecent(OWNER, options)).map(({ submissionId }) => submissionId);
    assert.deepEqual(await ids({ limit: 10, sinceMs: 2_000 }), ["d", "c", "b"]);
    assert.deepEqual(await ids({ limit: 1, after: { createdAtMs: 3_000, submissionId: "d" } }), ["c"]);
    assert.deepEqual(await ids({ limit: 9, after: { createdAtMs: 2_000, submissionId: "c" } }), ["b", "a"]);
    assert.deepEqual(await ids({ limit: 9, after: { createdAtMs: 2_000, submissionId: "bb" } }), ["b", "a"]);
    assert.deepEqual(await ids({ limit: 9, after: { createdAtMs: 1_000, submissionId: "a" } }), []);
  });

  test("finds a submission by the requested slug, and by the slug of its run", async (store) => {
    await store.put(aPendingSubmission({ submissionId: "a", ownSlug: "requested" }));
    const { revision } = await store.put(aPendingSubmission({ submissionId: "b", ownSlug: "replaced" }));
    await store.put(
      anActiveSubmission({
        submissionId: "b",
        revision,
        ownSlug: "replaced",
        runId: { type: "slug", slug: "assigned" },
      }),
    );
    assert.equal((await store.findRun(OWNER, "requested"))?.submissionId, "a");
    assert.equal((await store.findRun(OWNER, "assigned"))?.submissionId, "b");
    assert.equal(await store.findRun(OWNER, "replaced"), undefined);
    assert.equal(await store.findRun({ ...OWNER, user: "alice" }, "requested"), undefined);
    assert.equal((await store.findRun(null, "requested"))?.submissionId, "a");
  });

  test("prunes ended submissions by age and by number, and no open ones", async (store) => {
    await store.put(aPendingSubmission({ submissionId: "open", createdAtMs: 1 }));
    for (const createdAtMs of [1_000, 2_000, 3_000, 4_000, 5_000]) {
      await store.put(aFinishedSubmission({ submissionId: `at ${createdAtMs}`, createdAtMs }));
    }
    await store.put(
      aFinishedSubmission({ submissionId: "other", createdAtMs: 1_000, owner: { host: "localhost", user: "alice" } }),
    );
    const ids = async () => (await store.listRecent(OWNER, { limit: 10 })).map(({ submissionId }) => submissionId);
    assert.equal(await store.prune(OWNER, { beforeMs: 2_000, keep: 10 }), 1);
    assert.deepEqual(await ids(), ["at 5000", "at 4000", "at 3000", "at 2000", "open"]);
    assert.equal(await store.prune(OWNER, { beforeMs: 0, keep: 2 }), 2);
    assert.deepEqual(await ids(), ["at 5000", "at 4000", "open"]);
    assert.equal(await store.prune(OWNER, { beforeMs: 0, keep: 0 }), 2);
    assert.deepEqual(await ids(), ["open"]);
    assert.ok(await store.get("other"));
    assert.equal(await store.prune(null, { beforeMs: 9_000, keep: 9 }), 1);
  });

  test("stores the hash of inputs that contain a secret, but not the inputs", async (store) => {
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
    assert.ok(!JSON.stringify(stored).includes("hunter2"));
  });

  test("merges server capabilities member by member", async (store) => {
    assert.deepEqual(await store.capabilities("localhost"), {});
    await store.updateCapabilities("localhost", { keepsSlug: true });
    await store.updateCapabilities("localhost", { refusesDuplicateSlug: false });
    await store.updateCapabilities("elsewhere", { keepsSlug: false });
    assert.deepEqual(await store.capabilities("localhost"), { keepsSlug: true, refusesDuplicateSlug: false });
  });
}
