/** What the HTML page contains, in the form in which its script shows it. Pure. */

import { isObject, type Json, type JsonObject } from "../json.ts";
import type { Job } from "../run.ts";
import { innerJobs, outerJobs, type PlacedJob, stepsOf } from "../runs/view.ts";
import { shortenLine } from "../log_text.ts";
import { normalizedMessage } from "../text.ts";
import { resultWithoutLogs } from "./ctrf.ts";
import { reasonsOf, worstFirst } from "./cases.ts";
import type { Report, ReportAttempt, ReportCase } from "./report.ts";
import type { Trends } from "./trends.ts";

/** In UTF-16 code units. */
const MAX_FAILED_LOG_LENGTH = 20_000;
const MAX_PASSED_LOG_LENGTH = 2_000;
const MAX_VALUE_LENGTH = 20_000;

export function pageData({ kind, cases, platformUrl }: Report, trends: Trends) {
  const ranks = new Map(worstFirst(cases).map((one, index) => [one, index]));
  return {
    kind,
    platformUrl,
    cases: cases.map((one, index) => ({
      ...caseData(one),
      // The same in each report of the suite.
      anchor: `case-${one.id === "" ? index + 1 : one.id}`,
      rank: ranks.get(one) ?? null,
      trend: trends.get(one.id) ?? null,
    })),
    clusters: failureClusters(cases),
  };
}

function caseData(one: ReportCase) {
  const { id: _id, reason: _reason, file, inputs, attempts, repeatCommand, ...shown } = one;
  const limit = one.verdict === "passed" && !one.isFlaky ? MAX_PASSED_LOG_LENGTH : MAX_FAILED_LOG_LENGTH;
  return {
    ...shown,
    file: file === null ? null : `${file.path}:${file.line}`,
    inputs: bounded(inputs),
    reasons: reasonsOf(one),
    attempts: attempts.map((attempt) => attemptData(attempt, limit)),
    outputs: outputsOf(one),
    repeat: repeatCommand,
  };
}

function attemptData(attempt: ReportAttempt, limit: number) {
  const { end, logTail, url, exitCode: _exitCode, isAttached: _isAttached, ...shown } = attempt;
  const result = end.type === "result" ? resultWithoutLogs(end.result) : null;
  return {
    ...shown,
    url: safeUrl(url),
    log: tailWithin(logTail, limit),
    startedAtMs: Date.parse(result?.startedAt ?? "") || null,
    links: (result?.links ?? []).flatMap(({ name, url }) => safeUrl(url) === null ? [] : [{ name, url }]),
    steps: jobsData(outerJobs(result?.jobs ?? []), 0),
  };
}

/** Other schemes may run code. */
function safeUrl(url: string | null): string | null {
  return url !== null && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? url : null;
}

interface StepData {
  readonly kind: "job" | "step";
  readonly depth: number;
  readonly name: string;
  readonly status: Job["status"];
}

function jobsData(jobs: readonly PlacedJob[], depth: number): readonly StepData[] {
  return jobs.flatMap((placed) => [
    { kind: "job", depth, name: placed.job.name, status: placed.job.status },
    ...stepsOf(placed).flatMap((step): readonly StepData[] => [
      { kind: "step", depth: depth + 1, name: step.step.name, status: step.step.status },
      ...jobsData(innerJobs(step), depth + 2),
    ]),
  ]);
}

/** The last lines. */
function tailWithin(lines: readonly string[], limit: number): string {
  const kept: string[] = [];
  let length = 0;
  for (const line of lines.map((line) => shortenLine(line, 2_000)).toReversed()) {
    length += line.length + 1;
    if (length > limit) break;
    kept.push(line);
  }
  const hidden = lines.length - kept.length;
  return [...hidden === 0 ? [] : [`… (${hidden} earlier lines)`], ...kept.toReversed()].join("\n");
}

function outputsOf({ attempts }: ReportCase): JsonObject {
  const end = attempts.at(-1)?.end;
  return bounded(end?.type === "result" ? end.result.outputs ?? {} : {}) ?? {};
}

/** A page with very long values would not open. */
function bounded(values: JsonObject | null): JsonObject | null {
  if (values === null || JSON.stringify(values).length <= MAX_VALUE_LENGTH) return values;
  const entries = Object.entries(values).map(([name, value]): [string, Json] => {
    if (isObject(value)) return [name, bounded(value)];
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return [name, text.length > 1_000 ? shortenLine(text, 1_000) : value];
  });
  return Object.fromEntries(entries);
}

/** Groups failures that have the same reason, the largest group first. */
export function failureClusters(cases: readonly ReportCase[]) {
  const failed = worstFirst(cases);
  const places = new Map(cases.map((one, index) => [one, index]));
  const groups = Map.groupBy(failed, (one) => {
    const names = [one.name, ...one.attempts.flatMap(({ slug }) => slug ?? [])];
    return normalizedMessage(messageOf(one), names);
  });
  return [...groups].map(([normalized, members]) => ({
    /** With `…` for what differs between its cases. */
    message: commonText(members.map(messageOf)) ?? normalized,
    /** Places in the list of cases. */
    cases: members.map((one) => places.get(one) ?? 0),
    where: placeOf(members),
  })).toSorted((a, b) => b.cases.length - a.cases.length);
}

function messageOf(one: ReportCase): string {
  return (reasonsOf(one)[0] ?? one.verdict).split("\n", 1).join().trim();
}

/** The words that all have, with `…` for the others; `undefined` if the numbers of words differ. */
function commonText(messages: readonly string[]): string | undefined {
  const [first = [], ...others] = [...new Set(messages)].map((message) => message.split(/(\s+)/));
  if (others.some(({ length }) => length !== first.length)) return undefined;
  return first.map((word, index) => others.every((other) => other[index] === word) ? word : "\u2026").join("");
}

/** Where most of them ran, like `4 of 5 on cluster-a`; `null` if they have no place in common. */
function placeOf(members: readonly ReportCase[]): string | null {
  const counts = new Map<string, number>();
  for (const { attempts } of members) {
    for (const resource of new Set(attempts.at(-1)?.resources)) counts.set(resource, (counts.get(resource) ?? 0) + 1);
  }
  const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
  if (most === undefined || most[1] * 2 <= members.length) return null;
  const [resource, count] = most;
  return `${count === members.length ? "all" : `${count} of ${members.length}`} on ${resource}`;
}
