/** What a case expects of its run, and measures: comparisons that mean something, patterns, names of metrics. */

import { didYouMeanOrKnown } from "../did_you_mean.ts";
import { parseDuration } from "../duration.ts";
import { orError, UsageError } from "../errors.ts";
import { isObject, type Json, type JsonObject, parsePath } from "../json.ts";
import { itemsOf, objectOf, type Report, within } from "./document.ts";

export function checkExpectations(expect: JsonObject, report: Report): void {
  for (const [output, comparison] of Object.entries(objectOf(expect.outputs))) {
    const reportOutput = within(report, "outputs", output);
    if ((parsePath(output) ?? []).length < 2) reportOutput([], `must be JOB.OUTPUT, like main.${output || "x"}`, "key");
    if (isObject(comparison)) checkComparison(comparison, reportOutput);
  }
  for (const name of ["duration", "queue"]) {
    const range = expect[name];
    if (isObject(range) && Object.keys(range).length === 0) report([name], "compares nothing: add min or max");
    checkRange(objectOf(range), within(report, name));
  }
  for (const [log, below] of itemsOf(expect.log)) {
    checkPattern(objectOf(log).matches, within(report, "log", ...below, "matches"));
    if (isObject(log) && Object.keys(log).every((name) => name === "job" || name === "step")) {
      report(["log", ...below], "compares nothing: add contains, lacks or matches");
    }
  }
}

/** Of numbers or durations. */
function checkRange({ min, max }: JsonObject, report: Report): void {
  const [lowest, highest] = [min, max].map((limit) =>
    typeof limit === "string" ? orError(UsageError, () => parseDuration(limit)) : limit
  );
  if (typeof lowest === "number" && typeof highest === "number" && lowest > highest) {
    report(["min"], `must be at most max, which is ${max}: nothing meets both`);
  }
}

function checkComparison(comparison: JsonObject, report: Report): void {
  const { about, within: tolerance, matches } = comparison;
  if (about !== undefined && tolerance === undefined) report(["about"], "needs `within`, like 1% or 0.01", "key");
  if (about === undefined && tolerance !== undefined) {
    report(["within"], "needs `about`, the number that is expected", "key");
  }
  checkRange(comparison, report);
  if (Array.isArray(about)) checkNumbers(about, within(report, "about"));
  checkPattern(matches, within(report, "matches"));
  if (Object.keys(comparison).every((name) => name === "secret")) report([], "compares nothing: add equals or exists");
}

function checkNumbers(list: readonly Json[], report: Report): void {
  for (const [index, item] of list.entries()) {
    if (Array.isArray(item)) checkNumbers(item, within(report, index));
    else if (typeof item !== "number") report([index], `must be a number: got ${JSON.stringify(item)}`);
  }
}

/** What names no metric would never be judged. A file of references may serve several suites, each with its own metrics. */
export function checkReference(reference: Json | undefined, metrics: readonly string[], report: Report): void {
  for (const [resource, names] of Object.entries(objectOf(reference))) {
    for (const name of Object.keys(objectOf(names)).filter((name) => !metrics.includes(name))) {
      report([resource, name], `no metric "${name}". ${didYouMeanOrKnown(name, metrics)}`, "key");
    }
  }
}

export function checkMetrics(metrics: Json | undefined, report: Report): void {
  for (const [name, metric] of Object.entries(objectOf(metrics))) {
    const { from, regex } = objectOf(metric);
    if (checkPattern(regex, within(report, name, "regex")) && !hasGroup(String(regex))) {
      report([name, "regex"], "needs a group, like (\\S+): its text is the value");
    }
    if (regex === undefined && isObject(from) && from.log !== undefined) {
      report([name], "needs `regex`, whose first group is the value in the log");
    }
  }
}

function hasGroup(pattern: string): boolean {
  // The empty alternative always matches.
  return (new RegExp(`${pattern}|`).exec("") ?? []).length > 1;
}

/** @returns True for a regular expression. */
function checkPattern(pattern: Json | undefined, report: Report): boolean {
  if (typeof pattern !== "string") return false;
  const regex = orError(SyntaxError, () => new RegExp(pattern, "m"));
  if (!(regex instanceof SyntaxError)) return true;
  report([], `is no regular expression: ${regex.message.replace(/^Invalid regular expression: \/.*\/m: /s, "")}`);
  return false;
}
