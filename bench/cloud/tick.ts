/** A tick as the cron trigger calls it, with nothing due: neither schedule has an occurrence near this hour. */

import { onceUnlessFailed } from "../../lib/once_unless_failed.ts";
import { openService } from "../../lib/scheduler/service.ts";
import { tickHandler } from "../../lib/scheduler/cron.ts";
import { host } from "../../functions/host.ts";
import { tick } from "../../lib/scheduler/tick.ts";
import { defineSchedules } from "../../lib/scheduler/define.ts";

const hour = new Date().getUTCHours();
const [soon, later] = [(hour + 9) % 24, (hour + 12) % 24];
const schedules = defineSchedules([
  { name: "nightly", cron: `30 ${later} * * *`, timeZone: "America/Chicago", workflow: "hello-world" },
  { name: "working-days", cron: `0 ${soon},${later} * * MON-FRI`, workflow: "hello-world", jitter: "5m" },
]);
const open = onceUnlessFailed(() => openService({ host, schedules, store: `deno-kv:${Deno.args[0]}` }));
Deno.cron("tick", "* * * * *", tickHandler(async () => await tick(await open()), host.log));
await tick(await open());
console.log("ticked");
