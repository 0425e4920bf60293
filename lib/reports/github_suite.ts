/** What GitHub Actions shows of a suite or a batch: the worst cases first, the others counted. */

import { formatDuration } from "../duration.ts";
import type { LogAnnotation } from "../run.ts";
import { changeLists, changeOutputs } from "./trends.ts";
import { countCases, reasonsOf, summaryText, verdictText, worstFirst } from "./cases.ts";
import type { Report, ReportAttempt, ReportCase } from "./report.ts";
import { shortened } from "../text.ts";
import { code, codeBlock, inline, linkTo, summaryOf } from "./markdown.ts";

export interface Annotation {
  readonly type: LogAnnotation["type"];
  readonly title: string;
  readonly message: string;
}

/** GitHub shows ten annotations of each type: one of them counts the rest. */
const MAX_CASES = 10;
const MAX_DETAILS = 10;
const MAX_ROWS = 1_000;

export function suiteOutputs({ cases, exitCode, changes }: Report): Readonly<Record<string, string>> {
  const counts = countCases(cases);
  return {
    "status": statusOf(exitCode, counts.failures),
    "exit-code": String(exitCode),
    "total": String(counts.total),
    "passed": String(counts.passed),
    "failed": String(counts.failures),
    "flaky": String(counts.flaky),
    "skipped": String(counts.skipped),
    "not-judged": String(counts["not-judged"] + counts["not-run"] + counts.error),
    ...changes === undefined ? {} : changeOutputs(changes),
  };
}

/** In the words of a single run. */
function statusOf(exitCode: number, failures: number): string {
  if (exitCode === 0) return "completed";
  // A signal: runs that have started continue.
  if (exitCode > 128) return "stopped";
  if (failures > 0) return "failed";
  return exitCode === 6 ? "unknown" : "error";
}

export function suiteAnnotations({ cases }: Report): readonly Annotation[] {
  const worst = worstFirst(cases);
  const shown = worst.length > MAX_CASES ? worst.slice(0, MAX_CASES - 1) : worst;
  const notes = shown.map((one): Annotation => ({
    type: one.isFailure ? "error" : "warning",
    title: `${one.suite}: ${one.name} ${verdictText(one.verdict)}`,
    message: [...reasonsOf(one), ...one.repeatCommand === null ? [] : [`Repeat: ${one.repeatCommand}`]].join("\n"),
  }));
  const hidden = worst.length - shown.length;
  if (hidden === 0) return notes;
  return [
    { type: "error", title: `${hidden} more`, message: `${hidden} more cases: see the summary of the job` },
    ...notes,
  ];
}

export function suiteSummary(report: Report): string {
  const { title, cases, exitCode, environment } = report;
  const where = environment === null ? "" : ` (${environment})`;
  const heading = `### ${exitCode === 0 ? "✅" : "❌"} ${inline(`${title}${where}`)}: ${inline(summaryText(report))}`;
  const worst = worstFirst(cases);
  const details = worst.slice(0, MAX_DETAILS).map(detailOf);
  const rows = cases.slice(0, MAX_ROWS).map((one) => `| ${rowOf(one).join(" | ")} |`);
  const hidden = cases.length - rows.length;
  const table = [
    "<details><summary>All cases</summary>\n",
    "| | Case | Verdict | Queue | Run | Attempts | Run on the platform |\n| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    hidden === 0 ? "" : `\n${hidden} more`,
    "\n</details>",
  ].join("\n");
  const more = worst.length > details.length ? [`${worst.length - details.length} more: see the table`] : [];
  const changes = report.changes === undefined ? [] : changeLists(report.changes);
  const lists = changes.map(({ title, names }) => `- **${title}**: ${inline(shortened(names, 2_000))}`).join("\n");
  const parts = [heading, ...lists === "" ? [] : [lists], ...details, ...more, table];
  return summaryOf(parts, [heading, "The rest is too long for a summary: see the other reports."]);
}

const SIGNS: Readonly<Record<ReportCase["verdict"], string>> = {
  "passed": "✅",
  "failed": "❌",
  "known-failure": "🔶",
  "unexpected-pass": "❗",
  "skipped": "⏭️",
  "not-judged": "❔",
  "not-run": "⏸️",
  "error": "⚠️",
};

function rowOf(one: ReportCase): readonly string[] {
  const attempt = one.attempts.at(-1);
  const time = (seconds: number | null | undefined) =>
    seconds === null || seconds === undefined ? "" : formatDuration(seconds * 1_000);
  const flaky = one.isFlaky ? ", flaky" : one.isQuarantined ? ", quarantined" : "";
  return [
    SIGNS[one.verdict],
    inline(one.name),
    `${verdictText(one.verdict)}${flaky}`,
    time(attempt?.queueSeconds),
    time(attempt?.runSeconds),
    String(one.attempts.length),
    runLink(attempt),
  ];
}

function runLink(attempt: ReportAttempt | undefined): string {
  if (attempt === undefined || attempt.slug === null) return "";
  return attempt.url === null ? code(attempt.slug) : linkTo(attempt.slug, attempt.url);
}

function detailOf(one: ReportCase): string {
  const attempt = one.attempts.at(-1);
  const items = reasonsOf(one).map((line) => `- ${inline(shortened(line, 2_000))}`);
  return [
    `#### ${SIGNS[one.verdict]} ${inline(one.name)} ${runLink(attempt)}`,
    items.join("\n"),
    codeBlock((attempt?.logTail ?? []).slice(-20).join("\n")),
    codeBlock(one.repeatCommand ?? "", "sh"),
  ].filter((part) => part !== "").join("\n\n");
}
