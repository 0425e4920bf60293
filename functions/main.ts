/**
 * Deno Deploy's entry point, started by `deno run`. Deploy finds the cron trigger by evaluating the module's top level, so
 * both calls are synchronous, and the trigger's name and schedule are literals (Deno Deploy reference, "Cron").
 */

import { closingOnSignals, shutDown } from "../lib/cli/closing.ts";
import { tickHandler } from "../lib/scheduler/cron.ts";
import { onceUnlessFailed } from "../lib/once_unless_failed.ts";
import { openService } from "../lib/scheduler/service.ts";
import { DEFAULT_TICK, tick, type TickReport } from "../lib/scheduler/tick.ts";
import { createHandler } from "../lib/server/app.ts";
import { readAccessKeys } from "../lib/server/auth.ts";
import { host } from "./host.ts";
import { schedules } from "./schedules.ts";

const { env, log } = host;
const open = onceUnlessFailed(() => openService({ host, schedules, store: env("PW_STORE_URL") || "deno-kv:" }));
const closing = closingOnSignals();
const { signal } = closing;
const ticks = new Set<Promise<unknown>>();

/** The shutdown waits for it: a tick that is cut off would hold its lock for most of a minute. */
async function ring(): Promise<TickReport> {
  const ticking = tick(await open(), { ...DEFAULT_TICK, signal });
  ticks.add(ticking);
  return await ticking.finally(() => ticks.delete(ticking));
}

Deno.cron("pw-workflow-runner schedules", "* * * * *", tickHandler(ring, log));
const server = Deno.serve(createHandler({ open, keys: readAccessKeys(env), log, closing: signal }));

closing.started
  .then(() => shutDown(server, Promise.allSettled(ticks), async () => await (await open()).kv[Symbol.asyncDispose]()))
  .finally(() => Deno.exit(0));
