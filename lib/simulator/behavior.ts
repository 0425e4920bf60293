import type { ServerBehavior } from "./simulator.ts";

/** A server with the current API that accepts slugs and reports problems. */
export const DEFAULT_BEHAVIOR: ServerBehavior = {
  apiVersion: "current",
  legacyRead: "405",
  slugs: "unique",
  duplicateSlugStatus: 409,
  cancelOfEnded: 204,
  idInPath: false,
  errorBody: "problem",
  dryRun: "run",
  listOrder: "newest",
  maxLimit: 100,
  listLagMs: 0,
  readLagMs: 0,
  launchGapMs: 0,
  workspace: "Running",
  workspaceErrorStatus: 400,
  foreignRun: 404,
  logFileBytes: 10 * 1024 * 1024,
  rateLimit: Infinity,
  rateWindowMs: 1_000,
  clockSkewMs: 0,
  consent: "third-party",
};
