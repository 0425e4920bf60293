import assert from "node:assert/strict";
import {
  type LockHandle,
  NO_NOTIFICATIONS,
  type SchedulerStore,
  schedulerStoreOn,
  type StoredOccurrence,
} from "../../lib/scheduler/scheduler_store.ts";
import type { Occurrence } from "../../lib/scheduler/schedule.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9);
const DAY_MS = 24 * 60 * 60_000;
const TIMING = { timing: "* * * * * UTC", nextMs: NOW_MS + 60_000 };

function test(behaviour: string, act: (store: SchedulerStore, kv: Deno.Kv) => Promise<void>): void {
  Deno.test(`the store of the cloud side ${behaviour}`, async () => {
    using kv = await Deno.openKv(":memory:");
    await act(schedulerStoreOn(kv), kv);
  });
}

function anOccurrence(
  atMs: number,
  schedule = "every",
  id = `${schedule}@${new Date(atMs).toISOString()}`,
): Occurrence {
  return { id, schedule, atMs };
}

async function aLock(store: SchedulerStore, nowMs = NOW_MS): Promise<LockHandle> {
  const lock = await acquireAt(store, nowMs);
  assert.ok(lock);
  return lock;
}

async function acquireAt(store: SchedulerStore, nowMs: number): Promise<LockHandle | undefined> {
  const turn = await store.turn();
  return turn.lockedUntilMs > nowMs ? undefined : await store.acquire(turn, nowMs + 50_000);
}

/** Notes a slot and lets it end. */
async function aFinishedOccurrence(store: SchedulerStore, lock: LockHandle, occurrence: Occurrence): Promise<void> {
  await store.addOccurrence(occurrence);
  const read = (await store.openOccurrences()).find(({ value }) => value.id === occurrence.id);
  assert.ok(read);
  assert.ok(await store.move(lock, read, endOf(read.value), NO_NOTIFICATIONS));
}

function endOf(occurrence: StoredOccurrence): StoredOccurrence {
  const end = { status: "completed", atMs: occurrence.atMs, slug: null, durationSeconds: 1, message: null } as const;
  return { ...occurrence, state: "ended", end };
}

test("gives the lease to one, until it is over", async (store) => {
  const asked = await Promise.all(Array.from({ length: 8 }, () => acquireAt(store, NOW_MS)));
  assert.equal(asked.filter((lock) => lock !== undefined).length, 1);
  assert.equal(await acquireAt(store, NOW_MS + 49_999), undefined);
  assert.ok(await acquireAt(store, NOW_MS + 50_000));
});

test("notes that a tick passed, unless somebody ticked meanwhile", async (store) => {
  const log = (startedMs: number) => ({ startedMs, tookMs: 1, missed: 0, error: null });
  const turn = await store.turn();
  await store.recordIdleTick(turn, log(1));
  assert.deepEqual(await store.tickLog(), log(1));
  await store.recordIdleTick(turn, log(2));
  assert.deepEqual(await store.tickLog(), log(1));

  const early = await store.turn();
  const lock = await aLock(store);
  await store.recordIdleTick(early, log(3));
  assert.deepEqual(await store.tickLog(), log(1));
  await store.release(lock, log(4));
  await store.recordIdleTick(early, log(5));
  assert.deepEqual(await store.tickLog(), log(4));
});

test("takes no write of an isolate that has lost the lease", async (store) => {
  const lost = await aLock(store);
  await store.addOccurrence(anOccurrence(NOW_MS));
  const [progress] = await store.progress(["every"]);
  const [occurrence] = await store.openOccurrences();
  assert.ok(progress && occurrence);
  const held = await aLock(store, NOW_MS + 50_000);
  const step = {
    read: progress,
    progress: { ...TIMING, seenToMs: NOW_MS },
    occurrences: [anOccurrence(NOW_MS + 60_000)],
    notify: NO_NOTIFICATIONS,
  };
  assert.equal(await store.begin(lost, "every", step), false);
  assert.equal(await store.move(lost, occurrence, endOf(occurrence.value), NO_NOTIFICATIONS), false);
  await store.release(lost, { startedMs: 1, tookMs: 1, missed: 99, error: null });
  assert.equal(await store.tickLog(), null);
  assert.equal(await acquireAt(store, NOW_MS + 50_001), undefined);
  assert.deepEqual(await store.openOccurrences(), [occurrence]);

  assert.equal(await store.begin(held, "every", step), true);
  assert.equal(await store.move(held, occurrence, endOf(occurrence.value), NO_NOTIFICATIONS), true);
});

test("lets one of many begin a slot, and one of many move it", async (store) => {
  const lock = await aLock(store);
  const [read] = await store.progress(["every"]);
  assert.ok(read);
  const step = {
    read,
    progress: { ...TIMING, seenToMs: NOW_MS },
    occurrences: [anOccurrence(NOW_MS)],
    notify: NO_NOTIFICATIONS,
  };
  const begun = await Promise.all(Array.from({ length: 8 }, () => store.begin(lock, "every", step)));
  assert.equal(begun.filter((isDone) => isDone).length, 1);
  const [occurrence] = await store.openOccurrences();
  assert.ok(occurrence);
  const moves = Array.from(
    { length: 8 },
    () => store.move(lock, occurrence, endOf(occurrence.value), NO_NOTIFICATIONS),
  );
  assert.equal((await Promise.all(moves)).filter((isDone) => isDone).length, 1);
  assert.deepEqual(await store.countEnds("every"), { completed: 1 });
});

test("shows the last slots by their time, whatever they are called", async (store) => {
  await store.addOccurrence(anOccurrence(NOW_MS + 1, "every", "every@ffff"));
  await store.addOccurrence(anOccurrence(NOW_MS + 2));
  await store.addOccurrence(anOccurrence(NOW_MS + 3, "every", "every@0000"));
  await store.addOccurrence(anOccurrence(NOW_MS + 4, "other"));
  assert.deepEqual((await store.lastOccurrences("every", 2)).map(({ atMs }) => atMs - NOW_MS), [3, 2]);
});

test("lists many open slots, the earliest first", async (store) => {
  for (let index = 0; index < 25; index++) {
    await store.addOccurrence(anOccurrence(NOW_MS - index, index % 2 === 0 ? "even" : "odd"));
  }
  const offsets = (await store.openOccurrences()).map(({ value }) => value.atMs - NOW_MS);
  assert.deepEqual(offsets, Array.from({ length: 25 }, (_, index) => index - 24));
});

test("forgets old slots of every schedule and leaves no key behind, but nothing that is open", async (store, kv) => {
  const lock = await aLock(store);
  for (const schedule of ["a", "b", "c"]) {
    for (let index = 0; index < 60; index++) {
      await aFinishedOccurrence(store, lock, anOccurrence(NOW_MS + index, schedule));
      await aFinishedOccurrence(store, lock, anOccurrence(NOW_MS + DAY_MS + index, schedule));
    }
  }
  await store.addOccurrence(anOccurrence(NOW_MS + 30.5, "b", "b@open"));
  assert.equal(await store.prune(NOW_MS + DAY_MS, 170), 170);
  assert.equal(await store.prune(NOW_MS + DAY_MS, 170), 10);
  assert.equal(await store.prune(NOW_MS + DAY_MS, 170), 0);
  const keys = (await Array.fromAsync(kv.list({ prefix: [] }))).map(({ key }) => String(key[0]));
  const count = (name: string) => keys.filter((key) => key === name).length;
  assert.deepEqual([count("slot"), count("slot-time"), count("open-slot")], [181, 181, 1]);
});

test("finds messages that are due, the longest due first, and what went wrong among much that did not", async (store) => {
  const lock = await aLock(store);
  const reportAt = (atMs: number, kind: "completed" | "missed") =>
    ({ occurrenceId: `every@${atMs}`, schedule: "every", kind, atMs, slug: null, message: null }) as const;
  for (let index = 0; index < 30; index++) {
    const report = reportAt(NOW_MS + index, index === 3 ? "missed" : "completed");
    const outboxMessages = [{ id: `z${99 - index}`, report, webhook: 0, attempts: 0, nextPollAtMs: report.atMs }];
    const [read] = await store.progress(["every"]);
    assert.ok(read);
    const progress = { ...TIMING, seenToMs: NOW_MS + index };
    assert.ok(
      await store.begin(lock, "every", {
        read,
        progress,
        occurrences: [],
        notify: { notifications: [report], outboxMessages },
      }),
    );
  }
  assert.deepEqual((await store.problemNotifications(5)).map(({ atMs }) => atMs - NOW_MS), [3]);
  const [first, second, ...others] = await store.dueOutboxMessages(NOW_MS + 2, 10);
  assert.ok(first && second && others.length === 1);
  assert.deepEqual([first.value.id, second.value.id], ["z99", "z98"]);
  await store.completeMessage(first, { ...first.value, attempts: 1, nextPollAtMs: NOW_MS + 60_000 });
  await store.completeMessage(second, null);
  // What was settled already stays so.
  await store.completeMessage(first, null);
  const due = (await store.dueOutboxMessages(NOW_MS + 60_000, 100)).map(({ value }) => `${value.id} ${value.attempts}`);
  assert.deepEqual([due.length, due.at(-1)], [29, "z99 1"]);
});
