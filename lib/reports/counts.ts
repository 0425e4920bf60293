import { countCases, type ReportCase } from "./report.ts";
import { type Verdict, VERDICT_TEXTS, VERDICTS } from "./verdict.ts";

const PLURALS: Partial<Record<Verdict, string>> = {
  "known-failure": "known failures",
  "unexpected-pass": "unexpected passes",
  "error": "errors",
};

/** Like `3 passed (1 flaky), 1 failed, 2 skipped`. */
export function formatCounts(cases: readonly ReportCase[]): string {
  const counts = countCases(cases);
  const parts = VERDICTS.toReversed().flatMap((verdict) => {
    if (counts[verdict] === 0) return [];
    const flaky = verdict === "passed" && counts.flaky > 0 ? ` (${counts.flaky} flaky)` : "";
    const text = counts[verdict] > 1 ? PLURALS[verdict] : undefined;
    return [`${counts[verdict]} ${text ?? VERDICT_TEXTS[verdict]}${flaky}`];
  });
  const quarantined = counts.quarantined === 0 ? [] : [`${counts.quarantined} of them quarantined`];
  return parts.length === 0 ? "no cases" : [...parts, ...quarantined].join(", ");
}
