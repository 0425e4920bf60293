/**
 * Elapsed times are computed from stored instants, which other processes share. When the machine's clock is set during a
 * wait, these instants are moved along with it, so that no wait ends early or takes longer.
 */

import type { Clock } from "../clock.ts";
import { isOpen, type Submission } from "../submission.ts";

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
  if (jumpMs === 0 || !isOpen(submission)) return submission;
  const moved = { ...submission, ...movedIn(submission, jumpMs) };
  if (moved.state !== "unconfirmed" || moved.reconciliation === null) return moved;
  return { ...moved, reconciliation: { ...moved.reconciliation, ...movedIn(moved.reconciliation, jumpMs) } };
}

/** A stored submission as of now: the clock may have been set back since it was written. */
export function withoutFuture(submission: Submission, nowMs: number): Submission {
  return moveInstants(submission, Math.min(0, nowMs - submission.updatedAtMs));
}

function movedIn(record: object, jumpMs: number): Readonly<Record<string, number>> {
  const instants = Object.entries(record).filter(([name]) => /(?:At|[sS]ince)Ms$/.test(name) && name !== "createdAtMs");
  return Object.fromEntries(
    instants.flatMap(([name, value]) => typeof value === "number" ? [[name, value + jumpMs]] : []),
  );
}
