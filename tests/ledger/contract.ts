/** What every keeper is held to. */

import assert from "node:assert/strict";
import { type Ledger, type RecentQuery, StaleRecord } from "../../lib/ledger/ledger.ts";
import { aDoubt, aKeptRequest, anIntended, aSeen, aSettled, aSubmitted } from "../support/records.ts";

const OWNER = { host: "localhost", user: "demo" };

/** Declares the contract's tests for one keeper; `open` makes an empty one. */
export function holdToContract(name: string, open: () => Promise<Ledger>): void {
  const test = (behaviour: string, act: (ledger: Ledger) => Promise<void>) =>
    Deno.test(`${name} ${behaviour}`, async () => {
      await using ledger = await open();
      await act(ledger);
    });

  test("gives back what was put, whatever its state", async (ledger) => {
    const records = [anIntended(), aSubmitted({ doubt: aDoubt() }), aSeen()];
    for (const [index, record] of records.entries()) {
      const put = await ledger.put({ ...record, wishId: `wish-${index}` });
      assert.equal(put.revision, 1);
      assert.deepEqual(await ledger.get(`wish-${index}`), put);
    }
    assert.equal(await ledger.get("no-such-wish"), undefined);
  });

  test("refuses to overwrite what somebody else moved on", async (ledger) => {
    const first = await ledger.put(anIntended());
    await ledger.put({ ...aSubmitted(), revision: first.revision });
    await assert.rejects(ledger.put({ ...aSeen(), revision: first.revision }), StaleRecord);
    await assert.rejects(ledger.put(anIntended()), StaleRecord);
  });

  test("lets one of two simultaneous writers win", async (ledger) => {
    const first = await ledger.put(anIntended());
    const outcomes = await Promise.allSettled([
      ledger.put({ ...aSubmitted(), revision: first.revision }),
      ledger.put({ ...aSeen(), revision: first.revision }),
    ]);
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  });

  test("lists what is open, oldest first, of one owner alone", async (ledger) => {
    await ledger.put(anIntended({ wishId: "b", intendedAtMs: 2_000 }));
    await ledger.put(anIntended({ wishId: "a", intendedAtMs: 1_000 }));
    await ledger.put(anIntended({ wishId: "other", owner: { host: "localhost", user: "alice" } }));
    const { revision } = await ledger.put(anIntended({ wishId: "c", intendedAtMs: 3_000 }));
    const { attempts: _1, strugglingSinceMs: _2, lostAnswers: _3, ...base } = anIntended({ wishId: "c", revision });
    await ledger.put({ ...base, state: "refused", kind: "rejected", message: "no" });
    assert.deepEqual((await ledger.listOpen(OWNER)).map(({ wishId }) => wishId), ["a", "b"]);
    assert.deepEqual((await ledger.listOpenOfOthers(OWNER)).map(({ wishId }) => wishId), ["other"]);
  });

  test("lists the most recent first, of one workflow when it is named", async (ledger) => {
    const request = aKeptRequest({ workflow: "other" });
    await ledger.put(anIntended({ wishId: "a", intendedAtMs: 1_000 }));
    await ledger.put(anIntended({ wishId: "b", intendedAtMs: 2_000, request }));
    await ledger.put(anIntended({ wishId: "c", intendedAtMs: 3_000 }));
    const ids = async (options: { limit: number; workflow?: string }) =>
      (await ledger.listRecent(OWNER, options)).map(({ wishId }) => wishId);
    assert.deepEqual(await ids({ limit: 2 }), ["c", "b"]);
    assert.deepEqual(await ids({ limit: 10, workflow: "hello-world" }), ["c", "a"]);
    await ledger.put(anIntended({ wishId: "d", intendedAtMs: 4_000, owner: { host: "elsewhere", user: "alice" } }));
    assert.deepEqual(await ids({ limit: 1 }), ["c"]);
    assert.deepEqual((await ledger.listRecent(null, { limit: 2 })).map(({ wishId }) => wishId), ["d", "c"]);
  });

  test("lists from an instant on, and by pages", async (ledger) => {
    for (const [wishId, intendedAtMs] of [["a", 1_000], ["c", 2_000], ["b", 2_000], ["d", 3_000]] as const) {
      await ledger.put(anIntended({ wishId, intendedAtMs }));
    }
    const ids = async (options: RecentQuery) => (await ledger.listRecent(OWNER, options)).map(({ wishId }) => wishId);
    assert.deepEqual(await ids({ limit: 10, sinceMs: 2_000 }), ["d", "c", "b"]);
    assert.deepEqual(await ids({ limit: 1, after: { intendedAtMs: 3_000, wishId: "d" } }), ["c"]);
    assert.deepEqual(await ids({ limit: 9, after: { intendedAtMs: 2_000, wishId: "c" } }), ["b", "a"]);
    assert.deepEqual(await ids({ limit: 9, after: { intendedAtMs: 2_000, wishId: "bb" } }), ["b", "a"]);
    assert.deepEqual(await ids({ limit: 9, after: { intendedAtMs: 1_000, wishId: "a" } }), []);
  });

  test("finds a record by the slug that its run was given, and by the one that it bears", async (ledger) => {
    await ledger.put(anIntended({ wishId: "a", ownSlug: "given" }));
    const { revision } = await ledger.put(anIntended({ wishId: "b", ownSlug: "wished" }));
    await ledger.put(aSeen({ wishId: "b", revision, ownSlug: "wished", handle: { type: "slug", slug: "borne" } }));
    assert.equal((await ledger.findRun(OWNER, "given"))?.wishId, "a");
    assert.equal((await ledger.findRun(OWNER, "borne"))?.wishId, "b");
    assert.equal(await ledger.findRun(OWNER, "wished"), undefined);
    assert.equal(await ledger.findRun({ ...OWNER, user: "alice" }, "given"), undefined);
    assert.equal((await ledger.findRun(null, "given"))?.wishId, "a");
  });

  test("forgets what is over, by age and by number, and nothing that is open", async (ledger) => {
    await ledger.put(anIntended({ wishId: "open", intendedAtMs: 1 }));
    for (const intendedAtMs of [1_000, 2_000, 3_000, 4_000, 5_000]) {
      await ledger.put(aSettled({ wishId: `at ${intendedAtMs}`, intendedAtMs }));
    }
    await ledger.put(aSettled({ wishId: "other", intendedAtMs: 1_000, owner: { host: "localhost", user: "alice" } }));
    const ids = async () => (await ledger.listRecent(OWNER, { limit: 10 })).map(({ wishId }) => wishId);
    assert.equal(await ledger.prune(OWNER, { beforeMs: 2_000, keep: 10 }), 1);
    assert.deepEqual(await ids(), ["at 5000", "at 4000", "at 3000", "at 2000", "open"]);
    assert.equal(await ledger.prune(OWNER, { beforeMs: 0, keep: 2 }), 2);
    assert.deepEqual(await ids(), ["at 5000", "at 4000", "open"]);
    assert.equal(await ledger.prune(OWNER, { beforeMs: 0, keep: 0 }), 2);
    assert.deepEqual(await ids(), ["open"]);
    assert.ok(await ledger.get("other"));
    assert.equal(await ledger.prune(null, { beforeMs: 9_000, keep: 9 }), 1);
  });

  test("does not keep inputs that hold a secret, but their hash", async (ledger) => {
    const request = aKeptRequest({
      secretPaths: ["password"],
      inputs: { user: "ann", password: "hunter2" },
      openInputs: { user: "ann" },
      inputsHash: "abc",
    });
    const put = await ledger.put(anIntended({ request }));
    assert.deepEqual(put.request.inputs, { user: "ann", password: "hunter2" });
    const kept = await ledger.get("wish");
    assert.equal(kept?.request.inputs, null);
    assert.deepEqual(kept?.request.openInputs, { user: "ann" });
    assert.equal(kept?.request.inputsHash, "abc");
    assert.ok(!JSON.stringify(kept).includes("hunter2"));
  });

  test("learns about a host field by field", async (ledger) => {
    assert.deepEqual(await ledger.profile("localhost"), {});
    await ledger.learn("localhost", { echoesSlug: true });
    await ledger.learn("localhost", { rejectsDuplicateSlug: false });
    await ledger.learn("elsewhere", { echoesSlug: false });
    assert.deepEqual(await ledger.profile("localhost"), { echoesSlug: true, rejectsDuplicateSlug: false });
  });
}
