/**
 * The real program with a fast clock that several processes share: a one-minute search takes a second, and a process
 * that resumes a run continues at the time of the previous process.
 */

import type { Clock } from "../../lib/clock.ts";
import { systemClock } from "../../lib/clock.ts";
import { runCommandLine } from "../../lib/cli/program.ts";
import { systemContext } from "../../lib/cli/system_context.ts";

export const EPOCH_VARIABLE = "TEST_EPOCH_MS";
export const SPEED_VARIABLE = "TEST_SPEED";

/** Starts at `epochMs` of the system clock and runs `speed` times as fast. */
export function sharedClock(epochMs: number, speed: number): Clock {
  return {
    now: () => epochMs + (Date.now() - epochMs) * speed,
    monotonic: () => performance.now() * speed,
    sleep: (durationMs, options) => systemClock.sleep(durationMs / speed, options),
    // Request timeouts are real time: the network does not run faster.
    timeout: (durationMs) => systemClock.timeout(durationMs),
  };
}

if (import.meta.main) {
  const epochMs = Number(Deno.env.get(EPOCH_VARIABLE));
  const clock = sharedClock(epochMs, Number(Deno.env.get(SPEED_VARIABLE)));
  Deno.exit(await runCommandLine({ ...systemContext(""), clock }));
}
