import type { Client } from "./client.ts";
import type { RunId } from "../run.ts";

/** The operations that depend on the API version. */
export type RunOperations = Pick<
  Client,
  "submit" | "dryRun" | "getRun" | "listRuns" | "cancelRun" | "deleteRun" | "readRunFile" | "runningSteps"
>;

/** A slug, or `WORKFLOW#NUMBER`. */
export function formatRunId(runId: RunId): string {
  return runId.type === "slug" ? runId.slug : `${runId.workflow}#${runId.number}`;
}
