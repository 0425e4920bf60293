import assert from "node:assert/strict";
import { findDue, findNews, firesAtMs, IN_TIME_MS, type Progress, progressAt } from "../../lib/scheduler/due.ts";
import type { CatchUp } from "../../lib/scheduler/schedule.ts";
import { occurrencesWithin } from "../../lib/scheduler/occurrences.ts";
import * as fc from "../deps/fast_check.ts";

const MINUTE_MS = 60_000;
const at = (text: string) => Date.parse(`2026-05-01T${text}Z`);
const hourly = (catchUp: CatchUp, jitterMs = 0) => ({
  name: "job",
  cron: "0 * * * *",
  timeZone: "UTC",
  catchUp,
  jitterMs,
});
const seenTo = (text: string): Progress => progressAt(hourly("last"), at(text));
const hours = (occurrences: readonly { id: string }[]) =>
  occurrences.map(({ id }) => id.slice("job@2026-05-01T".length, -1));

for (
  const [does, catchUp, now, due, missed] of [
    ["nothing before the next slot", "last", "00:59:59", [], []],
    ["the slot that has come", "last", "01:00:00", ["01:00"], []],
    ["the slot of a tick that comes late", "none", "01:05:00", ["01:00"], []],
    ["no late slot with none", "none", "01:05:01", [], ["01:00"]],
    ["the last late slot with last", "last", "03:30:00", ["03:00"], ["01:00", "02:00"]],
    ["the slot in time alone with last", "last", "03:01:00", ["03:00"], ["01:00", "02:00"]],
    ["the slot in time alone with none", "none", "03:01:00", ["03:00"], ["01:00", "02:00"]],
    ["the last two late slots with two", { all: 2 }, "04:30:00", ["03:00", "04:00"], ["01:00", "02:00"]],
    ["two late slots, and the one in time", { all: 2 }, "04:01:00", ["02:00", "03:00", "04:00"], ["01:00"]],
    ["all late slots with more than there are", { all: 9 }, "02:30:00", ["01:00", "02:00"], []],
    ["nothing when the clock went back", "last", "00:00:00", [], []],
  ] as const
) {
  Deno.test(`due is ${does}`, () => {
    const found = findDue(hourly(catchUp), seenTo("00:30"), at(now));
    assert.deepEqual([hours(found.due), hours(found.missed), found.areMoreMissed], [due, missed, false]);
  });
}

Deno.test("a schedule never seen begins with the slots to come", () => {
  const found = findDue(hourly({ all: 5 }), null, at("03:30"));
  assert.deepEqual(found, { due: [], missed: [], areMoreMissed: false, progress: seenTo("03:30") });
});

Deno.test("a schedule with another expression or zone begins anew", () => {
  for (const change of [{ cron: "*/5 * * * *" }, { timeZone: "Europe/Berlin" }]) {
    const found = findDue({ ...hourly("last"), ...change }, seenTo("00:30"), at("03:30"));
    assert.deepEqual([found.due, found.missed, found.progress.seenToMs], [[], [], at("03:30")]);
  }
});

Deno.test("there is news of a schedule that is new, or has a slot, and nothing is computed before the next one", () => {
  const schedule = hourly("last");
  assert.deepEqual(findNews(schedule, null, at("00:30"))?.progress, seenTo("00:30"));
  assert.equal(findNews(schedule, seenTo("00:30"), at("00:59")), undefined);
  assert.deepEqual(findNews(schedule, seenTo("00:30"), at("01:00"))?.progress, seenTo("01:00"));
  const [unread, never] = [{ ...schedule, cron: "not read" }, { ...schedule, cron: "0 0 30 2 *" }];
  const later = { timing: "not read UTC", seenToMs: at("00:30"), nextMs: at("02:00") };
  assert.equal(findNews(unread, later, at("01:59")), undefined);
  assert.throws(() => findNews(unread, later, at("02:00")), TypeError);
  assert.equal(findNews(never, progressAt(never, at("00:30")), at("02:00")), undefined);
});

Deno.test("after an outage of a year of minutes, the last five hundred are told, and that there were more", () => {
  const minutely = { ...hourly("last"), cron: "* * * * *" };
  const found = findDue(minutely, progressAt(minutely, at("00:00") - 365 * 86_400_000), at("12:00"));
  assert.deepEqual([found.due.length, found.missed.length, found.areMoreMissed], [6, 494, true]);
  assert.equal(found.progress.seenToMs, at("12:00"));
});

Deno.test("jitter is spread over its width, and is the slot's own", () => {
  const schedule = { ...hourly("last", 10 * MINUTE_MS), cron: "* * * * *" };
  const occurrences = occurrencesWithin(schedule, { afterMs: at("00:00"), toMs: at("10:00") });
  const delays = occurrences.map((occurrence) => firesAtMs(schedule, occurrence) - occurrence.atMs);
  assert.deepEqual(delays, occurrences.map((occurrence) => firesAtMs(schedule, { ...occurrence }) - occurrence.atMs));
  const tenths = new Array<number>(10).fill(0);
  for (const delayMs of delays) {
    tenths[Math.floor(delayMs / MINUTE_MS)] = (tenths[Math.floor(delayMs / MINUTE_MS)] ?? 0) + 1;
  }
  assert.ok(tenths.every((count) => count > 30 && count < 90), tenths.join());
});

Deno.test("a slot is not due before its jitter is over, and is in time for a while after", () => {
  const schedule = hourly("none", 30 * MINUTE_MS);
  const [occurrence] = occurrencesWithin(schedule, { afterMs: at("00:30"), toMs: at("01:00") });
  assert.ok(occurrence !== undefined);
  const firesMs = firesAtMs(schedule, occurrence);
  assert.ok(firesMs > at("01:01"));
  assert.deepEqual(findDue(schedule, seenTo("00:30"), firesMs - 1).due, []);
  for (const nowMs of [firesMs, firesMs + IN_TIME_MS]) {
    assert.deepEqual(findDue(schedule, seenTo("00:30"), nowMs).due, [occurrence]);
  }
  assert.deepEqual(findDue(schedule, seenTo("00:30"), firesMs + IN_TIME_MS + 1).missed, [occurrence]);
});

// ── Whenever the ticks come ──────────────────────────────────────────────────────────────────────────────────────

const catchUps = fc.oneof(
  fc.constantFrom("none" as const, "last" as const),
  fc.integer({ min: 1, max: 24 }).map((all) => ({ all })),
);
const schedules = fc.record({
  name: fc.constant("job"),
  cron: fc.constantFrom("*/7 * * * *", "0 * * * *", "30 1,2,3 * * *", "* 2 * * *"),
  timeZone: fc.constantFrom("UTC", "Europe/Berlin"),
  catchUp: catchUps,
  jitterMs: fc.constantFrom(0, 30_000, 50 * MINUTE_MS),
});
const AUTUMN_MS = Date.parse("2026-10-24T20:00Z");
const gaps = (longestMs: number) => fc.array(fc.integer({ min: 0, max: longestMs }), { minLength: 1, maxLength: 60 });

Deno.test("every slot is told exactly once, in its order, due or missed, however late or doubled the ticks", () => {
  fc.assert(fc.property(schedules, gaps(90 * MINUTE_MS), (schedule, waits) => {
    let progress = findDue(schedule, null, AUTUMN_MS).progress;
    let nowMs = AUTUMN_MS;
    const told: string[] = [];
    for (const waitMs of waits) {
      nowMs += waitMs;
      const found = findDue(schedule, progress, nowMs);
      assert.deepEqual(findDue(schedule, progress, nowMs), found);
      const news = findNews(schedule, progress, nowMs);
      assert.deepEqual(news, found.due.length + found.missed.length === 0 ? undefined : found);
      assert.ok([...found.missed, ...found.due].every((occurrence) => firesAtMs(schedule, occurrence) <= nowMs));
      told.push(...[...found.missed, ...found.due].map(({ id }) => id));
      assert.deepEqual(findDue(schedule, found.progress, nowMs), {
        due: [],
        missed: [],
        areMoreMissed: false,
        progress: found.progress,
      });
      progress = found.progress;
    }
    const occurrences = occurrencesWithin(schedule, { afterMs: AUTUMN_MS, toMs: progress.seenToMs }).map(({ id }) =>
      id
    );
    assert.deepEqual(told, occurrences);
    const rest = occurrencesWithin(schedule, { afterMs: progress.seenToMs, toMs: nowMs });
    assert.ok(rest[0] === undefined || firesAtMs(schedule, rest[0]) > nowMs);
  }));
});

Deno.test("ticks that are never more than five minutes apart miss nothing, whatever the policy", () => {
  fc.assert(fc.property(schedules, gaps(IN_TIME_MS), (schedule, waits) => {
    let progress = findDue(schedule, null, AUTUMN_MS).progress;
    let nowMs = AUTUMN_MS;
    for (const waitMs of waits) {
      nowMs += waitMs;
      const found = findDue({ ...schedule, jitterMs: 0 }, progress, nowMs);
      assert.deepEqual(found.missed, []);
      progress = found.progress;
    }
  }));
});
