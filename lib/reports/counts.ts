import { countCases, type ReportCase } from "./report.ts";
import { VERDICT_TEXTS, VERDICTS } from "./verdict.ts";

/** Like `3 passed (1 flaky), 1 failed, 2 skipped`. */
export function formatCounts(cases: readonly ReportCase[]): string {
  const counts = countCases(cases);
  const parts = VERDICTS.toReversed().flatMap((verdict) => {
    if (counts[verdict] === 0) return [];
    const flaky = verdict === "passed" && counts.flaky > 0 ? ` (${counts.flaky} flaky)` : "";
    return [`${counts[verdict]} ${VERDICT_TEXTS[verdict]}${flaky}`];
  });
  const quarantined = counts.quarantined === 0 ? [] : [`${counts.quarantined} of them quarantined`];
  return parts.length === 0 ? "no cases" : [...parts, ...quarantined].join(", ");
}
