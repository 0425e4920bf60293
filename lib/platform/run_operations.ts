import type { Client } from "./client.ts";

/** The operations that depend on the API version. The client provides their options. */
export type RunOperations = {
  [Name in "submit" | "dryRun" | "getRun" | "listRuns" | "cancelRun" | "deleteRun" | "readRunFile"]: (
    ...args: Required<Parameters<Client[Name]>>
  ) => ReturnType<Client[Name]>;
};
