import type { ServerCapabilities } from "../../../capabilities.ts";

/**
 * Contains no name of a host, user, workflow or run, so that it can be shared. `null` where the answer could not be
 * determined.
 */
export interface ProbeResult {
  readonly version: 1;
  /** RFC 3339, the date alone. */
  readonly probedOn: string;
  readonly routes: "current" | "legacy" | "both";
  /** How the legacy API responds to GET of a run. */
  readonly legacyRead: "405" | "run" | null;
  /**
   * What the server does with a requested slug. `unique`, `shared` and `existing` also describe a second submit of it:
   * refused, a second run with the same slug, or the first run again.
   */
  readonly slugs: "unique" | "shared" | "existing" | "ignored" | "refused" | null;
  readonly duplicateSlugStatus: number | null;
  readonly dryRun: "run" | "run-without-status" | "no-slug" | null;
  readonly cancelOfEnded: number | null;
  readonly idInPath: boolean | null;
  readonly errorBody: "envelope" | "problem" | "other";
  readonly listOrder: "newest" | "oldest" | null;
  /** `null` also when the account has too few runs to reach a limit. */
  readonly maxLimit: number | null;
  /** How long a new run stays invisible, at a resolution of half a second. */
  readonly readLagMs: number | null;
  readonly listLagMs: number | null;
  readonly workspace: string | null;
  readonly clockSkewMs: number | null;
  /** HTTP statuses of deliberately wrong requests. */
  readonly errors: { readonly unknownRun: number; readonly unknownWorkflow: number; readonly malformedSubmit: number };
  readonly sendsRetryAfter: boolean;
  readonly sendsRateLimits: boolean;
  readonly runningSteps: boolean | null;
  readonly fileRanges: boolean | null;
  /** Statuses of jobs and steps that were seen. */
  readonly statuses: readonly string[];
}

/** Before the first check, with the members in the order of the document. */
export const UNDETERMINED: ProbeResult = {
  version: 1,
  probedOn: "",
  routes: "current",
  legacyRead: null,
  slugs: null,
  duplicateSlugStatus: null,
  dryRun: null,
  cancelOfEnded: null,
  idInPath: null,
  errorBody: "other",
  listOrder: null,
  maxLimit: null,
  readLagMs: null,
  listLagMs: null,
  workspace: null,
  clockSkewMs: null,
  errors: { unknownRun: 0, unknownWorkflow: 0, malformedSubmit: 0 },
  sendsRetryAfter: false,
  sendsRateLimits: false,
  runningSteps: null,
  fileRanges: null,
  statuses: [],
};

/** The capabilities that the client uses from now on. */
export function toServerCapabilities(
  { routes, slugs, duplicateSlugStatus }: ProbeResult,
  nowMs: number,
): ServerCapabilities {
  return {
    apiVersion: routes === "legacy" ? "legacy" : "current",
    apiVersionCheckedAtMs: nowMs,
    ...(slugs === null ? {} : {
      keepsSlug: slugs !== "ignored" && slugs !== "refused",
      refusesDuplicateSlug: slugs === "unique" && duplicateSlugStatus !== null,
    }),
  };
}
