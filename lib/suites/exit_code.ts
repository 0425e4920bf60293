import { countCases } from "../reports/cases.ts";
import type { ReportCase } from "../reports/report.ts";

/** How many runs of a suite at once, by default. */
export const DEFAULT_SUITE_JOBS = 8;

/** Exit codes of `test`, by kind. */
export const SUITE_EXIT_CODES = { passed: 0, failed: 1, not_judged: 8, submit_unknown: 6 } as const;

export type SuiteKind = keyof typeof SUITE_EXIT_CODES;

/** A failure comes first; then cases that could not be judged, or none that could. A shard may have no cases. */
export function suiteKind(cases: readonly ReportCase[]): SuiteKind {
  const isUnknown = ({ attempts }: ReportCase) => {
    const end = attempts.at(-1)?.end;
    // At a deadline, the search for a run ends without a result.
    return end?.type === "error" ? end.error.submitted === "unknown" : end?.result.kind === "submit_unknown";
  };
  if (cases.some(isUnknown)) return "submit_unknown";
  const counts = countCases(cases);
  if (counts.failures > 0) return "failed";
  const unjudged = cases.filter(({ verdict, isQuarantined }) =>
    !isQuarantined && (verdict === "not-judged" || verdict === "not-run" || verdict === "error")
  );
  const judged = counts.passed + counts.failed + counts["known-failure"] + counts["unexpected-pass"];
  return unjudged.length > 0 || (judged === 0 && cases.length > 0) ? "not_judged" : "passed";
}
