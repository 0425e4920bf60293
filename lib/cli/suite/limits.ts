import { UsageError } from "../../errors.ts";
import { countCases } from "../../reports/cases.ts";
import type { ReportCase } from "../../reports/report.ts";
import type { SuiteValues } from "./options.ts";

/**
 * Makes failures of the flaky and skipped cases that are failures by option.
 *
 * @throws UsageError unless `--max-skipped` is a number or a percentage.
 */
export function limitsOf(
  { failOnFlaky, maxSkipped }: Pick<SuiteValues, "failOnFlaky" | "maxSkipped">,
): (cases: readonly ReportCase[]) => readonly ReportCase[] {
  const [, digits, percent] = /^(\d+)(%?)$/.exec(maxSkipped ?? "100%") ?? [];
  if (digits === undefined) {
    throw new UsageError(`Cannot use --max-skipped ${maxSkipped}`, {
      hint: "Write a number, or a percentage like 10%",
    });
  }
  return (cases) => {
    const limit = percent === "%" ? Math.floor(cases.length * Number(digits) / 100) : Number(digits);
    const isOver = countCases(cases).skipped > limit;
    return cases.map((one) => {
      if (one.isFlaky && failOnFlaky === true && !one.isQuarantined) {
        return { ...one, isFailure: true, reason: "flaky: it passed after a failed attempt (--fail-on-flaky)" };
      }
      if (isOver && one.verdict === "skipped") return { ...one, isFailure: true };
      return one;
    });
  };
}
