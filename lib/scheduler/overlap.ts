/** What to do with a slot that is due while others of its schedule are still open. Pure. */

import type { Occurrence, Overlap } from "./schedule.ts";

/** What became of another slot of the same schedule that is not over yet. */
export interface OpenOccurrence {
  readonly occurrenceId: string;
  readonly atMs: number;
  /** `waiting` has not been submitted; `open` has been, or may have been; `cancelling` has been told to end. */
  readonly state: "waiting" | "open" | "cancelling";
}

export type Decision =
  | { readonly type: "submit" }
  /** To be reported. */
  | { readonly type: "skip"; readonly reason: SkipReason; readonly because: readonly string[] }
  /** Asked about again at the next tick. */
  | { readonly type: "wait"; readonly behind: readonly string[] }
  /** `cancel` may name slots that still wait: those are dropped. The submit need not await the runs' end. */
  | { readonly type: "cancel-then-submit"; readonly cancel: readonly string[] }
  /** This very slot has been submitted: a tick came twice. */
  | { readonly type: "nothing" };

export type SkipReason = "still-open" | "queue-full" | "newer-open";

/** A day of hours: more would only run later than anybody wants them. */
export const MAX_QUEUE_LENGTH = 24;

/**
 * Answers the same for a tick that comes twice. Several due slots are asked about one after the other, the earliest
 * first, each with what became of those before.
 *
 * @param open What is open of the schedule; the slot itself may be among it.
 */
export function decideOverlap(overlap: Overlap, occurrence: Occurrence, open: readonly OpenOccurrence[]): Decision {
  const own = open.find(({ occurrenceId }) => occurrenceId === occurrence.id);
  if (own !== undefined && own.state !== "waiting") return { type: "nothing" };
  const others = open.filter(({ occurrenceId }) => occurrenceId !== occurrence.id);
  // Who waits for a later slot stands behind us.
  const ahead = others.filter(({ state, atMs }) => state !== "waiting" || atMs < occurrence.atMs);
  switch (overlap) {
    case "allow":
      return { type: "submit" };
    case "skip":
      return ahead.length === 0 ? { type: "submit" } : { type: "skip", reason: "still-open", because: idsOf(ahead) };
    case "queue": {
      if (ahead.length === 0) return { type: "submit" };
      // Those ahead only become fewer: a slot that once had a place keeps it.
      const waiting = ahead.filter(({ state }) => state === "waiting");
      if (waiting.length >= MAX_QUEUE_LENGTH) return { type: "skip", reason: "queue-full", because: idsOf(waiting) };
      return { type: "wait", behind: idsOf(ahead) };
    }
    case "cancel-previous": {
      const newer = others.filter(({ atMs }) => atMs > occurrence.atMs);
      if (newer.length > 0) return { type: "skip", reason: "newer-open", because: idsOf(newer) };
      const cancel = others.filter(({ state }) => state !== "cancelling");
      return cancel.length === 0 ? { type: "submit" } : { type: "cancel-then-submit", cancel: idsOf(cancel) };
    }
    default:
      return overlap satisfies never;
  }
}

/** In the order of their slots. */
function idsOf(occurrences: readonly OpenOccurrence[]): string[] {
  return occurrences.toSorted((a, b) => a.atMs - b.atMs).map(({ occurrenceId }) => occurrenceId);
}
