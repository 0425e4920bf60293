/** Renders a report as text for people. Pure: colors come from the caller. */

import { formatSeconds } from "../duration.ts";
import { oneLine } from "../escape.ts";
import { reasonsOf, summaryText, VERDICT_LOOKS, verdictText, worstFirst } from "./cases.ts";
import type { Report, ReportCase } from "./report.ts";
import { changeLists, type Trends } from "./trends.ts";

/** Colors a text. */
export type Paint = Readonly<Record<"red" | "green" | "yellow" | "dim" | "bold", (text: string) => string>>;

const TAIL_LINES = 15;
const MAX_DETAILS = 50;

/** Each failure with what was expected, and a line with the counts at the end. */
export function renderText(report: Report, paint: Paint, trends: Trends = new Map()): string {
  const { cases, title, exitCode } = report;
  const changes = report.changes === undefined ? [] : changeLists(report.changes);
  const worst = worstFirst(cases);
  const details = worst.slice(0, MAX_DETAILS).map((one) => detailText(one, paint, trends.get(one.id)?.usualSeconds));
  const hidden = worst.length - details.length;
  const skipped = Map.groupBy(cases.filter(({ verdict }) => verdict === "skipped"), (one) => {
    const streak = trends.get(one.id)?.skipStreak ?? 0;
    return `skipped${streak > 1 ? ` ${streak} runs in a row` : ""}: ${oneLine(one.reason ?? "")}`;
  });
  const skips = [...skipped].map(([text, own]) => paint.dim(`- ${own.length} ${text}`));
  const sign = exitCode === 0 ? paint.green("✓") : paint.red("✗");
  return [
    ...details.flatMap((text) => [text, ""]),
    ...hidden === 0 ? [] : [`${hidden} more`, ""],
    ...skips,
    ...changes.map(({ title, names }) => `${paint.bold(title)}: ${oneLine(names)}`),
    `${sign} ${paint.bold(oneLine(title))}: ${summaryText(report)}`,
  ].join("\n");
}

/** One line for a case that has ended. */
export function caseLine(one: ReportCase, paint: Paint, usualSeconds?: number | null): string {
  const attempt = one.attempts.at(-1);
  const [ran, usual, queued] = [attempt?.runSeconds, usualSeconds, attempt?.queueSeconds].map(formatSeconds);
  const facts = [
    ran && `ran ${ran}`,
    ran && usual && `usually ${usual}`,
    queued && `queued ${queued}`,
    one.attempts.length > 1 ? `${one.attempts.length} attempts` : "",
    one.isQuarantined && one.verdict !== "passed" ? "quarantined" : "",
    attempt?.slug ?? "",
  ].filter((fact) => fact !== "").join(", ");
  const flaky = one.isFlaky ? ` ${paint.yellow("flaky")}` : "";
  const reason = isReasonOnLine(one) ? `: ${oneLine(one.reason ?? "")}` : "";
  return `${signOf(one, paint)} ${oneLine(one.name)}  ${verdictText(one.verdict)}${flaky}${reason}` +
    (facts === "" ? "" : paint.dim(`  (${oneLine(facts)})`));
}

function isReasonOnLine({ verdict }: ReportCase): boolean {
  return verdict === "skipped" || verdict === "not-run";
}

function signOf({ verdict, isFailure }: ReportCase, paint: Paint): string {
  if (isFailure) return paint.red("✗");
  const { tone } = VERDICT_LOOKS[verdict];
  return tone === "success" ? paint.green("✓") : tone === "neutral" ? paint.dim("-") : paint.yellow("!");
}

function detailText(one: ReportCase, paint: Paint, usualSeconds?: number | null): string {
  const attempt = one.attempts.at(-1);
  const tail = (attempt?.logTail ?? []).slice(-TAIL_LINES);
  const where = one.file === null ? "" : paint.dim(`  ${oneLine(one.file.path)}:${one.file.line}`);
  return [
    caseLine(one, paint, usualSeconds) + where,
    ...(isReasonOnLine(one) ? [] : reasonsOf(one).map((line) => `    ${oneLine(line)}`)),
    ...attempt?.url ? [paint.dim(`    ${oneLine(attempt.url)}`)] : [],
    ...tail.map((line) => paint.dim(`    │ ${oneLine(line)}`)),
    ...one.repeatCommand === null ? [] : [`    Repeat: ${oneLine(one.repeatCommand)}`],
  ].join("\n");
}
