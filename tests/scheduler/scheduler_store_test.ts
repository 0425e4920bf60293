import assert from "node:assert/strict";
import {
  type Lock,
  NO_NOTIFICATIONS,
  type SchedulerStore,
  schedulerStoreOn,
  type StoredOccurrence,
} from "../../lib/scheduler/scheduler_store.ts";
import type { Occurrence } from "../../lib/scheduler/schedule.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9);
const DAY_MS = 24 * 60 * 60_000;
const TIMING = { timing: "* * * * * UTC", nextMs: NOW_MS + 60_000 };

function test(behavior: string, act: (store: SchedulerStore, kv: Deno.Kv) => Promise<void>): void {
  Deno.test(`the scheduler store ${behavior}`, async () => {
    using kv = await Deno.openKv(":memory:");
    await act(schedulerStoreOn(kv), kv);
  });
}

function anOccurrence(
  atMs: number,
  schedule = "every",
  id = `${schedule}@${new Date(atMs).toISOString()}`,
): Occurrence {
  return { id, schedule, scheduledAtMs: atMs };
}

async function aLock(store: SchedulerStore, nowMs = NOW_MS): Promise<Lock> {
  const lock = await acquireAt(store, nowMs);
  assert.ok(lock);
  return lock;
}

async function acquireAt(store: SchedulerStore, nowMs: number): Promise<Lock | undefined> {
  const state = await store.readLock();
  return state.lockedUntilMs > nowMs ? undefined : await store.acquireLock(state, nowMs + 50_000);
}

async function aFinishedOccurrence(store: SchedulerStore, lock: Lock, occurrence: Occurrence): Promise<void> {
  await store.addOccurrence(occurrence);
  const entry = (await store.listOpenOccurrences()).find(({ value }) => value.id === occurrence.id);
  assert.ok(entry);
  assert.ok(await store.updateOccurrence(lock, entry, finished(entry.value), NO_NOTIFICATIONS));
}

function finished(occurrence: StoredOccurrence): StoredOccurrence {
  const result = {
    status: "completed",
    finishedAtMs: occurrence.scheduledAtMs,
    slug: null,
    durationSeconds: 1,
    message: null,
  } as const;
  return { ...occurrence, state: "finished", result };
}

test("gives the lock to one caller until it expires", async (store) => {
  const locks = await Promise.all(Array.from({ length: 8 }, () => acquireAt(store, NOW_MS)));
  assert.equal(locks.filter((lock) => lock !== undefined).length, 1);
  assert.equal(await acquireAt(store, NOW_MS + 49_999), undefined);
  assert.ok(await acquireAt(store, NOW_MS + 50_000));
});

test("records an idle tick, unless another tick has run since", async (store) => {
  const log = (startedMs: number) => ({ startedMs, tookMs: 1, missed: 0, error: null });
  const state = await store.readLock();
  await store.recordIdleTick(state, log(1));
  assert.deepEqual(await store.getTickLog(), log(1));
  await store.recordIdleTick(state, log(2));
  assert.deepEqual(await store.getTickLog(), log(1));

  const early = await store.readLock();
  const lock = await aLock(store);
  await store.recordIdleTick(early, log(3));
  assert.deepEqual(await store.getTickLog(), log(1));
  await store.releaseLock(lock, log(4));
  await store.recordIdleTick(early, log(5));
  assert.deepEqual(await store.getTickLog(), log(4));
});

test("rejects the writes of an isolate that has lost the lock", async (store) => {
  const lost = await aLock(store);
  await store.addOccurrence(anOccurrence(NOW_MS));
  const [progress] = await store.listProgress(["every"]);
  const [occurrence] = await store.listOpenOccurrences();
  assert.ok(progress && occurrence);
  const held = await aLock(store, NOW_MS + 50_000);
  const update = {
    entry: progress,
    progress: { ...TIMING, processedUntilMs: NOW_MS },
    occurrences: [anOccurrence(NOW_MS + 60_000)],
    notify: NO_NOTIFICATIONS,
  };
  assert.equal(await store.recordProgress(lost, "every", update), false);
  assert.equal(await store.updateOccurrence(lost, occurrence, finished(occurrence.value), NO_NOTIFICATIONS), false);
  await store.releaseLock(lost, { startedMs: 1, tookMs: 1, missed: 99, error: null });
  assert.equal(await store.getTickLog(), null);
  assert.equal(await acquireAt(store, NOW_MS + 50_001), undefined);
  assert.deepEqual(await store.listOpenOccurrences(), [occurrence]);

  assert.equal(await store.recordProgress(held, "every", update), true);
  assert.equal(await store.updateOccurrence(held, occurrence, finished(occurrence.value), NO_NOTIFICATIONS), true);
});

test("lets one of several concurrent writers add an occurrence, and one update it", async (store) => {
  const lock = await aLock(store);
  const [entry] = await store.listProgress(["every"]);
  assert.ok(entry);
  const update = {
    entry,
    progress: { ...TIMING, processedUntilMs: NOW_MS },
    occurrences: [anOccurrence(NOW_MS)],
    notify: NO_NOTIFICATIONS,
  };
  const writes = await Promise.all(Array.from({ length: 8 }, () => store.recordProgress(lock, "every", update)));
  assert.equal(writes.filter((isStored) => isStored).length, 1);
  const [occurrence] = await store.listOpenOccurrences();
  assert.ok(occurrence);
  const updates = Array.from(
    { length: 8 },
    () => store.updateOccurrence(lock, occurrence, finished(occurrence.value), NO_NOTIFICATIONS),
  );
  assert.equal((await Promise.all(updates)).filter((isStored) => isStored).length, 1);
  assert.deepEqual(await store.countResults("every"), { completed: 1 });
});

test("lists recent occurrences by time, regardless of their ids", async (store) => {
  await store.addOccurrence(anOccurrence(NOW_MS + 1, "every", "every@ffff"));
  await store.addOccurrence(anOccurrence(NOW_MS + 2));
  await store.addOccurrence(anOccurrence(NOW_MS + 3, "every", "every@0000"));
  await store.addOccurrence(anOccurrence(NOW_MS + 4, "other"));
  assert.deepEqual((await store.listRecentOccurrences("every", 2)).map(({ scheduledAtMs }) => scheduledAtMs - NOW_MS), [
    3,
    2,
  ]);
});

test("lists open occurrences, earliest first", async (store) => {
  for (let index = 0; index < 25; index++) {
    await store.addOccurrence(anOccurrence(NOW_MS - index, index % 2 === 0 ? "even" : "odd"));
  }
  const offsets = (await store.listOpenOccurrences()).map(({ value }) => value.scheduledAtMs - NOW_MS);
  assert.deepEqual(offsets, Array.from({ length: 25 }, (_, index) => index - 24));
});

test("prunes all keys of old occurrences of every schedule, except open ones", async (store, kv) => {
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
  assert.deepEqual([count("occurrence"), count("occurrence-time"), count("open-occurrence")], [181, 181, 1]);
});

test("lists due messages, longest overdue first, and problem notifications among many others", async (store) => {
  const lock = await aLock(store);
  const notificationAt = (createdAtMs: number, kind: "completed" | "missed") =>
    ({
      occurrenceId: `every@${createdAtMs}`,
      schedule: "every",
      kind,
      createdAtMs,
      slug: null,
      message: null,
    }) as const;
  for (let index = 0; index < 30; index++) {
    const notification = notificationAt(NOW_MS + index, index === 3 ? "missed" : "completed");
    const outboxMessages = [{
      id: `z${99 - index}`,
      notification,
      webhookIndex: 0,
      attempts: 0,
      nextAttemptAtMs: notification.createdAtMs,
    }];
    const [entry] = await store.listProgress(["every"]);
    assert.ok(entry);
    const progress = { ...TIMING, processedUntilMs: NOW_MS + index };
    assert.ok(
      await store.recordProgress(lock, "every", {
        entry,
        progress,
        occurrences: [],
        notify: { notifications: [notification], outboxMessages },
      }),
    );
  }
  assert.deepEqual((await store.listProblemNotifications(5)).map(({ createdAtMs }) => createdAtMs - NOW_MS), [3]);
  const [first, second, ...others] = await store.listDueMessages(NOW_MS + 2, 10);
  assert.ok(first && second && others.length === 1);
  assert.deepEqual([first.value.id, second.value.id], ["z99", "z98"]);
  await store.updateMessage(first, { ...first.value, attempts: 1, nextAttemptAtMs: NOW_MS + 60_000 });
  await store.updateMessage(second, null);
  // A message that was updated since it was entry is unchanged.
  await store.updateMessage(first, null);
  const due = (await store.listDueMessages(NOW_MS + 60_000, 100)).map(({ value }) => `${value.id} ${value.attempts}`);
  assert.deepEqual([due.length, due.at(-1)], [29, "z99 1"]);
});
