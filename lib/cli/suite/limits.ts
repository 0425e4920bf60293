import { countCases, type ReportCase } from "../../reports/report.ts";
import { maxSkippedOf, type SuiteValues } from "./options.ts";

/**
 * Makes failures of the flaky and skipped cases that are failures by option.
 *
 * @throws UsageError for a bad limit.
 */
export function limitsOf(
  values: Pick<SuiteValues, "failOnFlaky" | "maxSkipped">,
): (cases: readonly ReportCase[]) => readonly ReportCase[] {
  const maxSkipped = maxSkippedOf(values);
  return (cases) => {
    const isOver = maxSkipped !== null && countCases(cases).skipped > maxSkipped(cases.length);
    return cases.map((one) => {
      if (one.isFlaky && values.failOnFlaky === true && !one.isQuarantined) {
        return { ...one, isFailure: true, reason: "flaky: it passed after a failed attempt (--fail-on-flaky)" };
      }
      if (isOver && one.verdict === "skipped") return { ...one, isFailure: true };
      return one;
    });
  };
}
