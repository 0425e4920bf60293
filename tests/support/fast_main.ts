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
/** A file for the system time at which this process starts the clock, which stood at the epoch until then. */
export const STARTED_VARIABLE = "TEST_STARTED_FILE";

/** Starts with `epochMs`, at an instant of the system clock, and runs `speed` times as fast. */
export function sharedClock(epochMs: number, speed: number, startedMs = epochMs): Clock {
  return {
    now: () => epochMs + (Date.now() - startedMs) * speed,
    monotonic: () => performance.now() * speed,
    sleep: (durationMs, options) => systemClock.sleep(durationMs / speed, options),
    // Request timeouts are real time: the network does not run faster.
    timeout: (durationMs) => systemClock.timeout(durationMs),
  };
}

if (import.meta.main) {
  const epochMs = Number(Deno.env.get(EPOCH_VARIABLE));
  const file = Deno.env.get(STARTED_VARIABLE);
  const startedMs = file === undefined ? epochMs : Date.now();
  if (file !== undefined) Deno.writeTextFileSync(file, `${startedMs}`);
  const clock = sharedClock(epochMs, Number(Deno.env.get(SPEED_VARIABLE)), startedMs);
  Deno.exit(await runCommandLine({ ...systemContext(""), clock }));
}
