/** What to do with a due occurrence while earlier ones of its schedule are open. Pure. */

import type { Occurrence, Overlap } from "./schedule.ts";

export interface OpenOccurrence {
  readonly occurrenceId: string;
  readonly scheduledAtMs: number;
  /** `waiting`: not submitted; `open`: submitted, or possibly submitted; `cancelling`: its run is being cancelled. */
  readonly state: "waiting" | "open" | "cancelling";
}

export type OverlapDecision =
  | { readonly type: "submit" }
  | { readonly type: "skip"; readonly reason: SkipReason; readonly blockedBy: readonly string[] }
  /** The next tick decides again. */
  | { readonly type: "wait"; readonly blockedBy: readonly string[] }
  /** `cancel` may name waiting occurrences: those are skipped. Submitting need not wait until the runs have ended. */
  | { readonly type: "cancel-then-submit"; readonly cancel: readonly string[] }
  /** By an earlier tick. */
  | { readonly type: "already-submitted" };

export type SkipReason = "still-open" | "queue-full" | "newer-open";

/** A day of hourly runs. In a longer queue, runs would start too late to be useful. */
export const MAX_QUEUE_LENGTH = 24;

/**
 * A repeated tick gets the same decision. Several due occurrences are decided one after the other, earliest first, each
 * with the result of those before it.
 *
 * @param open The open occurrences of the schedule, possibly including `occurrence` itself.
 */
export function decideOverlap(
  overlap: Overlap,
  occurrence: Occurrence,
  open: readonly OpenOccurrence[],
): OverlapDecision {
  const own = open.find(({ occurrenceId }) => occurrenceId === occurrence.id);
  if (own !== undefined && own.state !== "waiting") return { type: "already-submitted" };
  const others = open.filter(({ occurrenceId }) => occurrenceId !== occurrence.id);
  // A later occurrence that is waiting comes after this one.
  const ahead = others.filter(({ state, scheduledAtMs }) =>
    state !== "waiting" || scheduledAtMs < occurrence.scheduledAtMs
  );
  switch (overlap) {
    case "allow":
      return { type: "submit" };
    case "skip":
      return ahead.length === 0 ? { type: "submit" } : { type: "skip", reason: "still-open", blockedBy: idsOf(ahead) };
    case "queue": {
      if (ahead.length === 0) return { type: "submit" };
      // The number ahead only decreases: an occurrence that is in the queue stays in it.
      const waiting = ahead.filter(({ state }) => state === "waiting");
      if (waiting.length >= MAX_QUEUE_LENGTH) return { type: "skip", reason: "queue-full", blockedBy: idsOf(waiting) };
      return { type: "wait", blockedBy: idsOf(ahead) };
    }
    case "cancel-previous": {
      const newer = others.filter(({ scheduledAtMs }) => scheduledAtMs > occurrence.scheduledAtMs);
      if (newer.length > 0) return { type: "skip", reason: "newer-open", blockedBy: idsOf(newer) };
      const cancel = others.filter(({ state }) => state !== "cancelling");
      return cancel.length === 0 ? { type: "submit" } : { type: "cancel-then-submit", cancel: idsOf(cancel) };
    }
    default:
      return overlap satisfies never;
  }
}

/** By scheduled time. */
function idsOf(occurrences: readonly OpenOccurrence[]): string[] {
  return occurrences.toSorted((a, b) => a.scheduledAtMs - b.scheduledAtMs).map(({ occurrenceId }) => occurrenceId);
}
