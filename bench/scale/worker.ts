/**
 * A process that ticks: `worker.ts STORE KEY SCHEDULES`. Each line of stdin is the instant of a tick, in milliseconds; each
 * is answered by a line of JSON.
 */

import { type Clock, systemClock } from "../../lib/clock.ts";
import { defineSchedules } from "../../lib/scheduler/define.ts";
import { PRODUCTION, type Schedule } from "../../lib/scheduler/schedule.ts";
import type { Service } from "../../lib/scheduler/service.ts";
import { tick } from "../../lib/scheduler/tick.ts";
import { lazyBackend, type StoreBackend } from "../../lib/store/backend.ts";
import { createKv } from "../../lib/store/kv.ts";
import { openPostgresBackend } from "../../lib/store/postgres_kv.ts";
import { createRunStore } from "../../lib/store/run_store.ts";
import { depsFor } from "../../tests/support/deps.ts";

export interface TickFigures {
  readonly didTick: boolean;
  readonly submitted: number;
  readonly polled: number;
  readonly isCutShort: boolean;
  readonly tookMs: number;
  readonly statements: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly databaseMs: number;
}

const WORKFLOWS = 40;

if (import.meta.main) {
  const [store = "", key = "", count = ""] = Deno.args;
  let nowMs = 0;
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: systemClock.sleep,
    timeout: systemClock.timeout,
  };
  const random = Math.random;
  const work = { statements: 0, rowsRead: 0, rowsWritten: 0, databaseMs: 0 };
  const open = async () => countingBackend(await openPostgresBackend(store), work);
  await using kv = createKv(lazyBackend(open, { retry: { clock: systemClock, random } }));
  const deps = await depsFor({ key }, {
    clock,
    random,
    store: createRunStore(kv),
    log: (level, message) => {
      if (level === "WARNING" || level === "ERROR") console.error(message);
    },
  });
  const service: Service = {
    deps,
    kv,
    schedules: hourlySchedules(Number(count)),
    timeline: PRODUCTION,
    ownTick: { failed: null },
    fetch,
    env: () => undefined,
    readTextFile: Deno.readTextFile,
  };
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      nowMs = Number(line);
      Object.assign(work, { statements: 0, rowsRead: 0, rowsWritten: 0, databaseMs: 0 });
      const startedMs = performance.now();
      const { didTick, submitted, polled, isCutShort } = await tick(service);
      const tookMs = performance.now() - startedMs;
      const figures: TickFigures = { didTick, submitted, polled, isCutShort, tookMs, ...work };
      console.log(JSON.stringify(figures));
    }
  }
}

/** Hourly, spread over the minutes of the hour and over workflows. */
function hourlySchedules(count: number): readonly Schedule[] {
  return defineSchedules(
    Array.from({ length: count }, (_, index) => ({
      name: `s${index}`,
      cron: `${index % 60} * * * *`,
      workflow: `w${index % WORKFLOWS}`,
    })),
  );
}

interface Work {
  statements: number;
  rowsRead: number;
  rowsWritten: number;
  databaseMs: number;
}

function countingBackend(backend: StoreBackend, work: Work): StoreBackend {
  const timed = async <T>(act: () => Promise<T>): Promise<T> => {
    const startedMs = performance.now();
    const result = await act();
    work.statements++;
    work.databaseMs += performance.now() - startedMs;
    return result;
  };
  return {
    ...backend,
    async read(keys) {
      const rows = await timed(() => backend.read(keys));
      work.rowsRead += rows.length;
      return rows;
    },
    async page(query) {
      const rows = await timed(() => backend.page(query));
      work.rowsRead += rows.length;
      return rows;
    },
    write(write) {
      work.rowsWritten += write.sets.length + write.deletes.length + write.sums.length;
      return timed(() => backend.write(write));
    },
  };
}
