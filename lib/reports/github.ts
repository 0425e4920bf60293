/**
 * What GitHub Actions is told of a run's end: outputs, a summary in Markdown, annotations. Pure.
 *
 * Limits of a step, as GitHub documents them: 10 annotations of each type, 1 MiB of summary.
 */

import type { Problem } from "../problem.ts";
import type { Annotation, FailedStep, Failure, RunResult, Submitted } from "../result.ts";

/** What `run --json` prints: how the run ended, or what kept us from knowing. */
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

/** What the document of an error leaves open, and the events before it told. */
export interface RunFacts {
  /** As it was asked for. */
  readonly workflow: string;
  /** `null` when nothing was submitted. */
  readonly slug: string | null;
  /** True when the run was there before this call. */
  readonly isAttached: boolean;
  /** The platform's address, like `https://activate.parallel.works`; `null` when the key names none. */
  readonly platformUrl: string | null;
}

/** `error`: nothing was started. `stopped`: nobody waited for the end; the run goes on. */
export type GithubStatus = RunResult["status"] | "error" | "stopped";

const MAX_ANNOTATIONS = 10;
/** In UTF-16 units; with every unit four bytes wide it is still below the limit. */
const MAX_SUMMARY_LENGTH = 200_000;
const MAX_MESSAGE_LENGTH = 4_000;

/** The values of the outputs `run-slug`, `status` and `exit-code`. */
export function githubOutputs(end: EndDocument, facts: RunFacts): Readonly<Record<string, string>> {
  return { "run-slug": slugOf(end, facts) ?? "", "status": statusOf(end), "exit-code": String(end.exitCode) };
}

/** Lines for the file `GITHUB_OUTPUT`. The delimiter must be in no value: draw it at random. */
export function outputLines(outputs: Readonly<Record<string, string>>, delimiter: string): string {
  return Object.entries(outputs).map(([name, value]) => `${name}<<${delimiter}\n${value}\n${delimiter}\n`).join("");
}

/** Workflow commands, one a line: what went wrong, most important first. None for a run that completed. */
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
  const again = facts.isAttached ? "\nThis job did not start the run: it was there already under the same key" : "";
  const whole = annotation("error", `${workflow} ${end.status}`, headline(end) + again);
  return [
    whole,
    ...mostOf(steps, "error", MAX_ANNOTATIONS - 1),
    ...mostOf(steps, "warning"),
    ...mostOf(steps, "notice"),
  ];
}

/** A workflow command as a runner reads it: nothing in it ends it early or begins another. */
export function workflowCommand(name: string, properties: Readonly<Record<string, string>>, message: string): string {
  const said = Object.entries(properties).filter(([, value]) => value !== "").map(([key, value]) =>
    `${key}=${escapeData(value).replaceAll(":", "%3A").replaceAll(",", "%2C")}`
  );
  return `::${name}${said.length === 0 ? "" : ` ${said.join(",")}`}::${escapeData(message)}`;
}

/** A table of the facts, why it failed, and what it published. */
export function githubSummary(end: EndDocument, facts: RunFacts): string {
  const parts = "error" in end
    ? [heading(end, facts), table(errorRows(end, facts)), problemList(end), hintOf(end)]
    : [heading(end, facts), table(resultRows(end, facts)), failureText(end.failure), outputsText(end)];
  const whole = parts.filter((part) => part !== "").join("\n\n");
  if (whole.length <= MAX_SUMMARY_LENGTH) return `${whole}\n`;
  // A cut inside of a code block would swallow what other steps say; the table alone is always whole.
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

function annotation(type: Annotation["type"], title: string, message: string): string {
  return workflowCommand(type, { title: shortened(title, 200) }, shortened(message, MAX_MESSAGE_LENGTH));
}

function stepAnnotation({ type, title, message }: Annotation, where: string) {
  return { type, text: annotation(type, title === null ? where : `${title} (${where})`, message || where) };
}

function mostOf(notes: readonly { type: string; text: string }[], type: Annotation["type"], most = MAX_ANNOTATIONS) {
  return notes.filter((note) => note.type === type).slice(0, most).map(({ text }) => text);
}

function headline({ status, errorMessage, message, failure }: ResultDocument): string {
  return errorMessage ?? message ?? failure?.summary ?? `The run is ${status}`;
}

/** actions/runner reads these back, in this order, so `%` is escaped first. */
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
  const said = rows.filter(([, value]) => value !== "").map(([name, value]) => `| ${name} | ${value} |`);
  return ["| | |", "| --- | --- |", ...said].join("\n");
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

function failureText(failure: Failure | undefined): string {
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

/** A fence that the text can't close. */
function codeBlock(text: string, language = ""): string {
  if (text === "") return "";
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** Text of one line in which nothing is Markdown or HTML, and which ends no cell. */
function inline(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.replace(/[&<>"'\\`*_{}[\]()#+!|~@:]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function code(text: string): string {
  return text === "" ? "" : `<code>${inline(text)}</code>`;
}

function linkTo(name: string, url: string): string {
  // Other schemes run code, or open what the reader did not expect.
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return inline(name);
  return `<a href="${inline(new URL(url).href)}">${inline(name)}</a>`;
}

function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [[Math.floor(whole / 3600), "h"], [Math.floor(whole / 60) % 60, "m"], [whole % 60, "s"]] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return parts.slice(first === -1 ? 2 : first).map(([count, unit]) => `${count}${unit}`).join(" ");
}

function shortened(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}
