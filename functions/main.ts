/** What Deno Deploy runs: the bell at the module's top level, and the HTTP face. */

import { readKeys } from "./access.ts";
import { openOnce, openService } from "./cloud.ts";
import { systemCronTrigger, tickEveryMinute } from "./cron.ts";
import { createHandler } from "./http.ts";
import { schedules } from "./schedules.ts";
import { tick } from "./tick.ts";

const env = (name: string) => Deno.env.get(name);
const open = openOnce(() => openService({ schedules, kvPath: env("PW_KV_PATH") || undefined }));

tickEveryMinute(async () => await tick(await open()), {
  cronTrigger: systemCronTrigger(),
  // deno-lint-ignore no-console -- the host collects what functions print
  log: (level, message) => console.log(`${level} ${message}`),
});

/** As Deno Deploy and `deno serve` want it. */
export default { fetch: createHandler({ open, keys: readKeys(env) }) };
