/**
 * A process that ticks on the simulated week's schedules: `tick_worker.ts STORE KEY`. Each line of stdin is the instant of
 * a tick, in milliseconds; each is answered by a line.
 */

import { type Clock, systemClock } from "../../../lib/clock.ts";
import { defineSchedules } from "../../../lib/scheduler/define.ts";
import { PRODUCTION } from "../../../lib/scheduler/schedule.ts";
import { tick } from "../../../lib/scheduler/tick.ts";
import { openKv } from "../../../lib/store/open_kv.ts";
import { createRunStore } from "../../../lib/store/run_store.ts";
import { depsFor } from "../../support/deps.ts";
import { WEEK_SCHEDULES } from "./week.ts";

const MAX_SLEEP_MS = 20;

const [store = "", key = ""] = Deno.args;
let nowMs = 0;
const clock: Clock = {
  now: () => nowMs,
  monotonic: () => nowMs,
  sleep: (durationMs, options) => systemClock.sleep(Math.min(durationMs, MAX_SLEEP_MS), options),
  timeout: (durationMs) => systemClock.timeout(durationMs),
};
const random = Math.random;
await using kv = openKv(store, { clock: systemClock, random, onSetAside: null });
const deps = await depsFor({ key }, { clock, random, store: createRunStore(kv) });
const service = {
  deps,
  kv,
  schedules: defineSchedules(WEEK_SCHEDULES),
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
    try {
      console.log((await tick(service)).didTick ? "ticked" : "locked");
    } catch (error) {
      console.log(`failed: ${error instanceof Error ? error.message : error}`);
    }
  }
}
