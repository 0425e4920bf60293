/** Our tick, with nothing due, as the bell would ring it. */

import { openCloud, openOnce } from "../../functions/cloud.ts";
import { hostBell, ringEveryMinute } from "../../functions/cron.ts";
import { schedules } from "../../functions/schedules.ts";
import { tick } from "../../functions/tick.ts";

const open = openOnce(() => openCloud({ schedules, kvPath: Deno.args[0] }));
ringEveryMinute(async () => await tick(await open()), { bell: hostBell(), log: () => {} });
await tick(await open());
console.log("ticked");
