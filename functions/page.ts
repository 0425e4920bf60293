/** The status page: schedules, open runs, failures, and whether the ticks come. Pure; works without script. */

import { oneLine } from "../lib/cli/sanitize.ts";
import { formatDuration } from "../lib/duration.ts";
import { SCRIPT, STYLE } from "./page_parts.ts";

export interface PageFacts {
  /** The platform. */
  readonly host: string;
  readonly timeline: string;
  readonly nowMs: number;
  readonly keepsSchedules: boolean;
  readonly ticks: {
    readonly startedMs: number;
    readonly tookMs: number;
    readonly missed: number;
    readonly error: string | null;
  } | null;
  /** Status → how many ended so. */
  readonly counts: Readonly<Record<string, number>>;
  readonly schedules: readonly ScheduleFacts[];
  readonly open: readonly {
    readonly workflow: string;
    readonly slug: string | null;
    readonly status: string;
    readonly sinceMs: number;
  }[];
  readonly failures: readonly {
    readonly workflow: string;
    readonly slug: string | null;
    readonly atMs: number;
    readonly message: string;
  }[];
  readonly reports: readonly {
    readonly slotId: string;
    readonly kind: string;
    readonly atMs: number;
    readonly message: string | null;
  }[];
}

export interface ScheduleFacts {
  readonly name: string;
  readonly workflow: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly overlap: string;
  readonly isEnabled: boolean;
  readonly nextMs: readonly number[];
  /** Newest first. */
  readonly results: readonly {
    readonly slotMs: number;
    readonly status: string;
    readonly slug: string | null;
    readonly durationSeconds: number | null;
    readonly message: string | null;
  }[];
}

export interface Page {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

const STALE_MS = 5 * 60_000;
/** What a status is told by besides its colour. */
const LOOKS: Readonly<Record<string, readonly [mark: string, tone: string]>> = {
  completed: ["✓", "good"],
  running: ["●", "calm"],
  waiting: ["…", "calm"],
  failed: ["✗", "bad"],
  unknown: ["?", "bad"],
  cancelled: ["−", "warn"],
  skipped: ["»", "warn"],
  missed: ["!", "warn"],
};

export async function renderPage(facts: PageFacts): Promise<Page> {
  const [style, script] = await Promise.all([hashOf(STYLE), hashOf(SCRIPT)]);
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Workflow runs on ${text(facts.host)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>Workflow runs</h1><p class="soft">${text(facts.host)} · ${text(facts.timeline)}</p></header>
<main>
${ticksPart(facts)}
${countsPart(facts)}
${schedulesPart(facts)}
${openPart(facts)}
${failuresPart(facts)}
${reportsPart(facts)}
</main>
<footer><p>As of ${time(facts.nowMs)}. All times in UTC.</p></footer>
<script>${SCRIPT}</script>
</body>
</html>
`;
  const contentSecurityPolicy = `default-src 'none'; style-src '${style}'; script-src '${script}'; ` +
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
  return { html, contentSecurityPolicy };
}

function ticksPart({ ticks, keepsSchedules, nowMs }: PageFacts): string {
  if (!keepsSchedules) return "";
  const isStale = ticks === null || nowMs - ticks.startedMs > STALE_MS;
  if (!isStale && ticks.error === null) return "";
  const what = ticks === null
    ? "No tick has come yet: a minute after the start the first should."
    : ticks.error === null
    ? `No tick has come since ${time(ticks.startedMs)} (${ago(nowMs - ticks.startedMs)}): schedules are not kept.`
    : `The last tick ended early: ${text(ticks.error)}`;
  return `<section class="banner" aria-labelledby="ticks"><h2 id="ticks">Something is wrong</h2><p>${what}</p></section>`;
}

function countsPart({ counts, open, ticks }: PageFacts): string {
  const dials: readonly (readonly [string, number, string])[] = [
    ["open", open.length, "calm"],
    ["completed", counts["completed"] ?? 0, "good"],
    ["failed", counts["failed"] ?? 0, "bad"],
    ["cancelled", counts["cancelled"] ?? 0, "warn"],
    ["refused", counts["refused"] ?? 0, "warn"],
    ["missed ticks", ticks?.missed ?? 0, "calm"],
  ];
  const cells = dials.map(([name, count, tone]) =>
    `<div><dt>${name}</dt><dd class="num ${count === 0 ? "soft" : tone}">${count}</dd></div>`
  );
  return `<section aria-labelledby="counts"><h2 id="counts">So far</h2><dl class="dials">${
    cells.join("")
  }</dl></section>`;
}

function schedulesPart({ schedules, nowMs }: PageFacts): string {
  const items = schedules.map((schedule) => `<li>${scheduleItem(schedule, nowMs)}</li>`);
  const body = items.length === 0
    ? `<p class="soft">There are none yet: write them into <code>functions/schedules.ts</code>.</p>`
    : `<ul class="plain">${items.join("")}</ul>`;
  return `<section aria-labelledby="schedules"><h2 id="schedules">Schedules</h2>${body}</section>`;
}

function scheduleItem(schedule: ScheduleFacts, nowMs: number): string {
  const { name, workflow, cron, timeZone, isEnabled, nextMs, results } = schedule;
  const [next] = nextMs;
  const when = !isEnabled
    ? `<span class="soft">switched off here</span>`
    : next === undefined
    ? `<span class="soft">never again</span>`
    : `next ${time(next)} <span class="soft">(in ${formatDuration(next - nowMs)})</span>`;
  const last = results.find(({ status }) => status !== "running" && status !== "waiting");
  const marks = results.toReversed().map(({ status, slotMs }) => {
    const [mark, tone] = looksOf(status);
    return `<li class="${tone}"><span aria-hidden="true">${mark}</span><span class="hide">${text(status)}, slot of ${
      utc(slotMs)
    }</span></li>`;
  });
  return `<div class="row"><h3>${text(name)}</h3><p>${when}</p></div>
<p class="soft">${text(workflow)} · <code>${text(cron)}</code> · ${text(timeZone)}</p>
${last === undefined ? "" : `<p>${lastWords(last)}</p>`}
${marks.length === 0 ? "" : `<ol class="results" aria-label="Last results of ${text(name)}">${marks.join("")}</ol>`}`;
}

function lastWords({ status, slotMs, slug, durationSeconds, message }: ScheduleFacts["results"][number]): string {
  const took = durationSeconds === null ? "" : ` in ${formatDuration(durationSeconds * 1_000)}`;
  const why = message === null || status === "completed" ? "" : `: ${text(message)}`;
  const run = slug === null ? "" : ` <code>${text(slug)}</code>`;
  return `last ${word(status)}${took}${why}${run} <span class="soft">slot of ${time(slotMs)}</span>`;
}

function openPart({ open, nowMs }: PageFacts): string {
  const items = open.map(({ workflow, slug, status, sinceMs }) =>
    `<li><div class="row"><strong>${text(workflow)}</strong><span>${word(status)} <span class="soft">for ${
      formatDuration(nowMs - sinceMs)
    }</span></span></div>${slug === null ? "" : `<code>${text(slug)}</code>`}</li>`
  );
  return listPart("open", "Open runs", items, "Nothing is running.");
}

function failuresPart({ failures }: PageFacts): string {
  const items = failures.map(({ workflow, slug, atMs, message }) =>
    `<li><div class="row"><strong>${text(workflow)}</strong>${time(atMs)}</div><p class="bad">${text(message)}</p>${
      slug === null ? "" : `<code>${text(slug)}</code>`
    }</li>`
  );
  return listPart("failures", "Recent failures", items, "No recent run failed.");
}

function reportsPart({ reports }: PageFacts): string {
  const items = reports.map(({ slotId, kind, atMs, message }) =>
    `<li><div class="row"><span>${word(kind)} <code>${text(slotId)}</code></span>${time(atMs)}</div>${
      message === null ? "" : `<p>${text(message)}</p>`
    }</li>`
  );
  return listPart("reports", "Worth knowing", items, "No slot was missed or skipped.");
}

function listPart(id: string, title: string, items: readonly string[], otherwise: string): string {
  const body = items.length === 0 ? `<p class="soft">${otherwise}</p>` : `<ul class="plain">${items.join("")}</ul>`;
  return `<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>`;
}

function word(status: string): string {
  const [mark, tone] = looksOf(status);
  return `<span class="${tone}"><span aria-hidden="true">${mark}</span> ${text(status)}</span>`;
}

function looksOf(status: string): readonly [string, string] {
  return LOOKS[status] ?? ["●", "calm"];
}

function time(instantMs: number): string {
  return `<time datetime="${new Date(instantMs).toISOString()}">${utc(instantMs)}</time>`;
}

function utc(instantMs: number): string {
  return new Date(instantMs).toISOString().slice(0, 16).replace("T", " ");
}

function ago(durationMs: number): string {
  return `${formatDuration(durationMs)} ago`;
}

/** Whatever it is, it is text: no markup, no control character. */
function text(value: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return oneLine(value).replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

async function hashOf(source: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(source)));
  return `sha256-${btoa(String.fromCharCode(...digest))}`;
}
