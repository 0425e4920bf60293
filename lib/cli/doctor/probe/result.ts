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

/** The part that is found without starting a run. */
export type ReadResult = Pick<ProbeResult, "clockSkewMs" | "workspace" | "errors" | "errorBody">;

/** The part that takes a run. */
export type RunProbeResult = Omit<
  ProbeResult,
  "version" | "probedOn" | "sendsRetryAfter" | "sendsRateLimits" | keyof ReadResult
>;

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
