/** How the cloud side takes a turn: nobody waits, so nothing is ever given up for lack of contact. */

import { DEFAULT_PACE } from "../lib/executor/pace.ts";
import type { TurnOptions } from "../lib/executor/turn.ts";
import type { Submitted } from "../lib/model.ts";

/** A submit that can't have started a run, or could not start a second one, is repeated for so long. */
const SUBMIT_TIMEOUT_MS = 60 * 60_000;

/** @param submitted What results say of this turn: `no` for one that only looks. */
export function turnOptions(signal: AbortSignal, submitted: Submitted = "yes"): TurnOptions {
  return {
    signal,
    submitted,
    pace: DEFAULT_PACE,
    submitTimeoutMs: SUBMIT_TIMEOUT_MS,
    lostContactAfterMs: null,
  };
}
