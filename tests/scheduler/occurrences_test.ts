import assert from "node:assert/strict";
import { lastOccurrences, nextOccurrences } from "../../lib/scheduler/occurrences.ts";
import { occurrencesWithin } from "./support/occurrences_within.ts";
import * as fc from "../deps/fast_check.ts";
import { slowOccurrences } from "./support/slow_cron.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const timing = (cron: string, timeZone = "UTC") => ({ name: "job", cron, timeZone });
const within = (cron: string, timeZone: string, from: string, to: string) =>
  occurrencesWithin(timing(cron, timeZone), { afterMs: Date.parse(from) - 1, toMs: Date.parse(to) - 1 });
const idsWithin = (...args: Parameters<typeof within>) => within(...args).map(({ id }) => id.slice("job@".length));

/** Days with a clock change, from one local midnight to the next. */
const SPRING_BERLIN = ["2026-03-28T23:00Z", "2026-03-29T22:00Z"] as const;
const AUTUMN_BERLIN = ["2026-10-24T22:00Z", "2026-10-25T23:00Z"] as const;
const SPRING_NEW_YORK = ["2026-03-08T05:00Z", "2026-03-09T04:00Z"] as const;
const AUTUMN_NEW_YORK = ["2026-11-01T04:00Z", "2026-11-02T05:00Z"] as const;
/** A change by half an hour, in the southern hemisphere. */
const SPRING_LORD_HOWE = ["2026-10-03T13:30Z", "2026-10-04T13:00Z"] as const;
const AUTUMN_LORD_HOWE = ["2026-04-04T13:00Z", "2026-04-05T13:30Z"] as const;

for (
  const [effect, cron, timeZone, day, expected] of [
    ["moves 02:30 to the end of the gap", "30 2 * * *", "Europe/Berlin", SPRING_BERLIN, ["2026-03-29T01:00Z"]],
    ["keeps the first of two 02:30", "30 2 * * *", "Europe/Berlin", AUTUMN_BERLIN, ["2026-10-25T00:30Z"]],
    ["moves 02:30 to the end of the gap", "30 2 * * *", "America/New_York", SPRING_NEW_YORK, ["2026-03-08T07:00Z"]],
    ["keeps 02:30, which is not repeated", "30 2 * * *", "America/New_York", AUTUMN_NEW_YORK, ["2026-11-01T07:30Z"]],
    ["keeps the first of two 01:30", "30 1 * * *", "America/New_York", AUTUMN_NEW_YORK, ["2026-11-01T05:30Z"]],
    ["moves 02:00 to 03:00", "0 2 * * *", "Europe/Berlin", SPRING_BERLIN, ["2026-03-29T01:00Z"]],
    ["keeps the first of two 02:00", "0 2 * * *", "Europe/Berlin", AUTUMN_BERLIN, ["2026-10-25T00:00Z"]],
    [
      "fires once for each time of a list",
      "30 2,14 * * *",
      "Europe/Berlin",
      AUTUMN_BERLIN,
      ["2026-10-25T00:30Z", "2026-10-25T13:30Z"],
    ],
    ["fires once for times that coincide", "0 2,3 * * *", "Europe/Berlin", SPRING_BERLIN, ["2026-03-29T01:00Z"]],
    [
      "drops an interval within the gap",
      "*/30 2,3 * * *",
      "Europe/Berlin",
      SPRING_BERLIN,
      ["2026-03-29T01:00Z", "2026-03-29T01:30Z"],
    ],
    [
      "repeats an interval in a repeated hour",
      "*/30 2 * * *",
      "Europe/Berlin",
      AUTUMN_BERLIN,
      ["2026-10-25T00:00Z", "2026-10-25T00:30Z", "2026-10-25T01:00Z", "2026-10-25T01:30Z"],
    ],
    ["moves 02:10 to the end of half an hour", "10 2 * * *", "Australia/Lord_Howe", SPRING_LORD_HOWE, [
      "2026-10-03T15:30Z",
    ]],
    ["keeps the first of two 01:45", "45 1 * * *", "Australia/Lord_Howe", AUTUMN_LORD_HOWE, ["2026-04-04T14:45Z"]],
  ] as const
) {
  Deno.test(`a clock change ${effect}: ${cron} in ${timeZone}`, () => {
    assert.deepEqual(idsWithin(cron, timeZone, day[0], day[1]), expected);
  });
}

for (
  const [timeZone, day, hours] of [
    ["Europe/Berlin", SPRING_BERLIN, 23],
    ["Europe/Berlin", AUTUMN_BERLIN, 25],
    ["America/New_York", SPRING_NEW_YORK, 23],
    ["America/New_York", AUTUMN_NEW_YORK, 25],
    ["Australia/Lord_Howe", SPRING_LORD_HOWE, 23.5],
    ["Australia/Lord_Howe", AUTUMN_LORD_HOWE, 24.5],
  ] as const
) {
  Deno.test(`*/15 fires at every real quarter hour of a ${hours}-hour day in ${timeZone}, each with its own id`, () => {
    const occurrences = within("*/15 * * * *", timeZone, day[0], day[1]);
    const startMs = Date.parse(day[0]);
    assert.deepEqual(
      occurrences.map(({ scheduledAtMs }) => scheduledAtMs),
      Array.from({ length: hours * 4 }, (_, at) => startMs + at * 900_000),
    );
    assert.equal(new Set(occurrences.map(({ id }) => id)).size, occurrences.length);
  });
}

for (
  const [timeZone, hours] of [
    ["UTC", 8760],
    ["Asia/Kolkata", 8760],
    ["Europe/Berlin", 8760],
    ["America/New_York", 8760],
    ["America/Santiago", 8760],
    // When the clocks skip from 02:00 to 02:30, one full hour never starts.
    ["Australia/Lord_Howe", 8759],
  ] as const
) {
  Deno.test(`a year in ${timeZone} has 365 times 02:30, and ${hours} full hours`, () => {
    const countOf = (cron: string) => within(cron, timeZone, "2026-01-05T00:00Z", "2027-01-05T00:00Z").length;
    assert.deepEqual([countOf("30 2 * * *"), countOf("0 * * * *")], [365, hours]);
  });
}

Deno.test("a day that a time zone skips has no occurrences", () => {
  assert.deepEqual(
    idsWithin("0 12 * * *", "Pacific/Apia", "2011-12-29T10:00Z", "2012-01-01T10:00Z"),
    ["2011-12-29T22:00Z", "2011-12-30T22:00Z", "2011-12-31T22:00Z"],
  );
});

Deno.test("an occurrence id consists of the schedule and the UTC time", () => {
  assert.deepEqual(nextOccurrences(timing("0 3 * * *", "Europe/Berlin"), Date.parse("2026-03-28T12:00Z"), 1), [
    { id: "job@2026-03-29T01:00Z", schedule: "job", scheduledAtMs: Date.parse("2026-03-29T01:00Z") },
  ]);
});

Deno.test("a window includes its end and excludes its start", () => {
  const atMs = Date.parse("2026-05-01T12:00Z");
  const hourly = timing("0 * * * *");
  assert.equal(occurrencesWithin(hourly, { afterMs: atMs - 1, toMs: atMs }).length, 1);
  assert.equal(occurrencesWithin(hourly, { afterMs: atMs, toMs: atMs + 1 }).length, 0);
  assert.equal(lastOccurrences(hourly, { afterMs: atMs - 1, toMs: atMs }, 5).length, 1);
  assert.equal(lastOccurrences(hourly, { afterMs: atMs, toMs: atMs + 1 }, 5).length, 0);
});

// ── For random expressions ──────────────────────────────────────────────────────────────────────────────────────

const number = (low: number, high: number) => fc.integer({ min: low, max: high });
const field = (low: number, high: number) => {
  const range = fc.tuple(number(low, high), number(low, high)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const item = fc.oneof(number(low, high).map(String), range);
  return fc.oneof(
    fc.constant("*"),
    number(1, Math.ceil((high - low) / 2)).map((step) => `*/${step}`),
    fc.tuple(range, number(1, 7)).map(([part, step]) => `${part}/${step}`),
    fc.uniqueArray(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(",")),
  );
};
const days = fc.oneof(fc.constant("*"), field(1, 31));
const weekdays = fc.oneof(fc.constant("*"), field(0, 6));
const expression = fc.tuple(field(0, 59), field(0, 23), days, fc.constant("*"), weekdays).map((fields) =>
  fields.join(" ")
);
const CHANGES = [
  ["UTC", "2026-03-29T01:00Z"],
  ["Asia/Kolkata", "2026-02-28T18:30Z"],
  ["Europe/Berlin", "2026-03-29T01:00Z"],
  ["Europe/Berlin", "2026-10-25T01:00Z"],
  ["America/New_York", "2026-03-08T07:00Z"],
  ["America/New_York", "2026-11-01T06:00Z"],
  ["America/Santiago", "2026-04-05T03:00Z"],
  ["America/Santiago", "2026-09-06T04:00Z"],
  ["Australia/Lord_Howe", "2026-04-04T15:00Z"],
  ["Australia/Lord_Howe", "2026-10-03T15:30Z"],
  ["Africa/Cairo", "2026-04-23T22:00Z"],
] as const;
const change = fc.constantFrom(...CHANGES);
const minutes = (low: number, high: number) => number(low, high).map((count) => count * 60_000);

Deno.test("occurrences match a minute-by-minute search around every clock change", () => {
  fc.assert(
    fc.property(expression, change, minutes(-1500, 0), minutes(1, 2000), (cron, [timeZone, at], offsetMs, lengthMs) => {
      const afterMs = Date.parse(at) + offsetMs;
      const toMs = afterMs + lengthMs;
      const found = occurrencesWithin({ name: "job", cron, timeZone }, { afterMs, toMs }).map(({ scheduledAtMs }) =>
        scheduledAtMs
      );
      assert.deepEqual(found, slowOccurrences({ cron, timeZone }, afterMs, toMs));
    }),
    { numRuns: 150 },
  );
});

Deno.test("windows compose, and a backward search finds what a forward search finds", () => {
  const instant = number(-3 * DAY_MS, 3 * DAY_MS);
  fc.assert(
    fc.property(expression, change, instant, instant, instant, (cron, [timeZone, at], ...offsets) => {
      const job = timing(cron, timeZone);
      const [a = 0, b = 0, c = 0] = offsets.map((offset) => Date.parse(at) + offset / 20).sort((x, y) => x - y);
      const all = occurrencesWithin(job, { afterMs: a, toMs: c });
      const parts = [[a, b], [b, c]].flatMap(([afterMs = 0, toMs = 0]) => occurrencesWithin(job, { afterMs, toMs }));
      assert.deepEqual(parts, all);
      assert.deepEqual(lastOccurrences(job, { afterMs: a, toMs: c }, Infinity), all);
      assert.deepEqual(lastOccurrences(job, { afterMs: a, toMs: c }, 3), all.slice(-3));
      assert.deepEqual(nextOccurrences(job, a, Math.min(3, all.length)), all.slice(0, 3));
    }),
    { numRuns: 150 },
  );
});
