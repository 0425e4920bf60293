/**
 * A week of ticks that die, come late, come twice and race each other, over a change of clocks in both directions: every
 * schedule has exactly the runs that its policy says, by slot, and none of them twice.
 */

import assert from "node:assert/strict";
import { tick } from "../../lib/scheduler/tick.ts";
import type { Client } from "../../lib/platform/client.ts";
import type { ScheduleSpec } from "../../lib/scheduler/schedule.ts";
import { seededRandom } from "../torture/verdict.ts";
import { aServiceStage, lasting } from "../support/service.ts";

const MINUTE_MS = 60_000;
/** Europe's clocks leap forward on 29 March, Sydney's fall back on 5 April (4 April, 16:00 UTC). */
const START_MS = Date.UTC(2026, 2, 28, 18);
const DAYS = 7;
const SEED = 20_260_328;

interface Row {
  readonly spec: Omit<ScheduleSpec, "workflow"> & { readonly workflow: string };
  /** How many runs come of them. */
  readonly runs: number;
  /** Which slots have one, where that can be read off a calendar. */
  readonly occurrences?: readonly string[];
  /** Which have none, of those of the outage. */
  readonly without?: readonly string[];
}

const OUTAGE_SLOTS = ["03", "04", "05"].map((hour) => `2026-03-31T${hour}`);

const ROWS: readonly Row[] = [
  {
    spec: { name: "berlin-gap", cron: "30 2 * * *", timeZone: "Europe/Berlin", workflow: "short" },
    runs: 7,
    // Half past two is leapt over on the first day: the run comes the moment the clocks have leapt.
    occurrences: ["2026-03-29T01:00Z", ...[30, 31].map((day) => `2026-03-${day}T00:30Z`), ...daysOfApril("00:30")],
  },
  {
    spec: { name: "sydney-fold", cron: "30 2 * * *", timeZone: "Australia/Sydney", workflow: "short" },
    runs: 7,
    // Of the two on 5 April, the first.
    occurrences: [...[29, 30, 31].map((day) => `2026-03-${day}T15:30Z`), ...daysOfApril("15:30")],
  },
  // Sydney's hour from two to three comes twice in the end.
  {
    spec: { name: "sydney-interval", cron: "*/30 2 * * *", timeZone: "Australia/Sydney", workflow: "short" },
    runs: 16,
  },
  // Each run takes 25 minutes, and a slot comes every ten: every third one is free.
  { spec: { name: "skips", cron: "*/10 8-9 * * *", workflow: "long", overlap: "skip" }, runs: 28 },
  // Six slots an hour for one hour, one after the other: all of them, until half past ten.
  { spec: { name: "queues", cron: "*/10 8 * * *", workflow: "long", overlap: "queue" }, runs: 42 },
  { spec: { name: "overlaps", cron: "*/10 8 * * *", workflow: "long", overlap: "allow" }, runs: 42 },
  {
    spec: { name: "replaces", cron: "*/10 8 * * *", workflow: "long", overlap: "cancel-previous" },
    runs: 42,
  },
  // No tick comes from three to six on Tuesday.
  {
    spec: { name: "misses-all", cron: "30 * * * *", workflow: "short", catchUp: "none" },
    runs: 165,
    without: OUTAGE_SLOTS.map((hour) => `${hour}:30Z`),
  },
  {
    spec: { name: "makes-up-one", cron: "31 * * * *", workflow: "short", catchUp: "last" },
    runs: 166,
    without: OUTAGE_SLOTS.slice(0, 2).map((hour) => `${hour}:31Z`),
  },
  {
    spec: { name: "makes-up-two", cron: "32 * * * *", workflow: "short", catchUp: { all: 2 }, overlap: "allow" },
    runs: 167,
    without: OUTAGE_SLOTS.slice(0, 1).map((hour) => `${hour}:32Z`),
  },
  // The last one comes after the week.
  { spec: { name: "with-jitter", cron: "0 */6 * * *", workflow: "short", jitter: "20m" }, runs: 27 },
  { spec: { name: "elsewhere", cron: "0 * * * *", workflow: "short", enabled: ["preview"] }, runs: 0 },
];

function daysOfApril(time: string): readonly string[] {
  return [1, 2, 3, 4].map((day) => `2026-04-0${day}T${time}Z`);
}

const OUTAGE = { fromMs: Date.UTC(2026, 2, 31, 3), toMs: Date.UTC(2026, 2, 31, 6) };

Deno.test("over a week of dying, late, doubled and racing ticks each schedule has the runs that its policy says", async () => {
  const random = seededRandom(SEED);
  await using stage = await aServiceStage(ROWS.map(({ spec }) => spec), {
    startMs: START_MS,
    random,
    workflows: { short: lasting(40), long: lasting(25 * 60) },
  });
  const steady = await stage.isolate();
  // What trying the platform finds out: without it, a submit that a tick died over stays unknown.
  await steady.deps.store.updateCapabilities(steady.deps.client.host, { keepsSlug: true, refusesDuplicateSlug: true });
  let killed = 0;
  let killedBySubmit = 0;
  for (let minute = 0; minute <= DAYS * 24 * 60; minute++) {
    stage.clock.advance(Math.max(0, START_MS + minute * MINUTE_MS - stage.clock.now()));
    const nowMs = stage.clock.now();
    if (nowMs >= OUTAGE.fromMs && nowMs < OUTAGE.toMs) continue;
    const luck = random();
    // Late: the bell rings when the next minute is near.
    if (luck < 0.03) stage.clock.advance(random() * 50_000);
    if (luck < 0.25) {
      const end = random() < 0.3 ? "submit" : Math.floor(random() * 30);
      const life = aLife({ end, isHeard: random() < 0.5 });
      const isolate = await stage.isolate({ kv: mortalKv(stage.kv, life) });
      const client = mortalClient(isolate.deps.client, life);
      await tick({ ...isolate, deps: { ...isolate.deps, client } }).catch(() => {});
      if (life.isEnded()) killed++;
      if (life.diedOf() === "submit") killedBySubmit++;
    } else if (luck < 0.3) {
      // Doubled, and from two isolates at once.
      await Promise.all([tick(steady), tick(await stage.isolate())]);
    } else await tick(steady);
  }
  assert.ok(killed > 500, `only ${killed} ticks died`);
  assert.ok(killedBySubmit > 40, `only ${killedBySubmit} ticks died with a submit`);
  // What the last of the mortal ones left behind.
  for (let minute = 1; minute <= 5; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(steady);
  }

  const started = stage.simulator.received("submit");
  const slugs = stage.simulator.runs().map(({ slug }) => slug);
  assert.equal(new Set(slugs).size, slugs.length, "a run bears the slug of another");
  const counts: Record<string, number> = {};
  for (const { spec: { name }, occurrences: expected, without = [] } of ROWS) {
    const occurrences = await steady.schedulerStore.lastOccurrences(name, 1_000);
    const ran = occurrences.filter(({ submissionId }) => submissionId !== null);
    assert.equal(
      new Set(ran.map(({ submissionId }) => submissionId)).size,
      ran.length,
      `${name} has a run for two slots`,
    );
    const times = ran.map(({ id }) => id.slice(name.length + 1)).reverse();
    if (expected !== undefined) assert.deepEqual(times, expected, name);
    assert.deepEqual(without.filter((time) => times.includes(time)), [], name);
    counts[name] = ran.length;
  }
  assert.deepEqual(counts, Object.fromEntries(ROWS.map(({ spec, runs }) => [spec.name, runs])));
  // Each run on the platform is the run of a slot, and each slot has but one.
  assert.equal(slugs.length, ROWS.reduce((sum, { runs }) => sum + runs, 0));
  assert.ok(started.length >= slugs.length);
});

interface Life {
  /** Acts, unless it is over. */
  live<T>(name: string, act: () => Promise<T>): Promise<T>;
  isEnded(): boolean;
  /** What it ended with; empty while it goes on. */
  diedOf(): string;
}

/** It ends with the n-th thing that is asked of the store or the platform, or the first of a name, for good. */
function aLife({ end, isHeard }: { readonly end: number | string; readonly isHeard: boolean }): Life {
  let count = 0;
  let cause: string | undefined;
  const killed = () => new Error("killed");
  return {
    async live(name, act) {
      if (cause !== undefined) throw killed();
      if (name === end || count++ === end) {
        cause = name;
        // The platform or the store may have heard it, and we hear of neither.
        if (isHeard) await act();
      }
      if (cause !== undefined) throw killed();
      const result = await act();
      if (cause !== undefined) throw killed();
      return result;
    },
    isEnded: () => cause !== undefined,
    diedOf: () => cause ?? "",
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
        life.live(String(name), () => Promise.resolve(Reflect.apply(member, target, args)));
    },
  });
}

function mortalAtomic(operation: Deno.AtomicOperation, life: Life): Deno.AtomicOperation {
  return new Proxy(operation, {
    get(target, name, receiver) {
      const member = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      if (name === "commit") return () => life.live("commit", () => target.commit());
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
        life.live(String(name), () => Promise.resolve(Reflect.apply(member, target, args)));
    },
  });
}
