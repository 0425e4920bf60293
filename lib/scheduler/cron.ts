/** The cron trigger: `Deno.cron` on Deno Deploy, a timer on a self-hosted server. */

import type { Clock } from "../clock.ts";
import { NotSubmitted } from "../errors.ts";
import type { Log } from "../log.ts";
import { checkInputs } from "./check_inputs.ts";
import type { Service } from "./service.ts";
import { DEFAULT_TICK, tick } from "./tick.ts";
import type { TickReport } from "./tick_context.ts";

const MINUTE_MS = 60_000;

/** A tick of the cron trigger, and from time to time a check of the inputs. */
export async function scheduledTick(open: () => Promise<Service>, signal: AbortSignal): Promise<TickReport> {
  const service = await open();
  const report = await tick(service, { ...DEFAULT_TICK, signal });
  if (report.didTick) await checkInputs(service, signal);
  return report;
}

/**
 * The handler of a cron trigger: runs one tick and logs its outcome. It rejects when the tick fails, so that the host
 * shows it: Deno Deploy lists each firing, and fires again in the next minute.
 */
export function tickHandler(tick: () => Promise<TickReport>, log: Log): () => Promise<void> {
  return async () => {
    try {
      const { didTick, submitted, polled, missedTicks, isCutShort, failure } = await tick();
      if (submitted + missedTicks > 0 || isCutShort) {
        log("INFO", `Tick: ${submitted} submitted, ${polled} polled${isCutShort ? ", cut short" : ""}`);
      }
      if (!didTick) log("INFO", "Another tick is in progress");
      if (failure !== null) throw new NotSubmitted(failure);
    } catch (error) {
      log("ERROR", `A tick failed: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  };
}

/**
 * Calls back at the start of every minute until aborted. A call that takes longer than a minute delays the next one.
 *
 * @param onTick Logs its failures itself: one that rejects is called again in the next minute.
 */
export async function everyMinute(clock: Clock, onTick: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(MINUTE_MS - clock.now() % MINUTE_MS, { signal });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    await onTick().catch(() => {});
  }
}
