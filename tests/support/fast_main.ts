/**
 * The real program, but its clock is one that many processes share and that runs fast: a minute of looking for a lost
 * run is waited out in a moment, and a process that takes over finds the time that the one before it left.
 */

import type { Clock } from "../../lib/clock.ts";
import { systemClock } from "../../lib/clock.ts";
import { main } from "../../lib/cli/program.ts";
import { systemContext } from "../../lib/cli/system_context.ts";

export const EPOCH_VARIABLE = "TEST_EPOCH_MS";
export const SPEED_VARIABLE = "TEST_SPEED";

/** Starts at `epochMs` of the machine's clock, and runs `speed` times as fast. */
export function sharedClock(epochMs: number, speed: number): Clock {
  return {
    now: () => epochMs + (Date.now() - epochMs) * speed,
    sleep: (durationMs, options) => systemClock.sleep(durationMs / speed, options),
    // A request's deadline is about the network, which does not run faster.
    timeout: (durationMs) => systemClock.timeout(durationMs),
  };
}

if (import.meta.main) {
  const epochMs = Number(Deno.env.get(EPOCH_VARIABLE));
  const clock = sharedClock(epochMs, Number(Deno.env.get(SPEED_VARIABLE)));
  Deno.exit(await main({ ...systemContext(""), clock }));
}
