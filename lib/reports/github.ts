/**
 * Renders a report for GitHub Actions: outputs, a summary in Markdown, annotations. Pure.
 *
 * GitHub documents these limits per step: 10 annotations of each type, 1 MiB of summary.
 */

import { formatSeconds } from "../duration.ts";
import { oneLine } from "../escape.ts";
import type { FailedStep, RunFailure, RunResult } from "../result.ts";
import type { LogAnnotation } from "../run.ts";
import { formatPath } from "../runs/view.ts";
import { shortened } from "../text.ts";
import { countCases, reasonsOf, summaryText, VERDICT_LOOKS, verdictText, worstFirst } from "./cases.ts";
import { code, codeBlock, inline, linkTo, type Row, summaryOf, table } from "./markdown.ts";
import { headline, type Report, type ReportAttempt, type ReportCase, type ReportError } from "./report.ts";
import { changeLists } from "./trends.ts";
import { workflowCommand } from "./workflow_command.ts";

const MAX_ANNOTATIONS = 10;
const MAX_MESSAGE_LENGTH = 4_000;

/** A run to report, or the error that prevented it. */
type NamedAttempt = ReportAttempt & Pick<ReportCase, "name">;

function runsOf({ cases }: Report): readonly NamedAttempt[] {
  return cases.flatMap(({ name, attempts }) => attempts.slice(-1).map((attempt) => ({ ...attempt, name })));
}

/** The outputs of a step: for a single run, those of the run. */
export function githubOutputs(report: Report): Readonly<Record<string, string>> {
  if (report.kind !== "run") return suiteOutputs(report);
  const [first] = runsOf(report);
  if (first === undefined) return {};
  return { "run-slug": first.slug ?? "", "status": first.status, "exit-code": String(first.exitCode) };
}

/** Workflow commands that describe the failures, most important first. Empty if every run completed. */
export function githubAnnotations(report: Report): readonly string[] {
  const runs = runsOf(report);
  const notes = report.kind === "run"
    ? [...runs.flatMap(runAnnotation), ...runs.flatMap(stepAnnotations)]
    : suiteAnnotations(report);
  return (["error", "warning", "notice"] as const).flatMap((type) =>
    notes.filter((note) => note.type === type).slice(0, MAX_ANNOTATIONS).map(({ title, message }) =>
      workflowCommand(type, { title: shortened(title, 200) }, shortened(message, MAX_MESSAGE_LENGTH))
    )
  );
}

function runAnnotation({ name, end, status, exitCode, isAttached }: NamedAttempt): Annotation[] {
  if (end.type === "error") {
    const { message, problems } = end.error;
    const details = problems.map(({ origin, path, message }) => [origin, path, message].filter(Boolean).join("  "));
    return [{ type: "error", title: name, message: [message, ...details, ...hintsOf(end.error)].join("\n") }];
  }
  if (exitCode === 0) return [];
  const note = isAttached ? "\nThis job did not start the run: it existed already under the same idempotency key" : "";
  return [{ type: "error", title: `${name} ${status}`, message: headline(end.result) + note }];
}

function stepAnnotations({ end }: NamedAttempt): Annotation[] {
  const jobs = end.type === "result" ? end.result.failure?.failedJobs ?? [] : [];
  return jobs.flatMap((job) =>
    job.failedSteps.flatMap((step) =>
      step.annotations.map(({ type, title, message }) => {
        const where = formatPath([...job.path, step.name]);
        return { type, title: title === null ? where : `${title} (${where})`, message: message || where };
      })
    )
  );
}

/** Markdown, for each case: a table of facts, the failure, and the outputs. */
export function githubSummary(report: Report): string {
  if (report.kind !== "run") return suiteSummary(report);
  const { platformUrl } = report;
  const runs = runsOf(report);
  const platform = platformUrl === null ? "" : linkTo(platformUrl, platformUrl);
  const tableOf = (each: NamedAttempt) => `${heading(each)}\n\n${table([...rowsOf(each), ["Platform", platform]])}`;
  const detailsOf = ({ end }: NamedAttempt) =>
    end.type === "result"
      ? [failureText(end.result.failure), outputsText(end.result)]
      : [problemList(end.error), ...hintsOf(end.error).map(inline)];
  const parts = runs.flatMap((each) => [tableOf(each), ...detailsOf(each)]).filter((part) => part !== "");
  return summaryOf(parts, [...runs.map(tableOf), "The rest is too long for a summary: see the result file."]);
}

const SIGNS = { completed: "✅", running: "⏳", stopped: "⏳", cancelled: "🚫", timeout: "⏱️", unknown: "❓" } as const;

function heading({ name, status }: NamedAttempt): string {
  const sign = status === "failed" || status === "error" ? "❌" : SIGNS[status];
  return `### ${sign} ${inline(name)}: ${status === "error" ? "nothing was started" : status}`;
}

function rowsOf({ end, slug, exitCode, isAttached }: NamedAttempt): readonly Row[] {
  if (end.type === "error") {
    return [
      ["Why", inline(shortened(end.error.message, MAX_MESSAGE_LENGTH))],
      ["Run", code(slug ?? "")],
      ["Exit code", `${exitCode} (${inline(end.error.kind)})`],
    ];
  }
  const { status, platformStatus, runNumber, startedAt, durationSeconds, session, links = [] } = end.result;
  const named = links.flatMap(({ name, url }) => url === null ? [] : [linkTo(name, url)]);
  return [
    ["Status", platformStatus === null || platformStatus === status ? status : inline(`${status} (${platformStatus})`)],
    ["Run", code(slug ?? "") + (runNumber === null ? "" : ` #${runNumber}`)],
    ["Started", inline(startedAt ?? "") + (isAttached ? ", before this job" : "")],
    ["Took", formatSeconds(durationSeconds)],
    ["Why", status === "completed" ? "" : inline(shortened(headline(end.result), MAX_MESSAGE_LENGTH))],
    ["Exit code", String(exitCode)],
    ["Session", session === undefined ? "" : linkTo(session.name, session.url)],
    ["Links", named.join(", ")],
  ];
}

function problemList({ problems }: ReportError): string {
  return problems.map(({ origin, path, message }) =>
    `- ${[code(origin), code(path), inline(message)].filter(Boolean).join(" ")}`
  ).join("\n");
}

function hintsOf({ kind, hint }: ReportError): string[] {
  const missing = kind === "credential_missing"
    ? ["Check that the secret is set; workflows of forks have no secrets"]
    : [];
  return hint === undefined ? missing : [...missing, hint];
}

function failureText(failure: RunFailure | undefined): string {
  return (failure?.failedJobs ?? []).flatMap((job) => [
    `#### Job ${inline(formatPath(job.path))}: ${inline(job.status)}`,
    ...job.failedSteps.map(stepText),
  ]).join("\n\n");
}

function stepText({ name, status, annotations, note, logTail }: FailedStep): string {
  const notes = annotations.map(({ type, title, message }) =>
    `- **${type}** ${title === null ? "" : `${inline(title)}: `}${inline(message)}`
  );
  const parts = [`Step ${inline(name)}: ${inline(status)}`, notes.join("\n"), inline(note ?? "")];
  return [...parts, codeBlock(logTail.join("\n"))].filter((part) => part !== "").join("\n\n");
}

function outputsText({ outputs = {} }: RunResult): string {
  if (Object.keys(outputs).length === 0) return "";
  return `#### Outputs\n\n${codeBlock(JSON.stringify(outputs, null, 2), "json")}`;
}

interface Annotation extends LogAnnotation {
  readonly title: string;
}

const MAX_DETAILS = 10;
const MAX_ROWS = 1_000;
/** Of a log: some write one that never ends. */
const MAX_LINE_LENGTH = 500;

export function suiteOutputs({ cases, exitCode, changes }: Report): Readonly<Record<string, string>> {
  const counts = countCases(cases);
  // A name per line.
  const list = (names: readonly string[]) => names.map(oneLine).join("\n");
  return {
    "status": statusOf(exitCode, counts.failures),
    "exit-code": String(exitCode),
    "total": String(counts.total),
    "passed": String(counts.passed),
    "failed": String(counts.failures),
    "flaky": String(counts.flaky),
    "skipped": String(counts.skipped),
    "not-judged": String(counts["not-judged"] + counts["not-run"] + counts.error),
    ...changes === undefined ? {} : {
      "regressions": list(changes.regressions),
      "still-failing": list(changes.stillFailing),
      "unjudged-failures": list(changes.unjudgedFailures),
      "recovered": list(changes.recovered),
      "failing-since": changes.failingSinceMs === null ? "" : new Date(changes.failingSinceMs).toISOString(),
      "infra-only": String(changes.isInfraOnly),
    },
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
  // One of them counts the rest.
  const shown = worst.length > MAX_ANNOTATIONS ? worst.slice(0, MAX_ANNOTATIONS - 1) : worst;
  const typeOf = (one: ReportCase | undefined) => one?.isFailure === true ? "error" : "warning";
  const notes = shown.map((one): Annotation => ({
    type: typeOf(one),
    title: `${one.suite}: ${one.name} ${verdictOf(one)}`,
    message: [...reasonsOf(one), ...one.repeatCommand === null ? [] : [`Repeat: ${one.repeatCommand}`]].join("\n"),
  }));
  const hidden = worst.length - shown.length;
  const title = `${hidden} more`;
  const message = `${title} cases: see the summary of the job`;
  return hidden === 0 ? notes : [{ type: typeOf(worst[shown.length]), title, message }, ...notes];
}

export function suiteSummary(report: Report): string {
  const { title, cases, exitCode, environment } = report;
  const where = environment === null ? "" : ` (${environment})`;
  const heading = `### ${exitCode === 0 ? "✅" : "❌"} ${inline(`${title}${where}`)}: ${inline(summaryText(report))}`;
  const worst = worstFirst(cases);
  const details = worst.slice(0, MAX_DETAILS).map(detailOf);
  const rows = cases.slice(0, MAX_ROWS).map((one) => `| ${rowOf(one).join(" | ")} |`);
  const hidden = cases.length - rows.length;
  const allCases = [
    "<details><summary>All cases</summary>\n",
    "| | Case | Verdict | Queue | Run | Attempts | Run on the platform |\n| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    hidden === 0 ? "" : `\n${hidden} more`,
    "\n</details>",
  ].join("\n");
  const more = worst.length > details.length ? [`${worst.length - details.length} more: see the table`] : [];
  const changes = report.changes === undefined ? [] : changeLists(report.changes);
  const lists = changes.map(({ title, names }) => `- **${title}**: ${inline(shortened(names, 2_000))}`).join("\n");
  const worstCases = [heading, ...lists === "" ? [] : [lists], ...details];
  const rest = "The rest is too long for a summary: see the other reports.";
  return summaryOf([...worstCases, ...more, allCases], [...worstCases, rest], [heading, rest]);
}

function verdictOf({ verdict, isFlaky, isQuarantined }: ReportCase): string {
  return `${verdictText(verdict)}${isFlaky ? ", flaky" : isQuarantined ? ", quarantined" : ""}`;
}

function rowOf(one: ReportCase): readonly string[] {
  const attempt = one.attempts.at(-1);
  return [
    VERDICT_LOOKS[one.verdict].emoji,
    inline(one.name),
    verdictOf(one),
    formatSeconds(attempt?.queueSeconds),
    formatSeconds(attempt?.runSeconds),
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
    `#### ${VERDICT_LOOKS[one.verdict].emoji} ${inline(one.name)}: ${verdictOf(one)} ${runLink(attempt)}`,
    items.join("\n"),
    codeBlock((attempt?.logTail ?? []).slice(-20).map((line) => shortened(line, MAX_LINE_LENGTH)).join("\n")),
    codeBlock(one.repeatCommand ?? "", "sh"),
  ].filter((part) => part !== "").join("\n\n");
}
