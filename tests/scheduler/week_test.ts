/**
 * A week of ticks that die, come late, come twice and run concurrently, across clock changes in both directions: every
 * schedule has exactly the runs that its policies require, and none of them twice. Slower stores live through a day.
 */

import assert from "node:assert/strict";
import { DEFAULT_TICK, tick } from "../../lib/scheduler/tick.ts";
import type { StoreBackend } from "../../lib/store/backend.ts";
import { openDenoKvBackend } from "../../lib/store/deno_kv.ts";
import { memoryBackend } from "../../lib/store/memory_kv.ts";
import { openSqliteBackend } from "../../lib/store/sqlite_kv.ts";
import { emptyFolder } from "../support/main_job.ts";
import { needing } from "../support/needs.ts";
import { postgresMissing, startPostgres } from "../support/postgres.ts";
import { aServiceStage } from "../support/service.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { aLife, mortal } from "./support/mortal.ts";
import { startTickProcess, type TickProcess } from "./support/tick_process.ts";
import { assertRuns, DAY, isOutage, type Period, WEEK, WEEK_SCHEDULES, WEEK_WORKFLOWS } from "./support/week.ts";

const MINUTE_MS = 60_000;
const SEED = 20_260_328;

interface Case {
  readonly what: string;
  readonly period: Period;
  readonly open: (folder: string) => StoreBackend | Promise<StoreBackend>;
}

const CASES: readonly Case[] = [
  { what: "memory", period: WEEK, open: memoryBackend },
  {
    what: "SQLite",
    period: DAY,
    open: (folder) => openSqliteBackend({ path: `${folder}/runs.db`, clock: { now: Date.now }, onSetAside: null }),
  },
  { what: "Deno KV", period: DAY, open: (folder) => openDenoKvBackend(`${folder}/runs.kv`) },
];

for (const { what, period, open } of CASES) {
  Deno.test(`over a ${period.name} of dying, late, repeated and concurrent ticks on ${what}, each schedule has the runs that its policies require`, async () => {
    await using folder = await emptyFolder();
    const random = seededRandom(SEED);
    await using stage = await aServiceStage(WEEK_SCHEDULES, {
      startMs: period.startMs,
      random,
      workflows: WEEK_WORKFLOWS,
      backend: await open(folder.path),
    });
    const steady = await stage.isolate();
    // As `doctor --probe` records them: without these, a submit during which a tick died stays unknown.
    await steady.deps.store.updateCapabilities(steady.deps.client.host, {
      keepsSlug: true,
      refusesDuplicateSlug: true,
    });
    // The schedules are new, and begin with their next occurrence.
    await tick(steady, { ...DEFAULT_TICK, isScheduled: false });
    let killed = 0;
    let killedBySubmit = 0;
    for (let minute = 0; minute <= period.days * 24 * 60; minute++) {
      stage.clock.advance(Math.max(0, period.startMs + minute * MINUTE_MS - stage.clock.now()));
      if (isOutage(stage.clock.now())) continue;
      const luck = random();
      // Late: the tick comes near the next minute.
      if (luck < 0.03) stage.clock.advance(random() * 50_000);
      if (luck < 0.25) {
        const end = random() < 0.3 ? "submit" : Math.floor(random() * 30);
        const life = aLife({ end, isApplied: random() < 0.5 });
        await tick(await mortal(stage, life)).catch(() => {});
        if (life.isEnded()) killed++;
        if (life.endedWith() === "submit") killedBySubmit++;
      } else if (luck < 0.3) {
        // Twice, from two isolates at once.
        await Promise.all([tick(steady), tick(await stage.isolate())]);
      } else await tick(steady);
    }
    const [least, leastBySubmit] = period === WEEK ? [500, 40] : [50, 1];
    assert.ok(killed > least, `only ${killed} ticks died`);
    assert.ok(killedBySubmit > leastBySubmit, `only ${killedBySubmit} ticks died with a submit`);
    // Finishes what the last ticks that died left behind.
    for (let minute = 1; minute <= 5; minute++) {
      stage.clock.advance(MINUTE_MS);
      await tick(steady);
    }
    await assertRuns(steady, stage.simulator, period);
  });
}

const KILLS = 60;
const RESTARTS = 3;

Deno.test({
  ...needing(
    "over a day of two processes that tick on PostgreSQL, are killed at random and lose the server, each schedule has the runs that its policies require",
    await postgresMissing(),
  ),
  async fn() {
    using server = await startPostgres();
    const store = await server.createSchema();
    const random = seededRandom(SEED);
    const { openPostgresBackend } = await import("../../lib/store/postgres_kv.ts");
    const minutes = DAY.days * 24 * 60;
    const chosen = (count: number) => new Set(Array.from({ length: count }, () => Math.floor(random() * minutes)));
    const [kills, restarts] = [chosen(KILLS), chosen(RESTARTS)];
    await using stage = await aServiceStage(WEEK_SCHEDULES, {
      startMs: DAY.startMs,
      random,
      workflows: WEEK_WORKFLOWS,
      backend: await openPostgresBackend(store),
    });
    const steady = await stage.isolate();
    await steady.deps.store.updateCapabilities(steady.deps.client.host, {
      keepsSlug: true,
      refusesDuplicateSlug: true,
    });
    await tick(steady, { ...DEFAULT_TICK, isScheduled: false });
    const start = () => startTickProcess(store, stage.simulator.key);
    let processes: readonly TickProcess[] = [start(), start()];
    const answers: Record<string, number> = {};
    let tickMs = 30;
    try {
      for (let minute = 0; minute <= minutes; minute++) {
        stage.clock.advance(Math.max(0, DAY.startMs + minute * MINUTE_MS - stage.clock.now()));
        const nowMs = stage.clock.now();
        if (isOutage(nowMs)) continue;
        const startMs = performance.now();
        const ticking = processes.map((process) => process.tick(nowMs));
        if (kills.has(minute)) {
          const victim = processes[Math.floor(random() * 2)];
          // At a random moment of a tick, however fast this machine is.
          await new Promise((resolve) => setTimeout(resolve, random() * tickMs));
          victim?.kill();
        }
        if (restarts.has(minute)) {
          await server.kill();
          await server.start();
        }
        for (const answer of await Promise.all(ticking)) answers[answer] = (answers[answer] ?? 0) + 1;
        if (!kills.has(minute) && !restarts.has(minute)) tickMs = performance.now() - startMs;
        for (const process of processes.filter((process) => !process.isAlive())) await process[Symbol.asyncDispose]();
        processes = processes.map((process) => process.isAlive() ? process : start());
      }
    } finally {
      for (const process of processes) await process[Symbol.asyncDispose]();
    }
    for (let minute = 1; minute <= 5; minute++) {
      stage.clock.advance(MINUTE_MS);
      await tick(steady);
    }
    assert.ok((answers.killed ?? 0) > 10, `only ${answers.killed} ticks died`);
    assert.ok((answers.ticked ?? 0) > 1_000, JSON.stringify(answers));
    await assertRuns(steady, stage.simulator, DAY);
  },
});
