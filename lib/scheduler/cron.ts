/**
 * The minute bell. `Deno.cron` counts in UTC and by the minute (Deno manual, "Cron"). Deno Deploy finds it by evaluating
 * the module's top level as it deploys, rings on the production timeline and on that of each Git branch, skips a ring
 * while the one before is being answered, and repeats none that failed (Deno Deploy reference, "Cron"). So it is nothing
 * but the bell: which slots are due is ours to say.
 */

import { StorageError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { TickReport } from "./tick.ts";

/** As `Deno.cron` has it. */
export type CronTrigger = (name: string, schedule: string, onTick: () => Promise<void>) => unknown;

/**
 * Ticks every minute. A tick that fails is logged; the next one goes on.
 *
 * @throws StorageError when there is no bell.
 */
export function tickEveryMinute(
  tick: () => Promise<TickReport>,
  { cronTrigger, log }: { cronTrigger: CronTrigger | undefined; log: Log },
): void {
  if (cronTrigger === undefined) {
    throw new StorageError("Cannot keep schedules: this runtime was started without Deno.cron", {
      hint: 'Start it with --unstable-cron, or with "unstable": ["kv", "cron"] in deno.json',
    });
  }
  cronTrigger("pw-workflow-runner schedules", "* * * * *", async () => {
    try {
      const { didTick, submitted, looked, missedTicks, isCutShort } = await tick();
      if (submitted + missedTicks > 0 || isCutShort) {
        log("INFO", `Tick: ${submitted} submitted, ${looked} looked at${isCutShort ? ", cut short" : ""}`);
      }
      if (!didTick) log("INFO", "Another tick is under way");
    } catch (error) {
      log("ERROR", `A tick failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
}

/** The host's own bell, where it has one. */
export function systemCronTrigger(): CronTrigger | undefined {
  return typeof Deno.cron === "function" ? (name, schedule, onTick) => Deno.cron(name, schedule, onTick) : undefined;
}
