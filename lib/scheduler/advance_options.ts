/** How the cloud side takes a turn: nobody waits, so nothing is ever given up for lack of contact. */

import { DEFAULT_POLL_INTERVAL } from "../runs/poll_interval.ts";
import type { AdvanceOptions } from "../runs/advance_result.ts";
import type { Submitted } from "../result.ts";

/** A submit that can't have started a run, or could not start a second one, is repeated for so long. */
const SUBMIT_TIMEOUT_MS = 60 * 60_000;

/** @param submitted What results say of this turn: `no` for one that only looks. */
export function advanceOptions(signal: AbortSignal, submitted: Submitted = "yes"): AdvanceOptions {
  return {
    signal,
    submitted,
    pollInterval: DEFAULT_POLL_INTERVAL,
    submitTimeoutMs: SUBMIT_TIMEOUT_MS,
    unreachableTimeoutMs: null,
  };
}
