/** What trying a platform found out, without a name of anybody or anything in it: it may be handed on. */

import type { ServerCapabilities } from "../../../capabilities.ts";

/** An answer that could not be had is `null`. */
export interface PlatformProfile {
  readonly version: 1;
  /** RFC 3339, the day alone. */
  readonly triedOn: string;
  readonly routes: "current" | "legacy" | "both";
  /** What GET of a run answers on the older routes. */
  readonly nestedRead: "405" | "run" | null;
  /** What becomes of a caller's slug, and what a second submit of it is answered with. */
  readonly slugs: "unique" | "shared" | "existing" | "ignored" | "refused" | null;
  readonly duplicateSlugStatus: number | null;
  readonly dryRun: "run" | "run-without-status" | "no-slug" | null;
  readonly cancelOfEnded: number | null;
  readonly idInPath: boolean | null;
  readonly errorBody: "envelope" | "problem" | "other";
  readonly listOrder: "newest" | "oldest" | null;
  /** `null` when there were not enough runs to tell. */
  readonly maxLimit: number | null;
  /** How late a new run showed, milliseconds, as far as looking twice a second tells. */
  readonly readLagMs: number | null;
  readonly listLagMs: number | null;
  readonly workspace: string | null;
  readonly clockSkewMs: number | null;
  /** Statuses of errors that were provoked on purpose. */
  readonly errors: { readonly unknownRun: number; readonly unknownWorkflow: number; readonly malformedSubmit: number };
  readonly sendsRetryAfter: boolean;
  readonly sendsRateLimits: boolean;
  readonly runningSteps: boolean | null;
  readonly fileRanges: boolean | null;
  /** The words for jobs and steps that were seen. */
  readonly words: readonly string[];
}

/** What the client believes of a host from now on. */
export function hostProfileOf(
  { routes, slugs, duplicateSlugStatus }: PlatformProfile,
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
