import type { Run, RunStatus } from "../run.ts";

type StatusMapping = { readonly status: RunStatus; readonly isFinal: boolean };

const RUNNING: StatusMapping = { status: "running", isFinal: false };
/** Failed, but its other jobs may still be winding down. */
const FAILING: StatusMapping = { status: "failed", isFinal: false };

/** `faulted`: a job failed while others wind down. `failed` was never observed; its meaning is clear. */
const STATUS_OF_PLATFORM_STATUS: ReadonlyMap<string, StatusMapping> = new Map([
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
  const match = STATUS_OF_PLATFORM_STATUS.get(platformStatus.toLowerCase());
  return { ...match ?? (completedAt === null ? RUNNING : FAILING), platformStatus, isStatusKnown: match !== undefined };
}
