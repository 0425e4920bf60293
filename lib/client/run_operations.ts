/** What both families of routes can be asked about runs. */

import type { Client } from "./client.ts";
import type { RunHandle } from "../model.ts";

export type RunOperations = Pick<
  Client,
  "submit" | "dryRun" | "getRun" | "listRuns" | "cancelRun" | "deleteRun" | "readRunFile" | "runningSteps"
>;

/** A run as people name it. */
export function runName(handle: RunHandle): string {
  return handle.type === "slug" ? handle.slug : `${handle.workflow}#${handle.number}`;
}
