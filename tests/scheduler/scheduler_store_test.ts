import assert from "node:assert/strict";
import {
  acquireTickLock,
  addNotification,
  addReplaced,
  addWaitingOccurrence,
  completeMessage,
  listDueMessages,
  listReplaced,
  listServiceProblems,
  listWaitingOccurrences,
  type Notification,
  pruneServiceProblems,
  readScheduleProgress,
  readTickLog,
  readTickState,
  recordIdleTick,
  releaseTickLock,
  removeReplaced,
  removeWaitingOccurrence,
  type TickLog,
  waitingKey,
} from "../../lib/scheduler/scheduler_store.ts";
import { createKv, type Kv } from "../../lib/store/kv.ts";
import { memoryBackend } from "../../lib/store/memory_kv.ts";

const OCCURRENCE = { id: "nightly@2026-01-05T09:00Z", schedule: "nightly", scheduledAtMs: 9 };
const LOG: TickLog = { startedMs: 1, tookMs: 2, missed: 3, error: null };

function aKv(): Kv {
  return createKv(memoryBackend());
}

async function lockOf(kv: Kv, untilMs = 50) {
  const lock = await acquireTickLock(kv, await readTickState(kv), untilMs);
  assert.ok(lock !== undefined);
  return lock;
}

Deno.test("of two processes that read the same state, one acquires the lock", async () => {
  const kv = aKv();
  const states = [await readTickState(kv), await readTickState(kv)];
  const locks = await Promise.all(states.map((state) => acquireTickLock(kv, state, 50)));
  assert.equal(locks.filter((lock) => lock !== undefined).length, 1);
  assert.equal((await readTickState(kv)).lockedUntilMs, 50);
});

Deno.test("a process that read the state before another one's whole tick can't acquire the lock", async () => {
  const kv = aKv();
  const early = await readTickState(kv);
  await releaseTickLock(kv, await lockOf(kv), null);
  assert.equal(await acquireTickLock(kv, early, 50), undefined);
  const later = await readTickState(kv);
  await releaseTickLock(kv, await lockOf(kv), LOG);
  assert.equal(await acquireTickLock(kv, later, 50), undefined);
  await lockOf(kv);
});

Deno.test("a released lock is free, and releasing records the tick", async () => {
  const kv = aKv();
  await releaseTickLock(kv, await lockOf(kv, 1_000), LOG);
  const state = await readTickState(kv);
  assert.deepEqual([state.lockedUntilMs, state.log], [0, LOG]);
});

Deno.test("a holder that lost the lock can neither write nor release", async () => {
  const kv = aKv();
  const lost = await lockOf(kv);
  const lock = await lockOf(kv);
  const waiting = { ...OCCURRENCE, missed: null };
  const change = kv.atomic().check(lost);
  change.set(waitingKey(waiting), waiting);
  assert.equal(await change.commit(), undefined);
  assert.deepEqual(await listWaitingOccurrences(kv), []);

  await addWaitingOccurrence(kv, OCCURRENCE);
  await removeWaitingOccurrence(kv, lost, OCCURRENCE);
  assert.deepEqual(await listWaitingOccurrences(kv), [waiting]);

  await releaseTickLock(kv, lost, { ...LOG, error: "too late" });
  assert.deepEqual([(await readTickState(kv)).lockedUntilMs, await readTickLog(kv)], [50, null]);
  await removeWaitingOccurrence(kv, lock, OCCURRENCE);
  assert.deepEqual(await listWaitingOccurrences(kv), []);
});

Deno.test("an idle tick is recorded, unless another one ran since the state was read", async () => {
  const kv = aKv();
  await recordIdleTick(kv, await readTickState(kv), LOG);
  assert.deepEqual(await readTickLog(kv), LOG);
  const state = await readTickState(kv);
  await releaseTickLock(kv, await lockOf(kv), { ...LOG, startedMs: 5 });
  await recordIdleTick(kv, state, { ...LOG, startedMs: 4 });
  assert.equal((await readTickLog(kv))?.startedMs, 5);
});

Deno.test("occurrences wait in the order of their times, each once", async () => {
  const kv = aKv();
  const earlier = { id: "other@a", schedule: "other", scheduledAtMs: 3 };
  assert.equal(await addWaitingOccurrence(kv, OCCURRENCE), true);
  assert.equal(await addWaitingOccurrence(kv, earlier), true);
  assert.equal(await addWaitingOccurrence(kv, OCCURRENCE), false);
  assert.deepEqual((await listWaitingOccurrences(kv)).map(({ id }) => id), [earlier.id, OCCURRENCE.id]);
});

Deno.test("progress is read in the order of the names", async () => {
  const kv = aKv();
  await kv.atomic().set(["progress", "b"], { timing: "b", processedUntilMs: 1, nextMs: 2 }).commit();
  const read = await readScheduleProgress(kv, ["a", "b"]);
  assert.deepEqual(read.map(({ value }) => value?.timing), [undefined, "b"]);
});

Deno.test("replaced runs are listed until they are removed", async () => {
  const kv = aKv();
  const change = kv.atomic();
  addReplaced(change, "a");
  addReplaced(change, "b");
  await change.commit();
  await removeReplaced(kv, await lockOf(kv), ["a"]);
  assert.deepEqual(await listReplaced(kv), ["b"]);
});

Deno.test("messages are due by time, and are put off or removed once", async () => {
  const kv = aKv();
  const change = kv.atomic();
  const hooks = [{ url: "", on: ["failed"], secretEnv: null }, { url: "", on: ["missed"], secretEnv: null }] as const;
  addNotification(change, { ...notificationOf("missed", 30), occurrenceId: "late" }, hooks);
  addNotification(change, { ...notificationOf("missed", 20), occurrenceId: "soon" }, hooks);
  await change.commit();
  assert.deepEqual((await listDueMessages(kv, 19, 10)).length, 0);
  const [soon] = await listDueMessages(kv, 20, 10);
  assert.equal(soon?.value.id, "soon/missed/1");
  await completeMessage(kv, soon, { ...soon.value, attempts: 1, nextAttemptAtMs: 40 });
  // A second process that sent the same message changes nothing.
  await completeMessage(kv, soon, { ...soon.value, attempts: 1, nextAttemptAtMs: 50 });
  assert.deepEqual((await listDueMessages(kv, 60, 10)).map(({ value }) => value.id), [
    "late/missed/1",
    "soon/missed/1",
  ]);
  const [late] = await listDueMessages(kv, 60, 1);
  assert.ok(late !== undefined);
  await completeMessage(kv, late, null);
  assert.equal((await listDueMessages(kv, 60, 10)).length, 1);
});

Deno.test("pruning removes all problems from before an instant, however many there are", async () => {
  const kv = aKv();
  const change = kv.atomic();
  for (let atMs = 1; atMs <= 500; atMs++) addNotification(change, notificationOf("skipped", atMs), []);
  await change.commit();
  await pruneServiceProblems(kv, 500);
  assert.deepEqual((await listServiceProblems(kv, 1_000)).map(({ createdAtMs }) => createdAtMs), [500]);
});

Deno.test("problems are listed newest first, without what went as planned, and pruned by age", async () => {
  const kv = aKv();
  const change = kv.atomic();
  for (const [kind, atMs] of [["missed", 1], ["completed", 2], ["skipped", 3], ["submitted", 4]] as const) {
    addNotification(change, notificationOf(kind, atMs), []);
  }
  await change.commit();
  assert.deepEqual((await listServiceProblems(kv, 10)).map(({ createdAtMs }) => createdAtMs), [3, 1]);
  await pruneServiceProblems(kv, 3);
  assert.deepEqual((await listServiceProblems(kv, 10)).map(({ createdAtMs }) => createdAtMs), [3]);
});

function notificationOf(kind: Notification["kind"], createdAtMs: number): Notification {
  return { occurrenceId: OCCURRENCE.id, schedule: "nightly", kind, createdAtMs, slug: null, message: null };
}
