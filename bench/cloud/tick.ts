/** Our tick, with nothing due, as the bell would ring it: two schedules run, and neither has a slot near this hour. */

import { openOnce, openService } from "../../lib/scheduler/service.ts";
import { systemCronTrigger, tickEveryMinute } from "../../lib/scheduler/cron.ts";
import { tick } from "../../lib/scheduler/tick.ts";
import { defineSchedules } from "../../lib/scheduler/define.ts";

const hour = new Date().getUTCHours();
const [soon, later] = [(hour + 9) % 24, (hour + 12) % 24];
const schedules = defineSchedules([
  { name: "nightly", cron: `30 ${later} * * *`, timeZone: "America/Chicago", workflow: "hello-world" },
  { name: "working-days", cron: `0 ${soon},${later} * * MON-FRI`, workflow: "hello-world", jitter: "5m" },
]);
const open = openOnce(() => openService({ schedules, kvPath: Deno.args[0] }));
tickEveryMinute(async () => await tick(await open()), { cronTrigger: systemCronTrigger(), log: () => {} });
await tick(await open());
console.log("ticked");
