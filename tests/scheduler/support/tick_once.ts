/**
 * Prepares one due occurrence and, as `tick_once.ts KEY tick`, ticks until its POST is sent: then the process ends, so that
 * its coverage shows what was entered up to there.
 */

import { systemClock } from "../../../lib/clock.ts";
import { defineSchedules } from "../../../lib/scheduler/define.ts";
import { scheduleProgressAt } from "../../../lib/scheduler/occurrences.ts";
import { scheduleProgressKey } from "../../../lib/scheduler/scheduler_store.ts";
import { openService } from "../../../lib/scheduler/service.ts";
import { tick } from "../../../lib/scheduler/tick.ts";

const [key = "", mode = ""] = Deno.args;
const schedules = defineSchedules([{ name: "each", cron: "* * * * *", workflow: "quick" }]);
const service = await openService({
  host: {
    env: (name) => name === "PW_API_KEY" ? key : undefined,
    fetch(input, init) {
      if (init?.method === "POST") Deno.exit(0);
      return fetch(input, init);
    },
    random: Math.random,
    readTextFile: Deno.readTextFile,
    log: () => {},
  },
  schedules,
  store: "memory:",
});
for (const schedule of schedules) {
  const progress = scheduleProgressAt(schedule, systemClock.now() - 60_000);
  await service.kv.atomic().set(scheduleProgressKey(schedule.name), progress).commit();
}
if (mode === "tick") await tick(service);
Deno.exit(mode === "tick" ? 1 : 0);
