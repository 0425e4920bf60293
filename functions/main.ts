/** What Deno Deploy runs: the bell at the module's top level, and the HTTP face. */

import { readKeys } from "../lib/server/auth.ts";
import { openOnce, openService } from "../lib/scheduler/service.ts";
import { systemCronTrigger, tickEveryMinute } from "../lib/scheduler/cron.ts";
import { createHandler } from "../lib/server/app.ts";
import { schedules } from "./schedules.ts";
import { tick } from "../lib/scheduler/tick.ts";

const env = (name: string) => Deno.env.get(name);
const open = openOnce(() => openService({ schedules, kvPath: env("PW_KV_PATH") || undefined }));

tickEveryMinute(async () => await tick(await open()), {
  cronTrigger: systemCronTrigger(),
  // deno-lint-ignore no-console -- the host collects what functions print
  log: (level, message) => console.log(`${level} ${message}`),
});

/** As Deno Deploy and `deno serve` want it. */
export default { fetch: createHandler({ open, keys: readKeys(env) }) };
