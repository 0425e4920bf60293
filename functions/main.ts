/**
 * Deno Deploy's entry point, started by `deno run`. Deploy finds the cron trigger by evaluating the module's top level, so
 * both calls are synchronous, and the trigger's name and schedule are literals (Deno Deploy reference, "Cron").
 */

import { closingOnSignals, shutDown } from "../lib/cli/closing.ts";
import { messageWithHint } from "../lib/errors.ts";
import { scheduledTick, tickHandler } from "../lib/scheduler/cron.ts";
import { onceUnlessFailed } from "../lib/once_unless_failed.ts";
import { openService } from "../lib/scheduler/service.ts";
import { createHandler } from "../lib/server/app.ts";
import { readAccessKeys } from "../lib/server/auth.ts";
import { host } from "./host.ts";
import { schedules } from "./schedules.ts";

const { env, log } = host;
const closing = closingOnSignals();
const { signal } = closing;
const open = onceUnlessFailed(() =>
  openService({ host, schedules, store: env("PW_STORE_URL")?.trim() || "deno-kv:", signal })
);
const ticks = new Set<Promise<void>>();
const onTick = tickHandler(() => scheduledTick(open, signal), log);

/** The shutdown waits for it: a tick that is cut off would hold its lock for most of a minute. */
async function onCron(): Promise<void> {
  const ticking = onTick();
  ticks.add(ticking);
  await ticking.finally(() => ticks.delete(ticking));
}

const keys = readAccessKeys(env);

Deno.cron("pw-workflow-runner schedules", "* * * * *", onCron);
const server = Deno.serve(createHandler({ open, keys, log, closing: signal }));

// What is wrong with the configuration is logged now, and not only at the first tick or request.
if (typeof keys === "string") log("WARNING", `Access is not configured: ${keys}`);
open().catch((error) => {
  if (!signal.aborted) log("ERROR", `The service cannot start: ${messageWithHint(error)}`);
});

closing.started
  .then(() => shutDown(server, Promise.allSettled(ticks), async () => await (await open()).kv[Symbol.asyncDispose]()))
  .finally(() => Deno.exit(0));
