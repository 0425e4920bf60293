import { countCases, type ReportCase } from "../../reports/report.ts";
import { maxSkippedOf, type SuiteValues } from "./options.ts";

/** Exit codes of `test`, by kind. */
export const SUITE_EXIT_CODES = { passed: 0, failed: 1, not_judged: 8, submit_unknown: 6 } as const;

export type SuiteKind = keyof typeof SUITE_EXIT_CODES;

/** A failure comes first; then cases that could not be judged, or none that could. */
export function suiteKind(cases: readonly ReportCase[]): SuiteKind {
  const isUnknown = ({ attempts }: ReportCase) => {
    const end = attempts.at(-1)?.end;
    return end?.type === "result" && end.result.kind === "submit_unknown";
  };
  if (cases.some(isUnknown)) return "submit_unknown";
  const counts = countCases(cases);
  if (counts.failures > 0) return "failed";
  const unjudged = cases.filter(({ verdict, isQuarantined }) =>
    !isQuarantined && (verdict === "not-judged" || verdict === "not-run" || verdict === "error")
  );
  const judged = counts.passed + counts.failed + counts["known-failure"] + counts["unexpected-pass"];
  return unjudged.length > 0 || judged === 0 ? "not_judged" : "passed";
}

/** Flaky and skipped cases that are failures by option. */
export function withLimits(
  cases: readonly ReportCase[],
  values: Pick<SuiteValues, "failOnFlaky" | "maxSkipped">,
  count: number,
): readonly ReportCase[] {
  const maxSkipped = maxSkippedOf(values, count);
  const isOver = maxSkipped !== null && countCases(cases).skipped > maxSkipped;
  return cases.map((one) => {
    if (one.isFlaky && values.failOnFlaky === true && !one.isQuarantined) {
      return { ...one, isFailure: true, reason: "flaky: it passed after a failed attempt (--fail-on-flaky)" };
    }
    if (isOver && one.verdict === "skipped") return { ...one, isFailure: true };
    return one;
  });
}
