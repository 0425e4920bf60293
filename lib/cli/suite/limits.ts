import { countCases, type ReportCase } from "../../reports/report.ts";
import { maxSkippedOf, type SuiteValues } from "./options.ts";

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
