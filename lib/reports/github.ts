/**
 * Renders a report for GitHub Actions: outputs, a summary in Markdown, annotations. Pure.
 *
 * GitHub documents these limits per step: 10 annotations of each type, 1 MiB of summary.
 */

import { formatDuration } from "../duration.ts";
import type { FailedStep, RunFailure, RunResult } from "../result.ts";
import type { LogAnnotation } from "../run.ts";
import { formatPath } from "../runs/step_tree.ts";
import type { Report, ReportCase, ReportError } from "./report.ts";

const MAX_ANNOTATIONS = 10;
/** In UTF-16 code units: even at four bytes each, it stays below the limit. */
const MAX_SUMMARY_LENGTH = 200_000;
const MAX_MESSAGE_LENGTH = 4_000;

/** The outputs of a step: those of its first case. */
export function githubOutputs({ cases: [first] }: Report): Readonly<Record<string, string>> {
  if (first === undefined) return {};
  return { "run-slug": first.slug ?? "", "status": first.status, "exit-code": String(first.exitCode) };
}

/** Lines for the file `GITHUB_OUTPUT`. No value may contain the delimiter, so use a random one. */
export function outputLines(outputs: Readonly<Record<string, string>>, delimiter: string): string {
  return Object.entries(outputs).map(([name, value]) => `${name}<<${delimiter}\n${value}\n${delimiter}\n`).join("");
}

/** Workflow commands that describe the failures, most important first. Empty if every run completed. */
export function githubAnnotations({ cases }: Report): readonly string[] {
  const notes = [...cases.flatMap(caseAnnotation), ...cases.flatMap(stepAnnotations)];
  return (["error", "warning", "notice"] as const).flatMap((type) =>
    notes.filter((note) => note.type === type).slice(0, MAX_ANNOTATIONS).map(({ title, message }) =>
      workflowCommand(type, { title: shortened(title, 200) }, shortened(message, MAX_MESSAGE_LENGTH))
    )
  );
}

interface Annotation {
  readonly type: LogAnnotation["type"];
  readonly title: string;
  readonly message: string;
}

function caseAnnotation({ name, end, status, exitCode, isAttached }: ReportCase): Annotation[] {
  if (end.type === "error") {
    const { message, problems } = end.error;
    const details = problems.map(({ origin, path, message }) => [origin, path, message].filter(Boolean).join("  "));
    return [{ type: "error", title: name, message: [message, ...details, ...hintsOf(end.error)].join("\n") }];
  }
  if (exitCode === 0) return [];
  const note = isAttached ? "\nThis job did not start the run: it existed already under the same idempotency key" : "";
  return [{ type: "error", title: `${name} ${status}`, message: headline(end.result) + note }];
}

function stepAnnotations({ end }: ReportCase): Annotation[] {
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

/** A workflow command, escaped so that no text in it can end it or begin another. */
export function workflowCommand(name: string, properties: Readonly<Record<string, string>>, message: string): string {
  const pairs = Object.entries(properties).filter(([, value]) => value !== "").map(([key, value]) =>
    `${key}=${escapeData(value).replaceAll(":", "%3A").replaceAll(",", "%2C")}`
  );
  return `::${name}${pairs.length === 0 ? "" : ` ${pairs.join(",")}`}::${escapeData(message)}`;
}

/** Markdown, for each case: a table of facts, the failure, and the outputs. */
export function githubSummary({ cases, platformUrl }: Report): string {
  const tables = cases.map((each) =>
    `${heading(each)}\n\n${table([...rowsOf(each), ["Platform", link(platformUrl)]])}`
  );
  const details = cases.map(({ end }) =>
    end.type === "result"
      ? [failureText(end.result.failure), outputsText(end.result)]
      : [problemList(end.error), ...hintsOf(end.error).map(inline)]
  );
  const parts = tables.flatMap((text, index) => [text, ...details[index] ?? []]).filter((part) => part !== "");
  const summary = `${parts.join("\n\n")}\n`;
  if (summary.length <= MAX_SUMMARY_LENGTH) return summary;
  // Text cut inside a code block would break the summaries of later steps, so only the tables are kept.
  return `${tables.join("\n\n")}\n\nThe rest is too long for a summary: see the result file.\n`;
}

function headline({ status, errorMessage, message, failure }: RunResult): string {
  return errorMessage ?? message ?? failure?.summary ?? `The run is ${status}`;
}

/** The escapes that actions/runner decodes. `%` comes first, since it introduces the others. */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

const SIGNS = { completed: "✅", running: "⏳", stopped: "⏳", cancelled: "🚫", timeout: "⏱️", unknown: "❓" } as const;

function heading({ name, status }: ReportCase): string {
  const sign = status === "failed" || status === "error" ? "❌" : SIGNS[status];
  return `### ${sign} ${inline(name)}: ${status === "error" ? "nothing was started" : status}`;
}

type Row = readonly [name: string, value: string];

function rowsOf({ end, slug, exitCode, isAttached }: ReportCase): readonly Row[] {
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

function table(rows: readonly Row[]): string {
  const lines = rows.filter(([, value]) => value !== "").map(([name, value]) => `| ${name} | ${value} |`);
  return ["| | |", "| --- | --- |", ...lines].join("\n");
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

/** A code block whose fence is longer than any in the text. */
function codeBlock(text: string, language = ""): string {
  if (text === "") return "";
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** One line of text in which no character is Markdown, HTML or a cell separator. */
function inline(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.replace(/[&<>"'\\`*_{}[\]()#+!|~@:]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function code(text: string): string {
  return text === "" ? "" : `<code>${inline(text)}</code>`;
}

function link(url: string | null): string {
  return url === null ? "" : linkTo(url, url);
}

function linkTo(name: string, url: string): string {
  // Other schemes may run code.
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return inline(name);
  return `<a href="${inline(new URL(url).href)}">${inline(name)}</a>`;
}

function shortened(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
}
