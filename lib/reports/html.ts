/**
 * Renders a report as one HTML file that opens without a network: its data is compressed, its script shows it. What the
 * script does not need is plain HTML, so that the result is visible at once.
 */

import { gzipBase64 } from "../base64.ts";
import { html, raw } from "../deps/hono.ts";
import { formatDuration } from "../duration.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { shortenLine } from "../log_text.ts";
import type { Job } from "../run.ts";
import { innerJobs, outerJobs, type PlacedJob, stepsOf } from "../runs/view.ts";
import { normalizedMessage, policyHash } from "../text.ts";
import { formatCounts, reasonsOf, worstFirst } from "./cases.ts";
import { CHART_SCRIPT } from "./html/chart.ts";
import { CORE_SCRIPT } from "./html/core.ts";
import { DETAILS_SCRIPT } from "./html/details.ts";
import { FILTER_SCRIPT } from "./html/filter.ts";
import { LIST_SCRIPT } from "./html/list.ts";
import { OVERVIEW_SCRIPT } from "./html/overview.ts";
import { PAGE_STYLE } from "./html/style.ts";
import type { Report, ReportAttempt, ReportCase } from "./report.ts";
import type { Trends } from "./trends.ts";

export async function renderHtml(
  report: Report,
  { trends = new Map() }: { readonly trends?: Trends } = {},
): Promise<string> {
  const { title, kind, cases } = report;
  const data = await gzipBase64(JSON.stringify(pageData(report, trends)));
  const policy = [
    "default-src 'none'",
    `style-src '${await policyHash(PAGE_STYLE)}'`,
    `script-src '${await policyHash(PAGE_SCRIPT)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const facts = factsOf(report);
  const [verdict, tone] = verdictOf(report);
  const page = html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="${policy}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="referrer" content="no-referrer">
        <title>${title}: ${formatCounts(cases)}</title>
        <style>${raw(PAGE_STYLE)}</style>
      </head>
      <body data-kind="${kind}">
        <header>
          <h1><span class="verdict ${tone}">${verdict}</span> ${title}</h1>
          <p class="counts">${formatCounts(cases)}</p>
          <p class="facts">${facts}</p>
        </header>
        <main id="main"><noscript><p class="note">This report needs JavaScript. It uses no network.</p></noscript></main>
        <footer>
          <p>Keys: <kbd>/</kbd> search, <kbd>j</kbd> <kbd>k</kbd> next and previous, <kbd>Enter</kbd> details, <kbd>Esc</kbd> clear.</p>
        </footer>
        <div id="announcer" class="visually-hidden" role="status"></div>
        <script type="text/plain" id="data">${raw(data)}</script>
        <script>${raw(PAGE_SCRIPT)}</script>
      </body>
    </html>
  `;
  return String(page);
}

function verdictOf({ kind, exitCode, cases }: Report): readonly [verdict: string, tone: string] {
  if (exitCode === 0) return ["passed", "success"];
  const hasFailed = kind === "run" || cases.some(({ isFailure }) => isFailure);
  return hasFailed ? ["failed", "error"] : ["not judged", "warning"];
}

function factsOf({ startedAtMs, endedAtMs, environment, shard, platformUrl }: Report): string {
  const host = platformUrl !== null && URL.canParse(platformUrl) ? new URL(platformUrl).host : null;
  return [
    startedAtMs === null ? null : `${new Date(startedAtMs).toISOString().slice(0, 16).replace("T", " ")} UTC`,
    startedAtMs === null || endedAtMs === null ? null : `took ${formatDuration(endedAtMs - startedAtMs)}`,
    environment === null ? null : `environment ${environment}`,
    shard === null ? null : `shard ${shard.index} of ${shard.count}`,
    host,
  ].filter((fact) => fact !== null).join(" · ");
}

/** After the first frame, which shows the result however many cases there are. */
const START = String.raw`
requestAnimationFrame(() => setTimeout(() => {
  const encoded = atob(document.getElementById("data").textContent);
  const bytes = Uint8Array.from(encoded, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  new Response(stream).json().then(showReport);
}));
`;

/** In the order in which its parts need each other. */
const PAGE_SCRIPT: string = [
  '"use strict";(() => {',
  CORE_SCRIPT,
  DETAILS_SCRIPT,
  OVERVIEW_SCRIPT,
  CHART_SCRIPT,
  FILTER_SCRIPT,
  LIST_SCRIPT,
  START,
  "})();",
].join("\n");

/** In UTF-16 code units. */
const MAX_FAILED_LOG_LENGTH = 20_000;
const MAX_PASSED_LOG_LENGTH = 2_000;
const MAX_VALUE_LENGTH = 20_000;

/** What the page contains, in the form in which its script shows it. */
function pageData({ kind, cases, platformUrl }: Report, trends: Trends) {
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
  const end = attempts.at(-1)?.end;
  const limit = one.verdict === "passed" && !one.isFlaky ? MAX_PASSED_LOG_LENGTH : MAX_FAILED_LOG_LENGTH;
  return {
    ...shown,
    file: file === null ? null : `${file.path}:${file.line}`,
    inputs: bounded(inputs),
    reasons: reasonsOf(one),
    attempts: attempts.map((attempt) => attemptData(attempt, limit)),
    outputs: bounded(end?.type === "result" ? end.result.outputs ?? {} : {}),
    repeat: repeatCommand,
  };
}

function attemptData(attempt: ReportAttempt, limit: number) {
  const { end, logTail, url, exitCode: _exitCode, isAttached: _isAttached, ...shown } = attempt;
  const result = end.type === "result" ? end.result : null;
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
  const resources = members.flatMap(({ attempts }) => [...new Set(attempts.at(-1)?.resources)]);
  const [most = []] = [...Map.groupBy(resources, (resource) => resource).values()].toSorted((a, b) =>
    b.length - a.length
  );
  if (most.length * 2 <= members.length) return null;
  return `${most.length === members.length ? "all" : `${most.length} of ${members.length}`} on ${most[0]}`;
}
