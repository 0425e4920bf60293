import assert from "node:assert/strict";
import { type CloudStore, cloudStore, type KeptSlot, type Lease, NOTHING_TO_TELL } from "../../functions/store.ts";
import type { Slot } from "../../lib/schedules/schedule.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9);
const DAY_MS = 24 * 60 * 60_000;
const TIMING = { timing: "* * * * * UTC", nextMs: NOW_MS + 60_000 };

function test(behaviour: string, act: (store: CloudStore, kv: Deno.Kv) => Promise<void>): void {
  Deno.test(`the store of the cloud side ${behaviour}`, async () => {
    using kv = await Deno.openKv(":memory:");
    await act(cloudStore(kv), kv);
  });
}

function aSlot(atMs: number, schedule = "every", id = `${schedule}@${new Date(atMs).toISOString()}`): Slot {
  return { id, schedule, atMs };
}

async function aLease(store: CloudStore, nowMs = NOW_MS): Promise<Lease> {
  const lease = await acquireAt(store, nowMs);
  assert.ok(lease);
  return lease;
}

async function acquireAt(store: CloudStore, nowMs: number): Promise<Lease | undefined> {
  const turn = await store.turn();
  return turn.takenUntilMs > nowMs ? undefined : await store.acquire(turn, nowMs + 50_000);
}

/** Notes a slot and lets it end. */
async function anEndedSlot(store: CloudStore, lease: Lease, slot: Slot): Promise<void> {
  await store.addSlot(slot);
  const read = (await store.openSlots()).find(({ value }) => value.id === slot.id);
  assert.ok(read);
  assert.ok(await store.move(lease, read, endOf(read.value), NOTHING_TO_TELL));
}

function endOf(slot: KeptSlot): KeptSlot {
  const end = { status: "completed", atMs: slot.atMs, slug: null, durationSeconds: 1, message: null } as const;
  return { ...slot, state: "over", end };
}

test("gives the lease to one, until it is over", async (store) => {
  const asked = await Promise.all(Array.from({ length: 8 }, () => acquireAt(store, NOW_MS)));
  assert.equal(asked.filter((lease) => lease !== undefined).length, 1);
  assert.equal(await acquireAt(store, NOW_MS + 49_999), undefined);
  assert.ok(await acquireAt(store, NOW_MS + 50_000));
});

test("notes that a tick passed, unless somebody ticked meanwhile", async (store) => {
  const log = (startedMs: number) => ({ startedMs, tookMs: 1, missed: 0, error: null });
  const turn = await store.turn();
  await store.pass(turn, log(1));
  assert.deepEqual(await store.tickLog(), log(1));
  await store.pass(turn, log(2));
  assert.deepEqual(await store.tickLog(), log(1));

  const early = await store.turn();
  const lease = await aLease(store);
  await store.pass(early, log(3));
  assert.deepEqual(await store.tickLog(), log(1));
  await store.release(lease, log(4));
  await store.pass(early, log(5));
  assert.deepEqual(await store.tickLog(), log(4));
});

test("takes no write of an isolate that has lost the lease", async (store) => {
  const lost = await aLease(store);
  await store.addSlot(aSlot(NOW_MS));
  const [progress] = await store.progress(["every"]);
  const [slot] = await store.openSlots();
  assert.ok(progress && slot);
  const held = await aLease(store, NOW_MS + 50_000);
  const step = {
    read: progress,
    progress: { ...TIMING, seenToMs: NOW_MS },
    slots: [aSlot(NOW_MS + 60_000)],
    telling: NOTHING_TO_TELL,
  };
  assert.equal(await store.begin(lost, "every", step), false);
  assert.equal(await store.move(lost, slot, endOf(slot.value), NOTHING_TO_TELL), false);
  await store.release(lost, { startedMs: 1, tookMs: 1, missed: 99, error: null });
  assert.equal(await store.tickLog(), null);
  assert.equal(await acquireAt(store, NOW_MS + 50_001), undefined);
  assert.deepEqual(await store.openSlots(), [slot]);

  assert.equal(await store.begin(held, "every", step), true);
  assert.equal(await store.move(held, slot, endOf(slot.value), NOTHING_TO_TELL), true);
});

test("lets one of many begin a slot, and one of many move it", async (store) => {
  const lease = await aLease(store);
  const [read] = await store.progress(["every"]);
  assert.ok(read);
  const step = {
    read,
    progress: { ...TIMING, seenToMs: NOW_MS },
    slots: [aSlot(NOW_MS)],
    telling: NOTHING_TO_TELL,
  };
  const begun = await Promise.all(Array.from({ length: 8 }, () => store.begin(lease, "every", step)));
  assert.equal(begun.filter((isDone) => isDone).length, 1);
  const [slot] = await store.openSlots();
  assert.ok(slot);
  const moves = Array.from({ length: 8 }, () => store.move(lease, slot, endOf(slot.value), NOTHING_TO_TELL));
  assert.equal((await Promise.all(moves)).filter((isDone) => isDone).length, 1);
  assert.deepEqual(await store.countEnds("every"), { completed: 1 });
});

test("shows the last slots by their time, whatever they are called", async (store) => {
  await store.addSlot(aSlot(NOW_MS + 1, "every", "every@ffff"));
  await store.addSlot(aSlot(NOW_MS + 2));
  await store.addSlot(aSlot(NOW_MS + 3, "every", "every@0000"));
  await store.addSlot(aSlot(NOW_MS + 4, "other"));
  assert.deepEqual((await store.lastSlots("every", 2)).map(({ atMs }) => atMs - NOW_MS), [3, 2]);
});

test("lists many open slots, the earliest first", async (store) => {
  for (let index = 0; index < 25; index++) await store.addSlot(aSlot(NOW_MS - index, index % 2 === 0 ? "even" : "odd"));
  const offsets = (await store.openSlots()).map(({ value }) => value.atMs - NOW_MS);
  assert.deepEqual(offsets, Array.from({ length: 25 }, (_, index) => index - 24));
});

test("forgets old slots of every schedule and leaves no key behind, but nothing that is open", async (store, kv) => {
  const lease = await aLease(store);
  for (const schedule of ["a", "b", "c"]) {
    for (let index = 0; index < 60; index++) {
      await anEndedSlot(store, lease, aSlot(NOW_MS + index, schedule));
      await anEndedSlot(store, lease, aSlot(NOW_MS + DAY_MS + index, schedule));
    }
  }
  await store.addSlot(aSlot(NOW_MS + 30.5, "b", "b@open"));
  assert.equal(await store.prune(NOW_MS + DAY_MS, 170), 170);
  assert.equal(await store.prune(NOW_MS + DAY_MS, 170), 10);
  assert.equal(await store.prune(NOW_MS + DAY_MS, 170), 0);
  const keys = (await Array.fromAsync(kv.list({ prefix: [] }))).map(({ key }) => String(key[0]));
  const count = (name: string) => keys.filter((key) => key === name).length;
  assert.deepEqual([count("slot"), count("slot-time"), count("open-slot")], [181, 181, 1]);
});

test("finds messages that are due, the longest due first, and what went wrong among much that did not", async (store) => {
  const lease = await aLease(store);
  const reportAt = (atMs: number, kind: "completed" | "missed") =>
    ({ slotId: `every@${atMs}`, schedule: "every", kind, atMs, slug: null, message: null }) as const;
  for (let index = 0; index < 30; index++) {
    const report = reportAt(NOW_MS + index, index === 3 ? "missed" : "completed");
    const messages = [{ id: `z${99 - index}`, report, webhook: 0, attempts: 0, dueAtMs: report.atMs }];
    const [read] = await store.progress(["every"]);
    assert.ok(read);
    const progress = { ...TIMING, seenToMs: NOW_MS + index };
    assert.ok(
      await store.begin(lease, "every", { read, progress, slots: [], telling: { reports: [report], messages } }),
    );
  }
  assert.deepEqual((await store.troubles(5)).map(({ atMs }) => atMs - NOW_MS), [3]);
  const [first, second, ...others] = await store.dueMessages(NOW_MS + 2, 10);
  assert.ok(first && second && others.length === 1);
  assert.deepEqual([first.value.id, second.value.id], ["z99", "z98"]);
  await store.settleMessage(first, { ...first.value, attempts: 1, dueAtMs: NOW_MS + 60_000 });
  await store.settleMessage(second, null);
  // What was settled already stays so.
  await store.settleMessage(first, null);
  const due = (await store.dueMessages(NOW_MS + 60_000, 100)).map(({ value }) => `${value.id} ${value.attempts}`);
  assert.deepEqual([due.length, due.at(-1)], [29, "z99 1"]);
});
