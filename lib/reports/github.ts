/**
 * Renders a report for GitHub Actions: outputs, a summary in Markdown, annotations. Pure.
 *
 * GitHub documents these limits per step: 10 annotations of each type, 1 MiB of summary.
 */

import { formatDuration } from "../duration.ts";
import type { FailedStep, RunFailure, RunResult } from "../result.ts";
import { formatPath } from "../runs/view.ts";
import { type Annotation, suiteAnnotations, suiteOutputs, suiteSummary } from "./github_suite.ts";
import { shortened } from "../text.ts";
import { code, codeBlock, inline, linkTo, type Row, summaryOf, table } from "./markdown.ts";
import { headline, type Report, type ReportAttempt, type ReportError } from "./report.ts";
import { workflowCommand } from "./workflow_command.ts";

const MAX_ANNOTATIONS = 10;
const MAX_MESSAGE_LENGTH = 4_000;

/** A run to report, or the error that prevented it. */
interface NamedAttempt extends ReportAttempt {
  readonly name: string;
}

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
  const tables = runs.map((each) => `${heading(each)}\n\n${table([...rowsOf(each), ["Platform", platform]])}`);
  const details = runs.map(({ end }) =>
    end.type === "result"
      ? [failureText(end.result.failure), outputsText(end.result)]
      : [problemList(end.error), ...hintsOf(end.error).map(inline)]
  );
  const parts = tables.flatMap((text, index) => [text, ...details[index] ?? []]).filter((part) => part !== "");
  return summaryOf(parts, [...tables, "The rest is too long for a summary: see the result file."]);
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
    ["Took", durationSeconds === null ? "" : formatDuration(durationSeconds * 1_000)],
    ["Why", status === "completed" ? "" : inline(shortened(headline(end.result), MAX_MESSAGE_LENGTH))],
    ["Exit code", String(exitCode)],
    ["Session", session === undefined ? "" : linkTo(session.name, session.url)],
    ["Links", named.join(", ")],
  ];
}

function problemList({ problems }: ReportError): string {
  const items = problems.map(({ origin, path, message }) =>
    `- ${[code(origin), code(path), inline(message)].filter(Boolean).join(" ")}`
  );
  return items.join("\n");
}

function hintsOf({ kind, hint }: ReportError): string[] {
  const missing = kind === "credential_missing"
    ? ["Check that the secret is set; workflows of forks have no secrets"]
    : [];
  return hint === undefined ? missing : [...missing, hint];
}

function failureText(failure: RunFailure | undefined): string {
  const parts = (failure?.failedJobs ?? []).flatMap((job) => [
    `#### Job ${inline(formatPath(job.path))}: ${inline(job.status)}`,
    ...job.failedSteps.map(stepText),
  ]);
  return parts.join("\n\n");
}

function stepText({ name, status, annotations, note, logTail }: FailedStep): string {
  const notes = annotations.map(({ type, title, message }) =>
    `- **${type}** ${title === null ? "" : `${inline(title)}: `}${inline(message)}`
  );
  return [
    `Step ${inline(name)}: ${inline(status)}`,
    notes.join("\n"),
    inline(note ?? ""),
    codeBlock(logTail.join("\n")),
  ]
    .filter((part) => part !== "").join("\n\n");
}

function outputsText({ outputs = {} }: RunResult): string {
  if (Object.keys(outputs).length === 0) return "";
  return `#### Outputs\n\n${codeBlock(JSON.stringify(outputs, null, 2), "json")}`;
}
