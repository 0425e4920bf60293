import type { Client } from "./client.ts";

/** The operations that depend on the API version. */
export type RunOperations = Pick<
  Client,
  "submit" | "dryRun" | "getRun" | "listRuns" | "cancelRun" | "readRunFile"
>;
