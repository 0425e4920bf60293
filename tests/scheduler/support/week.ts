/** The schedules of a simulated week, and of one day of it, with the runs that their policies require. */

import assert from "node:assert/strict";
import type { ScheduleSpec } from "../../../lib/scheduler/schedule.ts";
import type { Service } from "../../../lib/scheduler/service.ts";
import type { Simulator } from "../../../lib/simulator/simulator.ts";
import { lasting } from "../../support/service.ts";

export interface Period {
  readonly name: "week" | "day";
  readonly startMs: number;
  readonly days: number;
}

/** Europe's clocks go forward on March 29, Sydney's go back on April 5 (April 4, 16:00 UTC). */
export const WEEK: Period = { name: "week", startMs: Date.UTC(2026, 2, 28, 18), days: 7 };
/** The day with the outage. */
export const DAY: Period = { name: "day", startMs: Date.UTC(2026, 2, 30, 12), days: 1 };

const OUTAGE = { fromMs: Date.UTC(2026, 2, 31, 3), toMs: Date.UTC(2026, 2, 31, 6) };

/** No tick comes from 3:00 to 6:00 on Tuesday. */
export function isOutage(nowMs: number): boolean {
  return nowMs >= OUTAGE.fromMs && nowMs < OUTAGE.toMs;
}

export const WEEK_WORKFLOWS = { short: lasting(40), long: lasting(25 * 60) };

interface Row {
  readonly spec: ScheduleSpec;
  /** The expected number of runs. */
  readonly runs: { readonly week: number; readonly day: number };
  /** The occurrences of the week with a run, if a calendar shows them. */
  readonly occurrences?: readonly string[];
  /** The occurrences during the outage without a run. */
  readonly without?: readonly string[];
}

const OUTAGE_HOURS = ["03", "04", "05"].map((hour) => `2026-03-31T${hour}`);

const ROWS: readonly Row[] = [
  {
    spec: { name: "berlin-gap", cron: "30 2 * * *", timeZone: "Europe/Berlin", workflow: "short" },
    runs: { week: 7, day: 1 },
    // 2:30 is skipped on the first day: the run starts right after the clock change.
    occurrences: ["2026-03-29T01:00Z", ...[30, 31].map((day) => `2026-03-${day}T00:30Z`), ...daysOfApril("00:30")],
  },
  {
    spec: { name: "sydney-fold", cron: "30 2 * * *", timeZone: "Australia/Sydney", workflow: "short" },
    runs: { week: 7, day: 1 },
    // The first of the two on April 5.
    occurrences: [...[29, 30, 31].map((day) => `2026-03-${day}T15:30Z`), ...daysOfApril("15:30")],
  },
  // Sydney's hour from 2 to 3 is repeated on the last day.
  {
    spec: { name: "sydney-interval", cron: "*/30 2 * * *", timeZone: "Australia/Sydney", workflow: "short" },
    runs: { week: 16, day: 2 },
  },
  // Each run takes 25 minutes and the schedule fires every ten: every third occurrence runs.
  {
    spec: { name: "skips", cron: "*/10 8-9 * * *", workflow: "long", overlap: "skip" },
    runs: { week: 28, day: 4 },
  },
  // Six occurrences in an hour, one after the other: all of them run, until 10:30.
  { spec: { name: "queues", cron: "*/10 8 * * *", workflow: "long", overlap: "queue" }, runs: { week: 42, day: 6 } },
  { spec: { name: "overlaps", cron: "*/10 8 * * *", workflow: "long", overlap: "allow" }, runs: { week: 42, day: 6 } },
  {
    spec: { name: "replaces", cron: "*/10 8 * * *", workflow: "long", overlap: "cancel-previous" },
    runs: { week: 42, day: 6 },
  },
  {
    spec: { name: "backfills-none", cron: "30 * * * *", workflow: "short", backfill: "none" },
    runs: { week: 165, day: 21 },
    without: OUTAGE_HOURS.map((hour) => `${hour}:30Z`),
  },
  {
    spec: { name: "backfills-one", cron: "31 * * * *", workflow: "short", backfill: "last" },
    runs: { week: 166, day: 22 },
    without: OUTAGE_HOURS.slice(0, 2).map((hour) => `${hour}:31Z`),
  },
  {
    spec: { name: "backfills-two", cron: "32 * * * *", workflow: "short", backfill: { all: 2 }, overlap: "allow" },
    runs: { week: 167, day: 23 },
    without: OUTAGE_HOURS.slice(0, 1).map((hour) => `${hour}:32Z`),
  },
  // The last one fires after the period.
  {
    spec: { name: "with-jitter", cron: "0 */6 * * *", workflow: "short", jitter: "20m" },
    runs: { week: 27, day: 3 },
  },
  {
    spec: { name: "elsewhere", cron: "0 * * * *", workflow: "short", enabled: ["preview"] },
    runs: { week: 0, day: 0 },
  },
];

function daysOfApril(time: string): readonly string[] {
  return [1, 2, 3, 4].map((day) => `2026-04-0${day}T${time}Z`);
}

export const WEEK_SCHEDULES: readonly ScheduleSpec[] = ROWS.map(({ spec }) => spec);

/** Each schedule has exactly the runs that its policies require, each on the platform once. */
export async function assertRuns({ deps }: Service, simulator: Simulator, { name: period }: Period): Promise<void> {
  const slugs = simulator.runs().map(({ slug }) => slug);
  assert.equal(new Set(slugs).size, slugs.length, "two runs share a slug");
  const counts: Record<string, number> = {};
  const expected: Record<string, number> = {};
  for (const { spec: { name }, runs, occurrences, without = [] } of ROWS) {
    const submissions = await deps.store.listOfSchedule(name, 1_000);
    const ran = submissions.filter(({ state }) => state === "active" || state === "finished").toReversed();
    assert.equal(new Set(ran.map(({ ownSlug }) => ownSlug)).size, ran.length, `${name}: one run for two occurrences`);
    const times = ran.map(({ submissionId }) => submissionId.slice(name.length + 1));
    if (occurrences !== undefined && period === "week") assert.deepEqual(times, occurrences, name);
    assert.deepEqual(without.filter((time) => times.includes(time)), [], name);
    counts[name] = ran.length;
    expected[name] = runs[period];
  }
  assert.deepEqual(counts, expected);
  // Each run on the platform belongs to exactly one occurrence.
  assert.equal(slugs.length, Object.values(expected).reduce((sum, count) => sum + count, 0));
}
