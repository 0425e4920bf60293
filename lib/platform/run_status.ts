/** The platform's words for where a run stands, in ours. */

import type { Run, RunStatus } from "../run.ts";

type KnownStatus = { readonly status: RunStatus; readonly isFinal: boolean };

const RUNNING: KnownStatus = { status: "running", isFinal: false };
/** Failed, but its other jobs may still be winding down. */
const FAILING: KnownStatus = { status: "failed", isFinal: false };

/** `faulted`: a job failed while others wind down. `failed` was never observed, but its meaning is clear. */
const STATUS_OF_WORD: ReadonlyMap<string, KnownStatus> = new Map([
  ["running", RUNNING],
  ["canceling", RUNNING],
  ["cancelling", RUNNING],
  ["completed", { status: "completed", isFinal: true }],
  ["error", { status: "failed", isFinal: true }],
  ["failed", { status: "failed", isFinal: true }],
  ["canceled", { status: "cancelled", isFinal: true }],
  ["cancelled", { status: "cancelled", isFinal: true }],
  ["faulted", FAILING],
]);

/**
 * @param platformStatus As the platform wrote it.
 * @param completedAt When set, an unknown status cannot mean that the run continues.
 */
export function readStatus(
  platformStatus: string,
  completedAt: string | null,
): Pick<Run, "status" | "isFinal" | "platformStatus" | "isStatusKnown"> {
  const known = STATUS_OF_WORD.get(platformStatus.toLowerCase());
  return { ...known ?? (completedAt === null ? RUNNING : FAILING), platformStatus, isStatusKnown: known !== undefined };
}
