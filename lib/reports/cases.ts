/** What all formats say of cases, in the same words. */

import { formatDuration } from "../duration.ts";
import { type Report, type ReportCase, type ReportExpectation, type Verdict, VERDICTS } from "./report.ts";

/** How people read it. */
export function verdictText(verdict: Verdict): string {
  return verdict.replace("-", " ");
}

export type Status = "passed" | "failed" | "skipped" | "other";

interface VerdictLook {
  /** In the terms of CTRF, unless it is a failure. */
  readonly status: Status;
  readonly emoji: string;
  readonly sign: string;
  readonly tone: "success" | "error" | "warning" | "neutral";
  /** If it is not the verdict's own text. */
  readonly plural?: string;
}

export const VERDICT_LOOKS: Readonly<Record<Verdict, VerdictLook>> = {
  "passed": { status: "passed", emoji: "✅", sign: "✓", tone: "success" },
  "failed": { status: "failed", emoji: "❌", sign: "✗", tone: "error" },
  "known-failure": { status: "skipped", emoji: "🔶", sign: "~", tone: "neutral", plural: "known failures" },
  "unexpected-pass": { status: "passed", emoji: "❗", sign: "!", tone: "error", plural: "unexpected passes" },
  "skipped": { status: "skipped", emoji: "⏭️", sign: "–", tone: "neutral" },
  "not-judged": { status: "other", emoji: "❔", sign: "?", tone: "warning" },
  "not-run": { status: "other", emoji: "⏸️", sign: "·", tone: "neutral" },
  "error": { status: "failed", emoji: "⚠️", sign: "⚠", tone: "warning", plural: "errors" },
};

export type Counts = Readonly<Record<Verdict | "total" | "flaky" | "quarantined" | "failures", number>>;

export function countCases(cases: readonly ReportCase[]): Counts {
  const count = (isCounted: (one: ReportCase) => boolean) => cases.filter(isCounted).length;
  const others = {
    total: cases.length,
    flaky: count((one) => one.isFlaky),
    quarantined: count((one) => one.isQuarantined && one.verdict !== "passed"),
    failures: count((one) => one.isFailure),
  };
  const verdicts = Object.keys(VERDICT_LOOKS).map((name) => ({ [name]: count(({ verdict }) => verdict === name) }));
  return Object.assign({}, ...verdicts, others);
}

/** The cases that did not pass as they should, the worst first. */
export function worstFirst(cases: readonly ReportCase[]): readonly ReportCase[] {
  const rank = ({ verdict, isFailure }: ReportCase) => (isFailure ? 0 : VERDICTS.length) + VERDICTS.indexOf(verdict);
  const isUsual = ({ verdict, isFailure }: ReportCase) =>
    !isFailure && (verdict === "passed" || verdict === "skipped" || verdict === "known-failure");
  return cases.filter((one) => !isUsual(one)).toSorted((a, b) => rank(a) - rank(b));
}

/** Like `3 passed (1 flaky), 1 failed, 2 skipped`. */
export function formatCounts(cases: readonly ReportCase[]): string {
  const counts = countCases(cases);
  const parts = VERDICTS.toReversed().flatMap((verdict) => {
    if (counts[verdict] === 0) return [];
    const flaky = verdict === "passed" && counts.flaky > 0 ? ` (${counts.flaky} flaky)` : "";
    const text = counts[verdict] > 1 ? VERDICT_LOOKS[verdict].plural : undefined;
    return [`${counts[verdict]} ${text ?? verdictText(verdict)}${flaky}`];
  });
  const quarantined = counts.quarantined === 0 ? [] : [`${counts.quarantined} of them quarantined`];
  return parts.length === 0 ? "no cases" : [...parts, ...quarantined].join(", ");
}

/** The counts and the time of a report, like `3 passed in 2m 5s`. */
export function summaryText({ cases, startedAtMs, endedAtMs }: Report): string {
  const took = startedAtMs === null || endedAtMs === null ? "" : ` in ${formatDuration(endedAtMs - startedAtMs)}`;
  return `${formatCounts(cases)}${took}`;
}

/** The status of a case in the terms of CTRF, whose `rawStatus` has ours. */
export function ctrfStatus(
  { verdict, isFailure, isQuarantined }: Pick<ReportCase, "verdict" | "isFailure" | "isQuarantined">,
): Status {
  const { status } = VERDICT_LOOKS[verdict];
  if (isFailure) return "failed";
  return status === "failed" && isQuarantined ? "other" : status;
}

/** A list may differ in each of its elements. */
const MAX_UNMET = 20;

/** What was expected and what happened, or why there is nothing to compare. */
export function reasonsOf({ reason, expectations }: ReportCase): readonly string[] {
  const all = expectations.filter(({ isMet, knownFailure }) => !isMet && knownFailure === null).map(unmetText);
  const unmet = all.length > MAX_UNMET ? [...all.slice(0, MAX_UNMET), `${all.length - MAX_UNMET} more`] : all;
  // The reason of a case with one such line is that line.
  if (reason === null || unmet.some((line) => reason.startsWith(line))) return unmet;
  // It states the status together with why the run ended so.
  return [reason, ...unmet.filter((line) => !`status: ${reason}`.startsWith(line))];
}

export function unmetText({ path, expected, actual }: Omit<ReportExpectation, "isMet" | "knownFailure">): string {
  return `${path}: expected ${expected}, got ${actual}`;
}
