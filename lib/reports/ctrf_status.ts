import type { ReportCase } from "./report.ts";

export type Status = "passed" | "failed" | "skipped" | "other";

/** The status of a case in the format's terms; `rawStatus` has ours. */
export function ctrfStatus(
  { verdict, isFailure, isQuarantined }: Pick<ReportCase, "verdict" | "isFailure" | "isQuarantined">,
): Status {
  if (isFailure) return "failed";
  switch (verdict) {
    case "passed":
    case "unexpected-pass":
      return "passed";
    case "failed":
    case "error":
      return isQuarantined ? "other" : "failed";
    case "known-failure":
    case "skipped":
      return "skipped";
    case "not-judged":
    case "not-run":
      return "other";
  }
}
