/** What Deno Deploy runs: the bell at the module's top level, and the HTTP face. */

import { readKeys } from "./access.ts";
import { openCloud, openOnce } from "./cloud.ts";
import { hostBell, ringEveryMinute } from "./cron.ts";
import { createHandler } from "./http.ts";
import { schedules } from "./schedules.ts";
import { tick } from "./tick.ts";

const env = (name: string) => Deno.env.get(name);
const open = openOnce(() => openCloud({ schedules, kvPath: env("PW_KV_PATH") || undefined }));

ringEveryMinute(async () => await tick(await open()), {
  bell: hostBell(),
  // deno-lint-ignore no-console -- the host collects what functions print
  log: (level, message) => console.log(`${level} ${message}`),
});

/** As Deno Deploy and `deno serve` want it. */
export default { fetch: createHandler({ open, keys: readKeys(env) }) };
