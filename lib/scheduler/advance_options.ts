import { DEFAULT_POLL_INTERVAL } from "../runs/poll_interval.ts";
import type { AdvanceOptions } from "../runs/advance_result.ts";
import type { Submitted } from "../result.ts";

/** How long a submit is repeated, as long as it can't have started a run or could not start a second one. */
const SUBMIT_TIMEOUT_MS = 60 * 60_000;

/**
 * The service's options for `advance`. A run is never given up because the platform is unreachable: the service has no
 * user waiting for it.
 *
 * @param submitted The `submitted` value of the results; `no` when the call only polls.
 */
export function advanceOptions(signal: AbortSignal, submitted: Submitted = "yes"): AdvanceOptions {
  return {
    signal,
    submitted,
    pollInterval: DEFAULT_POLL_INTERVAL,
    submitTimeoutMs: SUBMIT_TIMEOUT_MS,
    unreachableTimeoutMs: null,
  };
}
