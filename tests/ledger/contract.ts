/** What every keeper is held to. */

import assert from "node:assert/strict";
import { type Ledger, StaleRecord } from "../../lib/ledger/ledger.ts";
import { aDoubt, aKeptRequest, anIntended, aSeen, aSubmitted } from "../support/records.ts";

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
  });

  test("does not keep inputs that hold a secret, but their hash", async (ledger) => {
    const request = aKeptRequest({ hasSecrets: true, inputs: { password: "hunter2" }, inputsHash: "abc" });
    const put = await ledger.put(anIntended({ request }));
    assert.deepEqual(put.request.inputs, { password: "hunter2" });
    const kept = await ledger.get("wish");
    assert.equal(kept?.request.inputs, null);
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
