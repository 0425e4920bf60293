/**
 * Deno Deploy's entry point, started by `deno run`. Deploy finds the cron trigger by evaluating the module's top level, so
 * both calls are synchronous, and the trigger's name and schedule are literals (Deno Deploy reference, "Cron").
 */

import { tickHandler } from "../lib/scheduler/cron.ts";
import { onceUnlessFailed } from "../lib/once_unless_failed.ts";
import { openService } from "../lib/scheduler/service.ts";
import { tick } from "../lib/scheduler/tick.ts";
import { createHandler } from "../lib/server/app.ts";
import { readAccessKeys } from "../lib/server/auth.ts";
import { host } from "./host.ts";
import { schedules } from "./schedules.ts";

const { env, log } = host;
const open = onceUnlessFailed(() => openService({ host, schedules, store: env("PW_STORE_URL") || "deno-kv:" }));

Deno.cron("pw-workflow-runner schedules", "* * * * *", tickHandler(async () => await tick(await open()), log));
Deno.serve(createHandler({ open, keys: readAccessKeys(env), log }));
