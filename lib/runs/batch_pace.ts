/** The pace at which a batch submits: how many runs the server accepts, and whether it can be reached. */

import { NotSubmitted, ResponseLost, retryAfterOf, type RunnerError, Unreachable } from "../errors.ts";
import type { BatchState } from "./batch_state.ts";
import { MIN_REPORTED_OUTAGE_MS } from "./poll.ts";
import { MAX_RETRY_AFTER_MS, resubmitDelayMs } from "./poll_interval.ts";

export type Pace = ReturnType<typeof createPace>;

/** All instants are of the monotonic clock. */
export function createPace(state: BatchState) {
  const { deps: { clock, random }, options: { control, unreachableTimeoutMs }, open } = state;
  /** Below `control.jobs` while the server limits runs. */
  let allowedJobs = Infinity;
  /** Nothing is submitted until then. */
  let pausedUntilMs = -Infinity;
  /** Requests in a row that failed before anything was sent, and when the first of them did. */
  let [failures, failingSinceMs] = [0, Infinity];
  /** Since when no submit has reached the server; `null` while it responds. */
  let lostSinceMs: number | null = null;

  const countRunning = () => [...open].filter(({ submission }) => submission?.state === "active").length;
  /** Polls show whether the server can be reached. */
  const isPolling = () => countRunning() > 0;

  /** Half as many runs at once, and none before the server accepts them again. */
  const slowDown = (untilMs: number, reason: string) => {
    const isSlowed = allowedJobs < control.jobs;
    pausedUntilMs = Math.max(pausedUntilMs, untilMs);
    allowedJobs = Math.max(1, Math.floor(Math.min(allowedJobs, control.jobs, Math.max(countRunning(), 2)) / 2));
    if (isSlowed) return;
    const atMs = Math.round(clock.now() + untilMs - clock.monotonic());
    state.emit({ type: "slowed", jobs: allowedJobs, reason, untilMs: atMs });
  };

  /** Reports an outage that lasts, and its end. */
  const observe = (result: RunnerError | undefined) => {
    const error = result instanceof NotSubmitted ? result.cause : result;
    // Nothing was sent.
    if (error === undefined && result !== undefined) return;
    if (!(error instanceof Unreachable || error instanceof ResponseLost)) {
      if (lostSinceMs !== null) state.reportConnection(null);
      lostSinceMs = null;
      return;
    }
    if (isPolling()) return;
    lostSinceMs ??= clock.monotonic();
    if (clock.monotonic() - lostSinceMs >= MIN_REPORTED_OUTAGE_MS) state.reportConnection(error);
  };

  return {
    slowDown,
    observe,
    allowedJobs: () => Math.min(control.jobs, allowedJobs),
    pausedUntilMs: () => pausedUntilMs,
    /** After a submit that the server accepted. */
    speedUp() {
      if (allowedJobs < control.jobs) allowedJobs++;
    },
    /** After a request that was answered. */
    resetFailures() {
      [failures, failingSinceMs] = [0, Infinity];
    },
    /**
     * After a request that failed before anything was sent; ends the batch when that lasts too long.
     *
     * @returns For how long nothing is submitted, in milliseconds.
     */
    backOff(error: RunnerError): number {
      observe(error);
      const nowMs = clock.monotonic();
      failingSinceMs = Math.min(failingSinceMs, nowMs);
      const minDelayMs = Math.min(retryAfterOf(error) ?? 0, MAX_RETRY_AFTER_MS);
      const delayMs = resubmitDelayMs(++failures, random, minDelayMs);
      const isGivenUp = !isPolling() && nowMs - failingSinceMs >= (unreachableTimeoutMs ?? Infinity);
      if (isGivenUp) state.fail(error);
      else slowDown(nowMs + delayMs, error.message);
      return delayMs;
    },
  };
}
