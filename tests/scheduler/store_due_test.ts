import assert from "node:assert/strict";
import { defineSchedules } from "../../lib/scheduler/define.ts";
import { findDueUpdate } from "../../lib/scheduler/occurrences.ts";
import {
  acquireTickLock,
  listWaitingOccurrences,
  readScheduleProgress,
  readTickState,
  waitingKey,
} from "../../lib/scheduler/scheduler_store.ts";
import type { Schedule } from "../../lib/scheduler/schedule.ts";
import { type PendingSchedule, storeDue } from "../../lib/scheduler/tick.ts";
import type { TickContext } from "../../lib/scheduler/service.ts";
import { createKv } from "../../lib/store/kv.ts";
import { aServiceStage, type ServiceStage } from "../support/service.ts";

const MINUTE_MS = 60_000;

interface DueTest {
  readonly stage: ServiceStage;
  readonly context: TickContext;
  pending(): Promise<readonly PendingSchedule[]>;
  /** Counts the changes since the lock was acquired. */
  writes(): number;
}

async function dueTest(count: number, cron: string, act: (test: DueTest) => Promise<void>): Promise<void> {
  const schedules = defineSchedules(
    Array.from(
      { length: count },
      (_, index) => ({ name: `s${index}`, cron, workflow: "quick", backfill: { all: 3 }, overlap: "allow" }),
    ),
  );
  await using stage = await aServiceStage([]);
  let writes = 0;
  const kv = createKv({
    ...stage.backend,
    write(change) {
      writes++;
      return stage.backend.write(change);
    },
  });
  const service = { ...await stage.isolate({ kv }), schedules };
  const lock = await acquireTickLock(kv, await readTickState(kv), Infinity);
  assert.ok(lock !== undefined);
  writes = 0;
  await act({
    stage,
    context: {
      service,
      schedules: new Map(schedules.map((one) => [one.name, one])),
      lock,
      signal: AbortSignal.timeout(60_000),
    },
    pending: () => pendingOf(schedules, stage),
    writes: () => writes,
  });
}

async function pendingOf(schedules: readonly Schedule[], { kv, clock }: ServiceStage): Promise<PendingSchedule[]> {
  const reads = await readScheduleProgress(kv, schedules.map(({ name }) => name));
  return schedules.flatMap((schedule, index) => {
    const read = reads[index];
    const update = read && findDueUpdate(schedule, read.value, clock.now());
    return read === undefined || update === undefined ? [] : [{ schedule, read, update }];
  });
}

Deno.test("many schedules are stored in few changes", async () => {
  await dueTest(1_000, "*/10 * * * *", async ({ stage, context, pending, writes }) => {
    assert.deepEqual(await storeDue(context, await pending()), []);
    assert.equal(writes(), 13);
    stage.clock.advance(10 * MINUTE_MS);
    assert.equal((await storeDue(context, await pending())).length, 1_000);
    assert.equal(writes(), 26);
    assert.equal((await listWaitingOccurrences(stage.kv)).length, 1_000);
    assert.deepEqual(await pending(), []);
  });
});

Deno.test("after a long outage of many schedules, every occurrence waits once: missed ones, then the backfilled", async () => {
  await dueTest(5, "* * * * *", async ({ stage, context, pending }) => {
    await storeDue(context, await pending());
    stage.clock.advance(7 * 60 * MINUTE_MS);
    const stored = await storeDue(context, await pending());
    const waiting = await listWaitingOccurrences(stage.kv);
    assert.equal(new Set(stored.map(({ id }) => id)).size, 5 * 7 * 60);
    assert.deepEqual(new Set(waiting.map(({ id }) => id)), new Set(stored.map(({ id }) => id)));
    // On time are the last five minutes and this one.
    assert.equal(stored.filter(({ missed }) => missed === null).length, 5 * (6 + 3));
    assert.deepEqual(await pending(), []);
  });
});

Deno.test("what a tick left undone is found by the next, wherever it stopped", async () => {
  await dueTest(3, "* * * * *", async ({ stage, context, pending }) => {
    await storeDue(context, await pending());
    stage.clock.advance(10 * 60 * MINUTE_MS);
    for (let changes = 0; (await pending()).length > 0; changes++) {
      let left = changes % 2;
      const kv = createKv({
        ...stage.backend,
        write: (change) => left-- > 0 ? stage.backend.write(change) : Promise.reject(new Error("killed")),
      });
      const dying = { ...context, service: { ...context.service, kv } };
      await storeDue(dying, await pending()).catch((error) => assert.match(String(error), /killed/));
      if (changes > 40) break;
    }
    // Each schedule handles at most 500, and those before are named in the message.
    const waiting = await listWaitingOccurrences(stage.kv);
    assert.equal(new Set(waiting.map(({ id }) => id)).size, waiting.length);
    assert.equal(waiting.length, 3 * 500);
    assert.match(waiting[0]?.missed ?? "", /nor for many before it/);
  });
});

Deno.test("a tick that lost its lock stores nothing", async () => {
  await dueTest(2, "* * * * *", async ({ stage, context, pending }) => {
    const before = await pending();
    assert.ok(await acquireTickLock(stage.kv, await readTickState(stage.kv), Infinity) !== undefined);
    assert.deepEqual(await storeDue(context, before), []);
    assert.equal((await pending()).length, 2);
  });
});

Deno.test("an old view of the schedules stores nothing: its occurrences may have been submitted since", async () => {
  await dueTest(2, "*/10 * * * *", async ({ stage, context, pending }) => {
    await storeDue(context, await pending());
    stage.clock.advance(10 * MINUTE_MS);
    const before = await pending();
    assert.equal((await storeDue(context, before)).length, 2);
    const submitted = stage.kv.atomic();
    for (const occurrence of await listWaitingOccurrences(stage.kv)) submitted.delete(waitingKey(occurrence));
    await submitted.commit();
    assert.deepEqual(await storeDue(context, before), []);
    assert.deepEqual(await listWaitingOccurrences(stage.kv), []);
  });
});

Deno.test("a disabled schedule loses its progress", async () => {
  await dueTest(2, "* * * * *", async ({ stage, context, pending }) => {
    await storeDue(context, await pending());
    const [first] = context.service.schedules;
    assert.ok(first !== undefined);
    const [read] = await readScheduleProgress(stage.kv, [first.name]);
    assert.ok(read !== undefined);
    await storeDue(context, [{ schedule: first, read, update: null }]);
    const progress = await readScheduleProgress(stage.kv, ["s0", "s1"]);
    assert.deepEqual(progress.map(({ value }) => value === null), [true, false]);
  });
});
