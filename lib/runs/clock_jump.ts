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

/**
 * Moves every instant that an elapsed time is computed from by `jumpMs`; the time of creation stays.
 *
 * @param before The submission before a step in which the clock was set: what the step wrote at its end is of the new clock.
 */
export function moveInstants(submission: Submission, jumpMs: number, before?: Submission): Submission {
  if (jumpMs === 0 || !isOpen(submission)) return submission;
  const moved = { ...submission, ...movedIn(submission, jumpMs, before) };
  if (moved.state !== "unconfirmed" || moved.reconciliation === null) return moved;
  const earlier = before?.state === "unconfirmed" ? before.reconciliation : null;
  const searching = movedIn(moved.reconciliation, jumpMs, before && (earlier ?? {}));
  return { ...moved, reconciliation: { ...moved.reconciliation, ...searching } };
}

/** A stored submission as of now: the clock may have been set back since it was written. */
export function withoutFuture(submission: Submission, nowMs: number): Submission {
  return moveInstants(submission, Math.min(0, nowMs - submission.updatedAtMs));
}

/** Steps write these as of their start. */
const OF_START: readonly string[] = ["sentAtMs", "retryingSinceMs", "unreachableSinceMs"];

function movedIn(record: object, jumpMs: number, before: object = record): Readonly<Record<string, number>> {
  const instants = Object.entries(record).filter(([name, value]) =>
    /(?:At|[sS]ince)Ms$/.test(name) && name !== "createdAtMs" &&
    (value === Reflect.get(before, name) || OF_START.includes(name))
  );
  return Object.fromEntries(
    instants.flatMap(([name, value]) => typeof value === "number" ? [[name, value + jumpMs]] : []),
  );
}
