/** The platform's words for where a run stands, in ours. */

import type { Run, RunPhase, RunStatus } from "../model.ts";

type Standing = { readonly status: RunStatus; readonly phase: RunPhase };

const GOING: Standing = { status: "running", phase: "going" };
const FAILING: Standing = { status: "failed", phase: "failing" };

/** `faulted` is left by the platform with jobs that still wind down; `failed` was never seen, but means one thing. */
const STANDING_OF_WORD: ReadonlyMap<string, Standing> = new Map([
  ["running", GOING],
  ["canceling", GOING],
  ["cancelling", GOING],
  ["completed", { status: "completed", phase: "ended" }],
  ["error", { status: "failed", phase: "ended" }],
  ["failed", { status: "failed", phase: "ended" }],
  ["canceled", { status: "cancelled", phase: "ended" }],
  ["cancelled", { status: "cancelled", phase: "ended" }],
  ["faulted", FAILING],
]);

/**
 * @param word As the platform wrote it.
 * @param completedAt With it, a word never seen can't mean that the run goes on.
 */
export function readStatus(
  word: string,
  completedAt: string | null,
): Pick<Run, "status" | "phase" | "platformStatus" | "isStatusKnown"> {
  const known = STANDING_OF_WORD.get(word.toLowerCase());
  const standing = known ?? (completedAt === null ? GOING : FAILING);
  return { ...standing, platformStatus: word, isStatusKnown: known !== undefined };
}
