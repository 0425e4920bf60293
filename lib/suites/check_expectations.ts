/** What a case expects of its run, and measures: comparisons that mean something, patterns, names of metrics. */

import { didYouMeanOrKnown } from "../did_you_mean.ts";
import { parseDuration } from "../duration.ts";
import { orError, UsageError } from "../errors.ts";
import { isObject, type Json, type JsonObject, parsePath } from "../json.ts";
import { itemsOf, objectOf, type Report } from "./document.ts";
import type { SourcePath } from "./source.ts";

export function checkExpectations(expect: JsonObject, path: SourcePath, report: Report): void {
  for (const [output, comparison] of Object.entries(objectOf(expect.outputs))) {
    const place = [...path, "outputs", output];
    if ((parsePath(output) ?? []).length < 2) report(place, `must be JOB.OUTPUT, like main.${output || "x"}`, "key");
    if (isObject(comparison)) checkComparison(comparison, place, report);
  }
  for (const name of ["duration", "queue"]) {
    const range = expect[name];
    if (isObject(range) && Object.keys(range).length === 0) {
      report([...path, name], "compares nothing: add min or max");
    }
    checkRange(objectOf(range), [...path, name], report);
  }
  for (const [log, below] of itemsOf(expect.log)) {
    const place = [...path, "log", ...below];
    checkPattern(objectOf(log).matches, [...place, "matches"], report);
    if (isObject(log) && Object.keys(log).every((name) => name === "job" || name === "step")) {
      report(place, "compares nothing: add contains, lacks or matches");
    }
  }
}

/** Of numbers or durations. */
function checkRange({ min, max }: JsonObject, path: SourcePath, report: Report): void {
  const [lowest, highest] = [min, max].map((limit) =>
    typeof limit === "string" ? orError(UsageError, () => parseDuration(limit)) : limit
  );
  if (typeof lowest === "number" && typeof highest === "number" && lowest > highest) {
    report([...path, "min"], `must be at most max, which is ${max}: nothing meets both`);
  }
}

function checkComparison(comparison: JsonObject, path: SourcePath, report: Report): void {
  const { about, within, matches } = comparison;
  if (about !== undefined && within === undefined) report([...path, "about"], "needs `within`, like 1% or 0.01", "key");
  if (about === undefined && within !== undefined) {
    report([...path, "within"], "needs `about`, the number that is expected", "key");
  }
  checkRange(comparison, path, report);
  if (Array.isArray(about)) checkNumbers(about, [...path, "about"], report);
  checkPattern(matches, [...path, "matches"], report);
  if (Object.keys(comparison).every((name) => name === "secret")) {
    report(path, "compares nothing: add equals or exists");
  }
}

function checkNumbers(list: readonly Json[], path: SourcePath, report: Report): void {
  for (const [index, item] of list.entries()) {
    if (Array.isArray(item)) checkNumbers(item, [...path, index], report);
    else if (typeof item !== "number") {
      report([...path, index], `must be a number: got ${JSON.stringify(item)}`);
    }
  }
}

/** What names no metric would never be judged. A file of references may serve several suites, each with its own metrics. */
export function checkReference(
  reference: Json | undefined,
  path: SourcePath,
  metrics: readonly string[],
  report: Report,
): void {
  for (const [resource, names] of Object.entries(objectOf(reference))) {
    for (const name of Object.keys(objectOf(names)).filter((name) => !metrics.includes(name))) {
      report([...path, resource, name], `no metric "${name}". ${didYouMeanOrKnown(name, metrics)}`, "key");
    }
  }
}

export function checkMetrics(metrics: Json | undefined, path: SourcePath, report: Report): void {
  for (const [name, metric] of Object.entries(objectOf(metrics))) {
    const { from, regex } = objectOf(metric);
    if (checkPattern(regex, [...path, name, "regex"], report) && !hasGroup(String(regex))) {
      report([...path, name, "regex"], "needs a group, like (\\S+): its text is the value");
    }
    if (regex === undefined && isObject(from) && from.log !== undefined) {
      report([...path, name], "needs `regex`, whose first group is the value in the log");
    }
  }
}

function hasGroup(pattern: string): boolean {
  // The empty alternative always matches.
  return (new RegExp(`${pattern}|`).exec("") ?? []).length > 1;
}

/** @returns True for a regular expression. */
function checkPattern(pattern: Json | undefined, path: SourcePath, report: Report): boolean {
  if (typeof pattern !== "string") return false;
  const regex = orError(SyntaxError, () => new RegExp(pattern, "m"));
  if (!(regex instanceof SyntaxError)) return true;
  report(path, `is no regular expression: ${regex.message.replace(/^Invalid regular expression: \/.*\/m: /s, "")}`);
  return false;
}
