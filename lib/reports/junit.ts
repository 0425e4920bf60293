/**
 * Renders a report as JUnit XML, in the part of its dialects that all readers accept: the schemas of Jenkins (junit-10.xsd)
 * and Surefire, and the readers of GitLab, dorny/test-reporter, mikepenz/action-junit-report and CircleCI. Pure.
 *
 * One testcase per case, regardless of its attempts: GitLab drops repeated names. Failed attempts are flakyFailure and
 * rerunFailure, also those of the platform: Jenkins and mikepenz do not read flakyError and rerunError. Facts of the run are
 * the first lines of system-out and of failures, because no reader shows properties of a testcase.
 */

import { formatSeconds } from "../duration.ts";
import { SGR_SEQUENCE } from "../log_text.ts";
import { ctrfStatus, reasonsOf, verdictText } from "./cases.ts";
import type { Report, ReportAttempt, ReportCase } from "./report.ts";

/** Of one text: GitLab refuses files above 30 MB. */
const MAX_TEXT_LENGTH = 20_000;
/** Jenkins keeps 1,000 characters of the output of a case that passed. */
const MAX_PASSED_LENGTH = 1_000;
const MAX_MESSAGE_LENGTH = 1_000;
/** Of all texts together. */
const MAX_TOTAL_LENGTH = 10_000_000;

export function renderJunit(report: Report): string {
  const suites = Map.groupBy(report.cases, ({ suite }) => suite);
  const element = elementsWithin(MAX_TOTAL_LENGTH);
  const rendered = [...suites].map(([name, cases]) => suiteXml(name, cases, report, element));
  const { tests, failures, errors, time } = totalsOf(report.cases);
  const root = attributes({ name: report.title, tests, failures, errors, time });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${root}>\n${rendered.join("")}</testsuites>\n`;
}

function totalsOf(cases: readonly ReportCase[]) {
  const count = (outcome: Outcome) => String(cases.filter((one) => outcomeOf(one) === outcome).length);
  const seconds = cases.reduce((sum, one) => sum + (one.attempts.at(-1)?.runSeconds ?? 0), 0);
  return {
    tests: String(cases.length),
    failures: count("failure"),
    errors: count("error"),
    skipped: count("skipped"),
    time: decimal(seconds),
  };
}

type Outcome = "passed" | "failure" | "error" | "skipped";

function outcomeOf(one: ReportCase): Outcome {
  const status = ctrfStatus(one);
  if (status === "failed") return one.verdict === "error" ? "error" : "failure";
  return status === "passed" ? "passed" : "skipped";
}

function suiteXml(name: string, cases: readonly ReportCase[], report: Report, element: ElementXml): string {
  const file = cases[0]?.file?.path;
  const started = report.startedAtMs === null ? undefined : new Date(report.startedAtMs).toISOString().slice(0, 19);
  const { time, ...totals } = totalsOf(cases);
  const open = attributes({ name, ...totals, time, timestamp: started, file });
  const shard = report.shard && `${report.shard.index}/${report.shard.count}`;
  const facts = { platform: report.platformUrl, environment: report.environment, shard };
  const properties = Object.entries(facts).flatMap(([name, value]) =>
    value === null ? [] : [`      <property${attributes({ name, value })}/>\n`]
  );
  const head = properties.length === 0 ? "" : `    <properties>\n${properties.join("")}    </properties>\n`;
  return `  <testsuite${open}>\n${head}${cases.map((one) => caseXml(one, element)).join("")}  </testsuite>\n`;
}

function caseXml(one: ReportCase, element: ElementXml): string {
  const open = attributes({
    name: one.name,
    // Jenkins takes what is before the last dot for a package.
    classname: one.suite.replaceAll(".", "_"),
    time: decimal(one.attempts.at(-1)?.runSeconds ?? 0),
  });
  const outcome = outcomeOf(one);
  const limit = outcome === "passed" || outcome === "skipped" ? MAX_PASSED_LENGTH : MAX_TEXT_LENGTH;
  const parts = [...verdictXml(one, outcome, element), element("system-out", {}, outputOf(one), limit)];
  return `    <testcase${open}>\n${parts.map((part) => `      ${part}\n`).join("")}    </testcase>\n`;
}

/** In the order that the schema of Surefire requires. */
function verdictXml(one: ReportCase, outcome: Outcome, element: ElementXml): readonly string[] {
  const [first, ...others] = one.attempts;
  const failed = (name: "flakyFailure" | "rerunFailure", attempts: readonly ReportAttempt[]) =>
    attempts.filter(({ reason }) => reason !== null).map((attempt) => attemptXml(name, attempt, element));
  switch (outcome) {
    case "passed":
      return failed("flakyFailure", one.attempts.slice(0, -1));
    case "failure": {
      const type = one.verdict === "unexpected-pass" ? "xpass" : one.isFlaky ? "flaky" : first?.cause ?? "failure";
      const message = others.length === 0 ? messageOf(one) : first?.reason ?? messageOf(one);
      const text = failureText(one, first, others.length === 0 ? reasonsOf(one) : [message]);
      return [element("failure", { message, type }, text), ...failed("rerunFailure", others)];
    }
    case "skipped": {
      const message = one.verdict === "known-failure"
        ? `known failure: ${messageOf(one)}`
        : `${one.isQuarantined ? "quarantined, " : ""}${verdictText(one.verdict)}: ${messageOf(one)}`;
      return [`<skipped${attributes({ message })}/>`];
    }
    case "error": {
      const text = failureText(one, one.attempts.at(-1), reasonsOf(one));
      const before = failed("rerunFailure", one.attempts.slice(0, -1));
      return [...before, element("error", { message: messageOf(one), type: "error" }, text)];
    }
  }
}

function messageOf(one: ReportCase): string {
  return reasonsOf(one)[0] ?? verdictText(one.verdict);
}

function attemptXml(name: "flakyFailure" | "rerunFailure", attempt: ReportAttempt, element: ElementXml): string {
  const open = attributes({ message: attempt.reason ?? attempt.status, type: attempt.cause ?? "failure" });
  const limit = MAX_TEXT_LENGTH / 4;
  const trace = element("stackTrace", {}, attempt.reason ?? attempt.status, limit);
  const output = element("system-out", {}, [...factsOf(attempt), ...attempt.logTail].join("\n"), limit);
  return `<${name}${open}>${trace}${output}</${name}>`;
}

function failureText(one: ReportCase, attempt: ReportAttempt | undefined, reasons: readonly string[]): string {
  const facts = attempt === undefined ? [] : factsOf(attempt);
  const repeat = one.repeatCommand === null ? [] : [`Repeat: ${one.repeatCommand}`];
  return [...reasons, ...facts, ...repeat].join("\n");
}

/** The facts first: readers cut long outputs. */
function outputOf(one: ReportCase): string {
  const last = one.attempts.at(-1);
  const count = one.attempts.length;
  const seconds = one.attempts.reduce((sum, { runSeconds }) => sum + (runSeconds ?? 0), 0);
  const attempts = count < 2 ? [] : [`Attempts: ${count}, run time of all ${formatSeconds(seconds)}`];
  return [
    ...last === undefined ? [] : factsOf(last),
    ...attempts,
    ...one.repeatCommand === null ? [] : [`Repeat: ${one.repeatCommand}`],
    ...last?.logTail ?? [],
  ].join("\n");
}

function factsOf({ slug, url, resources, queueSeconds, runSeconds }: ReportAttempt): readonly string[] {
  const facts = {
    Run: [slug, url].filter((part) => part !== null).join(" "),
    "Ran on": resources.join(", "),
    "Queue time": formatSeconds(queueSeconds),
    "Run time": formatSeconds(runSeconds),
  };
  return Object.entries(facts).flatMap(([name, value]) => value === "" ? [] : [`${name}: ${value}`]);
}

/** Three digits, without an exponent. */
function decimal(seconds: number): string {
  return (Number.isFinite(seconds) && seconds > 0 ? seconds : 0).toFixed(3);
}

type Attributes = Readonly<Record<string, string | undefined>>;
type ElementXml = ReturnType<typeof elementsWithin>;

/** Elements whose texts have together at most this length. */
function elementsWithin(length: number) {
  let left = length;
  return (name: string, open: Attributes, text: string, limit = MAX_TEXT_LENGTH): string => {
    const clean = escapeXml(shortened(text, Math.min(limit, left)));
    left = Math.max(0, left - clean.length);
    return `<${name}${attributes(open)}>${clean}</${name}>`;
  };
}

function attributes(all: Attributes): string {
  return Object.entries(all).map(([name, value]) =>
    value === undefined ? "" : ` ${name}="${escapeXml(shortened(value, MAX_MESSAGE_LENGTH)).replaceAll("\n", "&#10;")}"`
  ).join("");
}

function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const mark = `\n… (${(text.length - maxLength).toLocaleString("en-US")} more characters)`;
  return text.slice(0, Math.max(0, maxLength - mark.length)) + (maxLength > mark.length ? mark : "");
}

/** Without what XML 1.0 cannot contain: control characters, halves of characters, U+FFFE and U+FFFF; and without colors. */
function escapeXml(text: string): string {
  return text.toWellFormed().replace(new RegExp(SGR_SEQUENCE, "g"), "")
    // deno-lint-ignore no-control-regex -- they are what it matches
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]/g, "\ufffd")
    .replace(/\r\n?/g, "\n")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
