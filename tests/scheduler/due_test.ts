import assert from "node:assert/strict";
import {
  findDueOccurrences,
  findDueUpdate,
  firesAtMs,
  MAX_LATENESS_MS,
  type ScheduleProgress,
  scheduleProgressAt,
} from "../../lib/scheduler/occurrences.ts";
import type { Backfill } from "../../lib/scheduler/schedule.ts";
import { occurrencesWithin } from "./support/occurrences_within.ts";
import * as fc from "../deps/fast_check.ts";

const MINUTE_MS = 60_000;
const at = (text: string) => Date.parse(`2026-05-01T${text}Z`);
const hourly = (backfill: Backfill, jitterMs = 0) => ({
  name: "job",
  cron: "0 * * * *",
  timeZone: "UTC",
  backfill,
  jitterMs,
});
const processedUntil = (text: string): ScheduleProgress => scheduleProgressAt(hourly("last"), at(text));
const hours = (occurrences: readonly { id: string }[]) =>
  occurrences.map(({ id }) => id.slice("job@2026-05-01T".length, -1));

for (
  const [behavior, backfill, now, due, missed] of [
    ["nothing before the next occurrence", "last", "00:59:59", [], []],
    ["the occurrence that has come", "last", "01:00:00", ["01:00"], []],
    ["the occurrence of a tick that is a little late", "none", "01:05:00", ["01:00"], []],
    ["no late occurrence with none", "none", "01:05:01", [], ["01:00"]],
    ["the last late occurrence with last", "last", "03:30:00", ["03:00"], ["01:00", "02:00"]],
    ["only the occurrence on time with last", "last", "03:01:00", ["03:00"], ["01:00", "02:00"]],
    ["only the occurrence on time with none", "none", "03:01:00", ["03:00"], ["01:00", "02:00"]],
    ["the last two late occurrences with all: 2", { all: 2 }, "04:30:00", ["03:00", "04:00"], ["01:00", "02:00"]],
    ["two late occurrences and the one on time with all: 2", { all: 2 }, "04:01:00", ["02:00", "03:00", "04:00"], [
      "01:00",
    ]],
    ["all late occurrences if all exceeds their number", { all: 9 }, "02:30:00", ["01:00", "02:00"], []],
    ["nothing if the clock went back", "last", "00:00:00", [], []],
  ] as const
) {
  Deno.test(`due: ${behavior}`, () => {
    const found = findDueOccurrences(hourly(backfill), processedUntil("00:30"), at(now));
    assert.deepEqual([hours(found.due), hours(found.missed), found.hasMoreMissed], [due, missed, false]);
  });
}

Deno.test("a new schedule starts with its next occurrence", () => {
  const found = findDueOccurrences(hourly({ all: 5 }), null, at("03:30"));
  assert.deepEqual(found, { due: [], missed: [], hasMoreMissed: false, progress: processedUntil("03:30") });
});

Deno.test("a schedule with a changed expression or time zone starts over", () => {
  for (const change of [{ cron: "*/5 * * * *" }, { timeZone: "Europe/Berlin" }]) {
    const found = findDueOccurrences({ ...hourly("last"), ...change }, processedUntil("00:30"), at("03:30"));
    assert.deepEqual([found.due, found.missed, found.progress.processedUntilMs], [[], [], at("03:30")]);
  }
});

Deno.test("a schedule that was processed by a clock far ahead starts over, and one by a clock a little ahead goes on", () => {
  const ahead = scheduleProgressAt(hourly("last"), at("03:30") + 400 * 24 * 60 * MINUTE_MS);
  for (const find of [findDueOccurrences, findDueUpdate]) {
    const found = find(hourly("last"), ahead, at("03:30"), at("03:29"));
    assert.deepEqual([found?.due, found?.missed, found?.progress], [[], [], processedUntil("03:29")]);
  }
  assert.equal(findDueUpdate(hourly("last"), processedUntil("03:30"), at("03:30") - MAX_LATENESS_MS), undefined);
});

Deno.test("there is an update for a new schedule or a due occurrence, and nothing is computed before the next one", () => {
  const schedule = hourly("last");
  assert.deepEqual(findDueUpdate(schedule, null, at("00:30"))?.progress, processedUntil("00:30"));
  assert.equal(findDueUpdate(schedule, processedUntil("00:30"), at("00:59")), undefined);
  assert.deepEqual(findDueUpdate(schedule, processedUntil("00:30"), at("01:00"))?.progress, processedUntil("01:00"));
  const [invalid, never] = [{ ...schedule, cron: "invalid" }, { ...schedule, cron: "0 0 30 2 *" }];
  const later = { timing: "invalid UTC", processedUntilMs: at("00:30"), nextMs: at("02:00") };
  assert.equal(findDueUpdate(invalid, later, at("01:59")), undefined);
  assert.throws(() => findDueUpdate(invalid, later, at("02:00")), TypeError);
  assert.equal(findDueUpdate(never, scheduleProgressAt(never, at("00:30")), at("02:00")), undefined);
});

Deno.test("after a year-long outage of a schedule that fires every minute, the last 500 occurrences are found, and that there were more", () => {
  const minutely = { ...hourly("last"), cron: "* * * * *" };
  const found = findDueOccurrences(minutely, scheduleProgressAt(minutely, at("00:00") - 365 * 86_400_000), at("12:00"));
  assert.deepEqual([found.due.length, found.missed.length, found.hasMoreMissed], [6, 494, true]);
  assert.equal(found.progress.processedUntilMs, at("12:00"));
});

Deno.test("jitter is spread evenly, and is fixed for an occurrence", () => {
  const schedule = { ...hourly("last", 10 * MINUTE_MS), cron: "* * * * *" };
  const occurrences = occurrencesWithin(schedule, { afterMs: at("00:00"), toMs: at("10:00") });
  const delays = occurrences.map((occurrence) => firesAtMs(schedule, occurrence) - occurrence.scheduledAtMs);
  assert.deepEqual(
    delays,
    occurrences.map((occurrence) => firesAtMs(schedule, { ...occurrence }) - occurrence.scheduledAtMs),
  );
  const tenths = new Array<number>(10).fill(0);
  for (const delayMs of delays) {
    tenths[Math.floor(delayMs / MINUTE_MS)] = (tenths[Math.floor(delayMs / MINUTE_MS)] ?? 0) + 1;
  }
  assert.ok(tenths.every((count) => count > 30 && count < 90), tenths.join());
});

Deno.test("an occurrence is not due before its jitter is over, and is on time for a while after", () => {
  const schedule = hourly("none", 30 * MINUTE_MS);
  const [occurrence] = occurrencesWithin(schedule, { afterMs: at("00:30"), toMs: at("01:00") });
  assert.ok(occurrence !== undefined);
  const firesMs = firesAtMs(schedule, occurrence);
  assert.ok(firesMs > at("01:01"));
  assert.deepEqual(findDueOccurrences(schedule, processedUntil("00:30"), firesMs - 1).due, []);
  for (const nowMs of [firesMs, firesMs + MAX_LATENESS_MS]) {
    assert.deepEqual(findDueOccurrences(schedule, processedUntil("00:30"), nowMs).due, [occurrence]);
  }
  assert.deepEqual(findDueOccurrences(schedule, processedUntil("00:30"), firesMs + MAX_LATENESS_MS + 1).missed, [
    occurrence,
  ]);
});

// ── For random tick times ──────────────────────────────────────────────────────────────────────────────────────

const backfills = fc.oneof(
  fc.constantFrom("none" as const, "last" as const),
  fc.integer({ min: 1, max: 24 }).map((all) => ({ all })),
);
const schedules = fc.record({
  name: fc.constant("job"),
  cron: fc.constantFrom("*/7 * * * *", "0 * * * *", "30 1,2,3 * * *", "* 2 * * *"),
  timeZone: fc.constantFrom("UTC", "Europe/Berlin"),
  backfill: backfills,
  jitterMs: fc.constantFrom(0, 30_000, 50 * MINUTE_MS),
});
const AUTUMN_MS = Date.parse("2026-10-24T20:00Z");
const gaps = (maxMs: number) => fc.array(fc.integer({ min: 0, max: maxMs }), { minLength: 1, maxLength: 60 });

Deno.test("every occurrence is found exactly once, in order, due or missed, with late and repeated ticks", () => {
  fc.assert(fc.property(schedules, gaps(90 * MINUTE_MS), (schedule, waits) => {
    let progress = findDueOccurrences(schedule, null, AUTUMN_MS).progress;
    let nowMs = AUTUMN_MS;
    const ids: string[] = [];
    for (const waitMs of waits) {
      nowMs += waitMs;
      const found = findDueOccurrences(schedule, progress, nowMs);
      assert.deepEqual(findDueOccurrences(schedule, progress, nowMs), found);
      const update = findDueUpdate(schedule, progress, nowMs);
      assert.deepEqual(update, found.due.length + found.missed.length === 0 ? undefined : found);
      assert.ok([...found.missed, ...found.due].every((occurrence) => firesAtMs(schedule, occurrence) <= nowMs));
      ids.push(...[...found.missed, ...found.due].map(({ id }) => id));
      assert.deepEqual(findDueOccurrences(schedule, found.progress, nowMs), {
        due: [],
        missed: [],
        hasMoreMissed: false,
        progress: found.progress,
      });
      progress = found.progress;
    }
    const occurrences = occurrencesWithin(schedule, { afterMs: AUTUMN_MS, toMs: progress.processedUntilMs }).map((
      { id },
    ) => id);
    assert.deepEqual(ids, occurrences);
    const rest = occurrencesWithin(schedule, { afterMs: progress.processedUntilMs, toMs: nowMs });
    assert.ok(rest[0] === undefined || firesAtMs(schedule, rest[0]) > nowMs);
  }));
});

Deno.test("ticks at most five minutes apart miss nothing, with any policy", () => {
  fc.assert(fc.property(schedules, gaps(MAX_LATENESS_MS), (schedule, waits) => {
    let progress = findDueOccurrences(schedule, null, AUTUMN_MS).progress;
    let nowMs = AUTUMN_MS;
    for (const waitMs of waits) {
      nowMs += waitMs;
      const found = findDueOccurrences({ ...schedule, jitterMs: 0 }, progress, nowMs);
      assert.deepEqual(found.missed, []);
      progress = found.progress;
    }
  }));
});
