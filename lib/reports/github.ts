/**
 * Reports a result to GitHub Actions: outputs, a summary in Markdown, annotations. Pure.
 *
 * GitHub documents these limits per step: 10 annotations of each type, 1 MiB of summary.
 */

import type { Problem } from "../problem.ts";
import type { FailedStep, LogAnnotation, RunFailure, RunResult, Submitted } from "../result.ts";

/** What `run --json` prints: the result of the run, or the error that prevented one. */
export type EndDocument = ResultDocument | ErrorDocument;

export type ResultDocument = RunResult & { readonly exitCode: number };

export interface ErrorDocument {
  readonly error: {
    readonly kind: string;
    readonly message: string;
    readonly hint: string | null;
    readonly problems?: readonly Problem[];
  };
  readonly exitCode: number;
  readonly kind: string;
  readonly submitted: Submitted;
}

/** Facts from earlier events, which an {@link ErrorDocument} does not contain. */
export interface RunFacts {
  /** As named in the action's input. */
  readonly workflow: string;
  /** `null` if nothing was submitted. */
  readonly slug: string | null;
  /** True if the run already existed. */
  readonly isAttached: boolean;
  /** Such as `https://activate.parallel.works`; `null` if the API key names no host. */
  readonly platformUrl: string | null;
}

/** `error`: no run was started. `stopped`: the wait was interrupted and the run continues. */
export type GithubStatus = RunResult["status"] | "error" | "stopped";

const MAX_ANNOTATIONS = 10;
/** In UTF-16 code units: even at four bytes each, it stays below the limit. */
const MAX_SUMMARY_LENGTH = 200_000;
const MAX_MESSAGE_LENGTH = 4_000;

export function githubOutputs(end: EndDocument, facts: RunFacts): Readonly<Record<string, string>> {
  return { "run-slug": slugOf(end, facts) ?? "", "status": statusOf(end), "exit-code": String(end.exitCode) };
}

/** Lines for the file `GITHUB_OUTPUT`. No value may contain the delimiter, so use a random one. */
export function outputLines(outputs: Readonly<Record<string, string>>, delimiter: string): string {
  return Object.entries(outputs).map(([name, value]) => `${name}<<${delimiter}\n${value}\n${delimiter}\n`).join("");
}

/** Workflow commands that describe a failure, most important first. Empty for a completed run. */
export function githubAnnotations(end: EndDocument, facts: RunFacts): readonly string[] {
  const { workflow } = facts;
  if ("error" in end) {
    const { message, hint, problems = [] } = end.error;
    const details = problems.map((problem) =>
      [problem.origin, problem.path, problem.message].filter(Boolean).join("  ")
    );
    return [annotation("error", workflow, [message, ...details, ...(hint === null ? [] : [hint])].join("\n"))];
  }
  if (end.exitCode === 0) return [];
  const steps = (end.failure?.failedJobs ?? []).flatMap((job) =>
    job.failedSteps.flatMap((step) =>
      step.annotations.map((note) => stepAnnotation(note, `${job.name} / ${step.name}`))
    )
  );
  const note = facts.isAttached
    ? "\nThis job did not start the run: it existed already under the same idempotency key"
    : "";
  const overall = annotation("error", `${workflow} ${end.status}`, headline(end) + note);
  return [
    overall,
    ...limited(steps, "error", MAX_ANNOTATIONS - 1),
    ...limited(steps, "warning"),
    ...limited(steps, "notice"),
  ];
}

/** A workflow command, escaped so that no text in it can end it or begin another. */
export function workflowCommand(name: string, properties: Readonly<Record<string, string>>, message: string): string {
  const pairs = Object.entries(properties).filter(([, value]) => value !== "").map(([key, value]) =>
    `${key}=${escapeData(value).replaceAll(":", "%3A").replaceAll(",", "%2C")}`
  );
  return `::${name}${pairs.length === 0 ? "" : ` ${pairs.join(",")}`}::${escapeData(message)}`;
}

/** Markdown: a table of facts, the failure, and the outputs. */
export function githubSummary(end: EndDocument, facts: RunFacts): string {
  const parts = "error" in end
    ? [heading(end, facts), table(errorRows(end, facts)), problemList(end), hintOf(end)]
    : [heading(end, facts), table(resultRows(end, facts)), failureText(end.failure), outputsText(end)];
  const summary = parts.filter((part) => part !== "").join("\n\n");
  if (summary.length <= MAX_SUMMARY_LENGTH) return `${summary}\n`;
  // Text cut inside a code block would break the summaries of later steps, so only the table is kept.
  return `${parts.slice(0, 2).join("\n\n")}\n\nThe rest is too long for a summary: see the result file.\n`;
}

function statusOf(end: EndDocument): GithubStatus {
  if (!("error" in end)) return end.status;
  if (end.kind === "cancelled") return "cancelled";
  return end.submitted === "yes" ? "stopped" : end.submitted === "no" ? "error" : "unknown";
}

function slugOf(end: EndDocument, { slug }: RunFacts): string | null {
  return "error" in end ? slug : end.slug ?? slug;
}

function annotation(type: LogAnnotation["type"], title: string, message: string): string {
  return workflowCommand(type, { title: shortened(title, 200) }, shortened(message, MAX_MESSAGE_LENGTH));
}

function stepAnnotation({ type, title, message }: LogAnnotation, where: string) {
  return { type, text: annotation(type, title === null ? where : `${title} (${where})`, message || where) };
}

function limited(
  notes: readonly { type: string; text: string }[],
  type: LogAnnotation["type"],
  limit = MAX_ANNOTATIONS,
) {
  return notes.filter((note) => note.type === type).slice(0, limit).map(({ text }) => text);
}

function headline({ status, errorMessage, message, failure }: ResultDocument): string {
  return errorMessage ?? message ?? failure?.summary ?? `The run is ${status}`;
}

/** The escapes that actions/runner decodes. `%` comes first, since it introduces the others. */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

const SIGNS = { completed: "✅", running: "⏳", stopped: "⏳", cancelled: "🚫", timeout: "⏱️", unknown: "❓" } as const;

function heading(end: EndDocument, { workflow }: RunFacts): string {
  const status = statusOf(end);
  const sign = status === "failed" || status === "error" ? "❌" : SIGNS[status];
  return `### ${sign} ${inline(workflow)}: ${status === "error" ? "nothing was started" : status}`;
}

function resultRows(end: ResultDocument, facts: RunFacts): readonly (readonly [string, string])[] {
  const { status, platformStatus, slug, runNumber, startedAt, durationSeconds, session, links = [] } = end;
  const named = links.flatMap(({ name, url }) => url === null ? [] : [linkTo(name, url)]);
  return [
    ["Status", platformStatus === null || platformStatus === status ? status : inline(`${status} (${platformStatus})`)],
    ["Run", code(slug ?? facts.slug ?? "") + (runNumber === null ? "" : ` #${runNumber}`)],
    ["Started", facts.isAttached ? `${inline(startedAt ?? "")}, before this job` : inline(startedAt ?? "")],
    ["Took", durationSeconds === null ? "" : duration(durationSeconds)],
    ["Why", status === "completed" ? "" : inline(shortened(headline(end), MAX_MESSAGE_LENGTH))],
    ["Exit code", String(end.exitCode)],
    ["Session", session === undefined ? "" : linkTo(session.name, session.url)],
    ["Links", named.join(", ")],
    ["Platform", facts.platformUrl === null ? "" : linkTo(facts.platformUrl, facts.platformUrl)],
  ];
}

function errorRows({ error, exitCode }: ErrorDocument, facts: RunFacts): readonly (readonly [string, string])[] {
  return [
    ["Why", inline(shortened(error.message, MAX_MESSAGE_LENGTH))],
    ["Run", code(facts.slug ?? "")],
    ["Exit code", `${exitCode} (${inline(error.kind)})`],
    ["Platform", facts.platformUrl === null ? "" : linkTo(facts.platformUrl, facts.platformUrl)],
  ];
}

function table(rows: readonly (readonly [string, string])[]): string {
  const lines = rows.filter(([, value]) => value !== "").map(([name, value]) => `| ${name} | ${value} |`);
  return ["| | |", "| --- | --- |", ...lines].join("\n");
}

function problemList({ error: { problems = [] } }: ErrorDocument): string {
  const items = problems.map(({ origin, path, message }) =>
    `- ${[code(origin), code(path), inline(message)].filter(Boolean).join(" ")}`
  );
  return items.join("\n");
}

function hintOf({ error: { hint } }: ErrorDocument): string {
  return hint === null ? "" : inline(hint);
}

function failureText(failure: RunFailure | undefined): string {
  const parts = (failure?.failedJobs ?? []).flatMap((job) => [
    `#### Job ${inline(job.name)}: ${inline(job.status)}`,
    ...job.failedSteps.map(stepText),
  ]);
  return parts.join("\n\n");
}

function stepText({ name, status, annotations, logTail }: FailedStep): string {
  const notes = annotations.map(({ type, title, message }) =>
    `- **${type}** ${title === null ? "" : `${inline(title)}: `}${inline(message)}`
  );
  return [`Step ${inline(name)}: ${inline(status)}`, notes.join("\n"), codeBlock(logTail.join("\n"))]
    .filter((part) => part !== "").join("\n\n");
}

function outputsText({ outputs = {} }: ResultDocument): string {
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

function linkTo(name: string, url: string): string {
  // Other schemes may run code.
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return inline(name);
  return `<a href="${inline(new URL(url).href)}">${inline(name)}</a>`;
}

function duration(seconds: number): string {
  const total = Math.floor(seconds);
  const parts = [[Math.floor(total / 3600), "h"], [Math.floor(total / 60) % 60, "m"], [total % 60, "s"]] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return parts.slice(first === -1 ? 2 : first).map(([count, unit]) => `${count}${unit}`).join(" ");
}

function shortened(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
}
