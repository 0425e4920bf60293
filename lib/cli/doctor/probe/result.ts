import type { ServerCapabilities } from "../../../capabilities.ts";

export type ProbeResult = Readonly<typeof UNDETERMINED>;

/** A value that the checks may replace by another one of its type. */
const initially = <Type>(value: Type): Type => value;

/**
 * Before the first check, with the members in the order of the document. Contains no name of a host, user, workflow or run,
 * so that it can be shared. `null` where the answer could not be determined.
 */
export const UNDETERMINED = {
  version: 1,
  /** RFC 3339, the date alone. */
  probedOn: "",
  routes: initially<"current" | "legacy" | "both">("current"),
  /** How the legacy API responds to GET of a run. */
  legacyRead: initially<"405" | "run" | null>(null),
  /**
   * What the server does with a requested slug. `unique`, `shared` and `existing` also describe a second submit of it:
   * refused, a second run with the same slug, or the first run again.
   */
  slugs: initially<"unique" | "shared" | "existing" | "ignored" | "refused" | null>(null),
  duplicateSlugStatus: initially<number | null>(null),
  dryRun: initially<"run" | "run-without-status" | "no-slug" | null>(null),
  cancelOfEnded: initially<number | null>(null),
  idInPath: initially<boolean | null>(null),
  errorBody: initially<"envelope" | "problem" | "other">("other"),
  listOrder: initially<"newest" | "oldest" | null>(null),
  /** `null` also when the account has too few runs to reach a limit. */
  maxLimit: initially<number | null>(null),
  /** How long a new run stays invisible, at a resolution of half a second. */
  readLagMs: initially<number | null>(null),
  listLagMs: initially<number | null>(null),
  workspace: initially<string | null>(null),
  clockSkewMs: initially<number | null>(null),
  /** HTTP statuses of deliberately wrong requests. */
  errors: { unknownRun: 0, unknownWorkflow: 0, malformedSubmit: 0 },
  sendsRetryAfter: false,
  sendsRateLimits: false,
  runningSteps: initially<boolean | null>(null),
  fileRanges: initially<boolean | null>(null),
  /** Statuses of jobs and steps that were seen. */
  statuses: initially<readonly string[]>([]),
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
