/**
 * Elapsed times are computed from stored instants, which other processes share. When the machine's clock is set during a
 * wait, these instants are moved along with it, so that no wait ends early or takes longer.
 */

import type { Clock } from "../clock.ts";
import type { Submission } from "../submission.ts";

/** Slower changes are a clock that is being corrected gradually; they add up. */
const MIN_JUMP_MS = 1_000;

/**
 * Detects that the wall clock was set.
 *
 * @returns A function that returns by how much since it was last called, milliseconds; 0 in most cases.
 */
export function createJumpDetector(clock: Pick<Clock, "now" | "monotonic">): () => number {
  let offsetMs = clock.now() - clock.monotonic();
  return () => {
    const jumpMs = Math.round(clock.now() - clock.monotonic() - offsetMs);
    if (Math.abs(jumpMs) < MIN_JUMP_MS) return 0;
    offsetMs += jumpMs;
    return jumpMs;
  };
}

/** Moves every instant that an elapsed time is computed from by `jumpMs`; the time of creation stays. */
export function moveInstants(submission: Submission, jumpMs: number): Submission {
  if (jumpMs === 0) return submission;
  const move = (instantMs: number) => instantMs + jumpMs;
  const moveOrNull = (instantMs: number | null) => instantMs === null ? null : instantMs + jumpMs;
  const due = { nextPollAtMs: move(submission.nextPollAtMs), updatedAtMs: move(submission.updatedAtMs) };
  switch (submission.state) {
    case "pending":
      return { ...submission, ...due, retryingSinceMs: moveOrNull(submission.retryingSinceMs) };
    case "unconfirmed": {
      const { reconciliation, retryingSinceMs, sentAtMs } = submission;
      return {
        ...submission,
        ...due,
        retryingSinceMs: moveOrNull(retryingSinceMs),
        sentAtMs: move(sentAtMs),
        reconciliation: reconciliation === null ? null : { ...reconciliation, sinceMs: move(reconciliation.sinceMs) },
      };
    }
    case "active":
      return {
        ...submission,
        ...due,
        startedAtMs: move(submission.startedAtMs),
        lastPolledAtMs: move(submission.lastPolledAtMs),
        ...(submission.listedAtMs === undefined ? {} : { listedAtMs: move(submission.listedAtMs) }),
        unreachableSinceMs: moveOrNull(submission.unreachableSinceMs),
        missingSinceMs: moveOrNull(submission.missingSinceMs),
        failingSinceMs: moveOrNull(submission.failingSinceMs),
      };
    case "finished":
    case "rejected":
      return submission;
  }
}
