/**
 * A week of ticks that die, come late, come twice and run concurrently, across clock changes in both directions: every
 * schedule has exactly the runs that its policies require, and none of them twice.
 */

import assert from "node:assert/strict";
import { tick } from "../../lib/scheduler/tick.ts";
import type { Client } from "../../lib/platform/client.ts";
import type { ScheduleSpec } from "../../lib/scheduler/schedule.ts";
import { seededRandom } from "../torture/verdict.ts";
import { aServiceStage, lasting } from "../support/service.ts";

const MINUTE_MS = 60_000;
/** Europe's clocks go forward on March 29, Sydney's go back on April 5 (April 4, 16:00 UTC). */
const START_MS = Date.UTC(2026, 2, 28, 18);
const DAYS = 7;
const SEED = 20_260_328;

interface Row {
  readonly spec: Omit<ScheduleSpec, "workflow"> & { readonly workflow: string };
  /** The expected number of runs. */
  readonly runs: number;
  /** The occurrences with a run, if a calendar shows them. */
  readonly occurrences?: readonly string[];
  /** The occurrences during the outage without a run. */
  readonly without?: readonly string[];
}

const OUTAGE_HOURS = ["03", "04", "05"].map((hour) => `2026-03-31T${hour}`);

const ROWS: readonly Row[] = [
  {
    spec: { name: "berlin-gap", cron: "30 2 * * *", timeZone: "Europe/Berlin", workflow: "short" },
    runs: 7,
    // 2:30 is skipped on the first day: the run starts right after the clock change.
    occurrences: ["2026-03-29T01:00Z", ...[30, 31].map((day) => `2026-03-${day}T00:30Z`), ...daysOfApril("00:30")],
  },
  {
    spec: { name: "sydney-fold", cron: "30 2 * * *", timeZone: "Australia/Sydney", workflow: "short" },
    runs: 7,
    // The first of the two on April 5.
    occurrences: [...[29, 30, 31].map((day) => `2026-03-${day}T15:30Z`), ...daysOfApril("15:30")],
  },
  // Sydney's hour from 2 to 3 is repeated on the last day.
  {
    spec: { name: "sydney-interval", cron: "*/30 2 * * *", timeZone: "Australia/Sydney", workflow: "short" },
    runs: 16,
  },
  // Each run takes 25 minutes and the schedule fires every ten: every third occurrence runs.
  { spec: { name: "skips", cron: "*/10 8-9 * * *", workflow: "long", overlap: "skip" }, runs: 28 },
  // Six occurrences in an hour, one after the other: all of them run, until 10:30.
  { spec: { name: "queues", cron: "*/10 8 * * *", workflow: "long", overlap: "queue" }, runs: 42 },
  { spec: { name: "overlaps", cron: "*/10 8 * * *", workflow: "long", overlap: "allow" }, runs: 42 },
  {
    spec: { name: "replaces", cron: "*/10 8 * * *", workflow: "long", overlap: "cancel-previous" },
    runs: 42,
  },
  // No tick comes from 3:00 to 6:00 on Tuesday.
  {
    spec: { name: "backfills-none", cron: "30 * * * *", workflow: "short", backfill: "none" },
    runs: 165,
    without: OUTAGE_HOURS.map((hour) => `${hour}:30Z`),
  },
  {
    spec: { name: "backfills-one", cron: "31 * * * *", workflow: "short", backfill: "last" },
    runs: 166,
    without: OUTAGE_HOURS.slice(0, 2).map((hour) => `${hour}:31Z`),
  },
  {
    spec: { name: "backfills-two", cron: "32 * * * *", workflow: "short", backfill: { all: 2 }, overlap: "allow" },
    runs: 167,
    without: OUTAGE_HOURS.slice(0, 1).map((hour) => `${hour}:32Z`),
  },
  // The last one fires after the week.
  { spec: { name: "with-jitter", cron: "0 */6 * * *", workflow: "short", jitter: "20m" }, runs: 27 },
  { spec: { name: "elsewhere", cron: "0 * * * *", workflow: "short", enabled: ["preview"] }, runs: 0 },
];

function daysOfApril(time: string): readonly string[] {
  return [1, 2, 3, 4].map((day) => `2026-04-0${day}T${time}Z`);
}

const OUTAGE = { fromMs: Date.UTC(2026, 2, 31, 3), toMs: Date.UTC(2026, 2, 31, 6) };

Deno.test("over a week of dying, late, repeated and concurrent ticks, each schedule has the runs that its policies require", async () => {
  const random = seededRandom(SEED);
  await using stage = await aServiceStage(ROWS.map(({ spec }) => spec), {
    startMs: START_MS,
    random,
    workflows: { short: lasting(40), long: lasting(25 * 60) },
  });
  const steady = await stage.isolate();
  // As `probe` records them: without these, a submit during which a tick died stays unknown.
  await steady.deps.store.updateCapabilities(steady.deps.client.host, { keepsSlug: true, refusesDuplicateSlug: true });
  let killed = 0;
  let killedBySubmit = 0;
  for (let minute = 0; minute <= DAYS * 24 * 60; minute++) {
    stage.clock.advance(Math.max(0, START_MS + minute * MINUTE_MS - stage.clock.now()));
    const nowMs = stage.clock.now();
    if (nowMs >= OUTAGE.fromMs && nowMs < OUTAGE.toMs) continue;
    const luck = random();
    // Late: the tick comes near the next minute.
    if (luck < 0.03) stage.clock.advance(random() * 50_000);
    if (luck < 0.25) {
      const end = random() < 0.3 ? "submit" : Math.floor(random() * 30);
      const life = aLife({ end, isApplied: random() < 0.5 });
      const isolate = await stage.isolate({ kv: mortalKv(stage.kv, life) });
      const client = mortalClient(isolate.deps.client, life);
      await tick({ ...isolate, deps: { ...isolate.deps, client } }).catch(() => {});
      if (life.isEnded()) killed++;
      if (life.endedWith() === "submit") killedBySubmit++;
    } else if (luck < 0.3) {
      // Twice, from two isolates at once.
      await Promise.all([tick(steady), tick(await stage.isolate())]);
    } else await tick(steady);
  }
  assert.ok(killed > 500, `only ${killed} ticks died`);
  assert.ok(killedBySubmit > 40, `only ${killedBySubmit} ticks died with a submit`);
  // Finishes what the last ticks that died left behind.
  for (let minute = 1; minute <= 5; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(steady);
  }

  const started = stage.simulator.received("submit");
  const slugs = stage.simulator.runs().map(({ slug }) => slug);
  assert.equal(new Set(slugs).size, slugs.length, "two runs share a slug");
  const counts: Record<string, number> = {};
  for (const { spec: { name }, occurrences: expected, without = [] } of ROWS) {
    const occurrences = await steady.schedulerStore.listRecentOccurrences(name, 1_000);
    const ran = occurrences.filter(({ submissionId }) => submissionId !== null);
    assert.equal(
      new Set(ran.map(({ submissionId }) => submissionId)).size,
      ran.length,
      `${name} has one run for two occurrences`,
    );
    const times = ran.map(({ id }) => id.slice(name.length + 1)).reverse();
    if (expected !== undefined) assert.deepEqual(times, expected, name);
    assert.deepEqual(without.filter((time) => times.includes(time)), [], name);
    counts[name] = ran.length;
  }
  assert.deepEqual(counts, Object.fromEntries(ROWS.map(({ spec, runs }) => [spec.name, runs])));
  // Each run on the platform belongs to exactly one occurrence.
  assert.equal(slugs.length, ROWS.reduce((sum, { runs }) => sum + runs, 0));
  assert.ok(started.length >= slugs.length);
});

interface Life {
  /** Calls `act`, unless this life has ended. */
  call<T>(name: string, act: () => Promise<T>): Promise<T>;
  isEnded(): boolean;
  /** The operation it ended with; empty if it has not ended. */
  endedWith(): string;
}

/** Ends permanently with the n-th call of the store or the platform, or the first one of a name. */
function aLife({ end, isApplied }: { readonly end: number | string; readonly isApplied: boolean }): Life {
  let count = 0;
  let cause: string | undefined;
  const killed = () => new Error("killed");
  return {
    async call(name, act) {
      if (cause !== undefined) throw killed();
      if (name === end || count++ === end) {
        cause = name;
        // The call may take effect, but its response is lost.
        if (isApplied) await act();
      }
      if (cause !== undefined) throw killed();
      const result = await act();
      if (cause !== undefined) throw killed();
      return result;
    },
    isEnded: () => cause !== undefined,
    endedWith: () => cause ?? "",
  };
}

function mortalKv(kv: Deno.Kv, life: Life): Deno.Kv {
  return new Proxy(kv, {
    get(target, name) {
      if (name === "atomic") return () => mortalAtomic(target.atomic(), life);
      const member = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      if (name === "list") {
        return (...args: unknown[]) => {
          if (life.isEnded()) throw new Error("killed");
          return Reflect.apply(member, target, args);
        };
      }
      return (...args: unknown[]) =>
        life.call(String(name), () => Promise.resolve(Reflect.apply(member, target, args)));
    },
  });
}

function mortalAtomic(operation: Deno.AtomicOperation, life: Life): Deno.AtomicOperation {
  return new Proxy(operation, {
    get(target, name, receiver) {
      const member = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      if (name === "commit") return () => life.call("commit", () => target.commit());
      return (...args: unknown[]) => {
        Reflect.apply(member, target, args);
        return receiver;
      };
    },
  });
}

function mortalClient(client: Client, life: Life): Client {
  return new Proxy(client, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) =>
        life.call(String(name), () => Promise.resolve(Reflect.apply(member, target, args)));
    },
  });
}
