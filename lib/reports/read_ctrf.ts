/** Reads a report back from the CTRF file that has it. Pure. */

import {
  array,
  boolean,
  exactOptional as optional,
  int,
  literal,
  maximum,
  minimum,
  nullable,
  number,
  object,
  oneOf,
  record,
  safeParse,
  string,
  union,
  unknown,
} from "../deps/zod.ts";
import { isObject, parseJson } from "../json.ts";
import { CTRF_TOOL } from "./ctrf.ts";
import { type Report, type ReportAttempt, type ReportCase, VERDICTS } from "./report.ts";

/** @returns The report that was rendered, or what is wrong with the text, like `is not JSON`. */
export function readCtrf(text: string): Report | string {
  const document = parseJson(text);
  if (document === undefined) return "is not JSON";
  const results = isObject(document) && document.reportFormat === "CTRF" ? document.results : undefined;
  if (!isObject(results) || !Array.isArray(results.tests)) return "is not a CTRF report";
  const { extra, tests } = results;
  const report = readReport(isObject(extra) ? extra.report : undefined, tests.map(caseOf));
  if (typeof report === "string") return report;
  return { ...report, cases: report.cases.map((one, index) => withLogs(one, tests[index])) };
}

/** The report with these cases, or what is wrong with them. */
export function readReport(head: unknown, cases: readonly unknown[]): Report | string {
  return isReport(head) && cases.every(isCase) ? { ...head, cases } : `was not written by ${CTRF_TOOL}`;
}

function caseOf(test: unknown): unknown {
  return isObject(test) && isObject(test.extra) ? test.extra.case : undefined;
}

function withLogs(one: ReportCase, test: unknown): ReportCase {
  const logs = isObject(test) && Array.isArray(test.retryAttempts) ? test.retryAttempts : [test];
  const attempts = one.attempts.map((attempt, index): ReportAttempt => {
    const log = logs[index];
    const lines = isObject(log) && Array.isArray(log.stdout) ? log.stdout : [];
    return { ...attempt, logTail: lines.filter((line) => typeof line === "string") };
  });
  return { ...one, attempts };
}

const text = string();
const texts = array(text);
const values = record(text, unknown());
/** Milliseconds since the epoch: others are no dates. */
const time = nullable(number().check(minimum(-8.64e15), maximum(8.64e15)));
const seconds = nullable(number());
/** Of more shards or cases than any run has, each missing one would be named. */
const count = int().check(minimum(0), maximum(1_000_000));

const report = object({
  kind: oneOf(["run", "batch", "suite"]),
  title: text,
  platformUrl: nullable(text),
  user: optional(text),
  startedAtMs: time,
  endedAtMs: time,
  environment: nullable(text),
  shard: nullable(object({ index: count, count, total: count, places: array(count) })),
  exitCode: int(),
  cases: array(unknown()),
});

const job = object({
  name: text,
  status: text,
  get steps() {
    return array(step);
  },
});

const step = object({
  name: text,
  status: text,
  index: int(),
  get jobs(): ReturnType<typeof array<typeof job>> {
    return array(job);
  },
});

const result = object({
  kind: text,
  errorMessage: nullable(text),
  outputs: optional(values),
  jobs: optional(array(job)),
  links: optional(array(object({ name: text, url: nullable(text) }))),
  failure: optional(object({ failedJobs: array(object({ failedSteps: array(values) })) })),
});

const attempt = object({
  slug: nullable(text),
  status: text,
  end: union([
    object({ type: literal("result"), result }),
    object({ type: literal("error"), error: object({ kind: text, message: text, submitted: text }) }),
  ]),
  url: nullable(text),
  reason: nullable(text),
  cause: nullable(text),
  queueSeconds: seconds,
  runSeconds: seconds,
  resources: texts,
});

const reportCase = object({
  id: text,
  name: text,
  suite: text,
  workflow: text,
  file: nullable(object({ path: text, line: number() })),
  tags: texts,
  parameters: record(text, text),
  inputs: nullable(values),
  verdict: oneOf(VERDICTS),
  isFlaky: boolean(),
  isQuarantined: boolean(),
  isFailure: boolean(),
  reason: nullable(text),
  expectations: array(object({ path: text, isMet: boolean(), expected: text, actual: text, knownFailure: unknown() })),
  metrics: array(object({ name: text, value: seconds, unit: nullable(text), isMet: boolean() })),
  attempts: array(attempt),
  repeatCommand: nullable(text),
});

/** As far as a reader relies on it: the file may be of another version. */
function isReport(value: unknown): value is Report {
  return safeParse(report, value).success;
}

function isCase(value: unknown): value is ReportCase {
  return safeParse(reportCase, value).success;
}
