/** What both families of routes can be asked about runs. */

import type { Client } from "./client.ts";
import type { RunId } from "../run.ts";

export type RunOperations = Pick<
  Client,
  "submit" | "dryRun" | "getRun" | "listRuns" | "cancelRun" | "deleteRun" | "readRunFile" | "runningSteps"
>;

/** A run as people name it. */
export function runName(runId: RunId): string {
  return runId.type === "slug" ? runId.slug : `${runId.workflow}#${runId.number}`;
}
