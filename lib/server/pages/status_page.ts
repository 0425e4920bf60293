/** The status page: schedules, active runs, failures and the state of the ticks. Pure; complete without its script. */

import { policyHash } from "../../text.ts";
import { raw } from "../../deps/hono.ts";
import { formatDuration } from "../../duration.ts";
import { VERSION } from "../../version.ts";
import { NO_TICK_YET, tickProblemOf } from "../health.ts";
import { formatAbsoluteTime, formatRelativeTime, type Html, html, type HtmlContent, timeElement } from "../html.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./assets.ts";
import type { FailureFacts, OccurrenceFacts, OpenFacts, PageFacts, ScheduleFacts } from "./facts.ts";

type Tone = "success" | "error" | "active" | "warning" | "neutral";

/** The symbol makes a status recognizable without its color. */
const STATUS_STYLES = new Map<string, readonly [symbol: string, tone: Tone]>([
  ["completed", ["✓", "success"]],
  ["running", ["●", "active"]],
  ["pending", ["●", "active"]],
  ["canceling", ["●", "active"]],
  ["waiting", ["…", "active"]],
  ["failed", ["✗", "error"]],
  ["rejected", ["✗", "error"]],
  ["deadline", ["!", "warning"]],
  ["unknown", ["?", "warning"]],
  ["missed", ["!", "warning"]],
  ["invalid", ["!", "warning"]],
  ["cancelled", ["−", "neutral"]],
  ["skipped", ["»", "neutral"]],
]);

export async function renderStatusPage(facts: PageFacts) {
  const { host, timeline, nowMs } = facts;
  const alert = alertOf(facts);
  const [style, script] = await Promise.all([policyHash(PAGE_STYLE), policyHash(PAGE_SCRIPT)]);
  const page = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <title>${alert === null ? "" : "! "}Workflow runs on ${host}</title>
        <link rel="icon" href="data:,">
        <style>${raw(PAGE_STYLE)}</style>
      </head>
      <body>
        <header>
          <h1><span class="indicator ${alert === null ? "success" : "error"}"></span>Workflow runs</h1>
          <p><bdi>${host}</bdi> · <bdi>${timeline}</bdi></p>
          <div class="asof">
            <p>As of <time datetime="${new Date(nowMs).toISOString()}">${new Date(nowMs).toISOString().slice(0, 19)
              .replace("T", " ")} UTC</time></p>
          </div>
        </header>
        <main>
    ${alert === null ? null : html`<p class="alert" role="alert">${alert}</p>`}
    ${gauges(facts, alert)}
    ${section("schedules", "Schedules", {
      items: facts.schedules.map((schedule) => scheduleItem(schedule, nowMs)),
      empty: ["No schedules yet: add them to ", html`<code>functions/schedules.ts</code>`],
    })}
    ${section("runs", "Active runs", {
      items: facts.open.map((run) =>
        runItem(run, html`<p><span class="label">Since</span>${timeElement(run.sinceMs, nowMs)}</p>`)
      ),
      count: facts.openCount,
      empty: "No active runs",
    })}
    ${section("failures", "Recent failures", {
      items: facts.failures.map((run) => failureItem(run, nowMs)),
      empty: "No failed runs",
    })}
    ${section("notifications", "Schedule problems", {
      items: facts.notifications.map((notification) => notificationItem(notification, nowMs)),
      empty: "No missed, skipped or late runs recently",
    })}
    ${counters(facts)}
        </main>
        <footer>
          <p>pw-workflow-runner ${VERSION}. All times in UTC.</p>
        </footer>
        <script>${raw(PAGE_SCRIPT)}</script>
      </body>
    </html>
  `;
  const contentSecurityPolicy = `default-src 'none'; style-src '${style}'; script-src '${script}'; ` +
    "img-src data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
  return { html: String(await page), contentSecurityPolicy };
}

function alertOf(facts: PageFacts): string | null {
  const problem = tickProblemOf(facts);
  if (problem === null) return null;
  if (problem.type === "none-yet") return NO_TICK_YET;
  if (problem.type === "failed") return `The last tick failed: ${problem.error}`;
  const { nowMs } = facts;
  const since = `${formatAbsoluteTime(problem.lastMs, nowMs)} (${formatRelativeTime(problem.lastMs, nowMs)})`;
  return `No tick since ${since}: schedules are not running, and runs are not tracked`;
}

function gauges(facts: PageFacts, alert: string | null): Html {
  const { nowMs, openCount, open, schedules, counts } = facts;
  const [next] = schedules.flatMap(({ name, nextMs }) => nextMs.map((atMs) => ({ name, atMs })))
    .toSorted((a, b) => a.atMs - b.atMs);
  const [failed = 0, completed = 0] = [counts["failed"], counts["completed"]];
  // What a schedule did not run has not finished.
  const { skipped: _skipped, missed: _missed, ...ended } = counts;
  const finished = Object.values(ended).reduce((sum, count) => sum + count, 0);
  const longestMs = Math.max(...open.map(({ sinceMs }) => nowMs - sinceMs));
  return html`<dl class="gauges">
${tickGauge(facts, alert)}
${
    next === undefined ? gauge("Next run", "none", "no schedule is enabled", "neutral") : gauge(
      "Next run",
      formatRelativeTime(next.atMs, nowMs),
      html`<bdi>${next.name}</bdi>, ${formatAbsoluteTime(next.atMs, nowMs)}`,
      "neutral",
    )
  }
${
    open.length === 0
      ? gauge("Active runs", 0, "idle", "neutral")
      : gauge("Active runs", openCount.toLocaleString("en"), `longest ${formatDuration(longestMs)}`, "active")
  }
${gauge("Completed", completed.toLocaleString("en"), `of ${finished.toLocaleString("en")} finished`, "success")}
${gauge("Failed", failed.toLocaleString("en"), share(failed, finished), failed === 0 ? "neutral" : "error")}
</dl>`;
}

function tickGauge({ ticks, needsTicks, nowMs }: PageFacts, alert: string | null): Html {
  if (!needsTicks) return gauge("Ticks", "not needed", "nothing is scheduled or open", "neutral");
  if (ticks === null) return gauge("Ticks", "none yet", "due every minute", "warning");
  const note = `last ${formatRelativeTime(ticks.startedMs, nowMs)}, took ${formatTook(ticks.tookMs)}`;
  return alert === null ? gauge("Ticks", "on time", note, "success") : gauge("Ticks", "failing", note, "error");
}

function gauge(name: string, value: HtmlContent, note: HtmlContent, tone: Tone): Html {
  return html`
    <div class="${tone}">
      <dt>${name}</dt>
      <dd class="value">${value}</dd>
      <dd class="note">${note}</dd>
    </div>
  `;
}

function share(part: number, total: number): string {
  return total === 0 ? "no finished runs yet" : `${(100 * part / total).toFixed(part === 0 ? 0 : 1)}% of finished`;
}

interface Section {
  readonly items: readonly Html[];
  /** The total, if only the oldest are shown. */
  readonly count?: number;
  /** Shown if there are no items. */
  readonly empty: HtmlContent;
}

function section(kind: string, title: string, { items, count = items.length, empty }: Section): Html {
  const rest = count > items.length ? `, oldest ${items.length} shown` : null;
  const counted = items.length === 0 ? null : html`<span class="count">${count.toLocaleString("en")}${rest}</span>`;
  const body = items.length === 0 ? html`<p class="empty">${empty}</p>` : html`<ul class="rows ${kind}">${items}</ul>`;
  return html`<section aria-labelledby="${kind}"><h2 id="${kind}">${title} ${counted}</h2>
${body}</section>`;
}

function scheduleItem(schedule: ScheduleFacts, nowMs: number): Html {
  const { name, cron, timeZone, workflow, suite, overlap, isEnabled, nextMs, results, waiting } = schedule;
  const last = results.find(({ status }) => status !== "running" && status !== "waiting");
  const [next, afterNext] = nextMs;
  const queue = waiting === 0 ? null : `, ${waiting} waiting`;
  return html`
    <li class="${last === undefined ? "neutral" : toneOf(last.status)}">
      <div>
        <h3><bdi>${name}</bdi></h3>
        <p class="muted"><bdi>${suite ?? workflow}</bdi></p>
      </div>
      <p
        class="when"><span class="label">Schedule</span><code>${cron}</code> <span class="muted">${timeZone}, ${overlap}${queue}</span></p>
      <div><span class="label">Last</span>${lastResult(last, nowMs)}${strip(schedule, nowMs)}</div>
      <p><span class="label">Next</span>${!isEnabled
        ? chip("disabled")
        : next === undefined
        ? html`<span class="muted">no further runs</span>`
        : timeElement(next, nowMs)}${afterNext === undefined
        ? null
        : html`<br><span class="muted">then ${formatAbsoluteTime(afterNext, nowMs)}</span>`}</p>
    </li>
  `;
}

function lastResult(last: OccurrenceFacts | undefined, nowMs: number): Html {
  if (last === undefined) return html`<p class="muted">none yet</p>`;
  const { status, scheduledAtMs, durationSeconds, message, suite } = last;
  const duration = durationSeconds === null
    ? null
    : html`<span class="muted">in ${formatDuration(durationSeconds * 1_000)}</span>`;
  const isPlain = status === "completed" && suite === undefined;
  const reason = message === null || isPlain ? null : html`<p>${message}</p>`;
  return html`<p>${chip(status)} ${duration}</p><p>${timeElement(scheduledAtMs, nowMs)}</p>${reason}`;
}

/** The last results as bars, oldest first, each with a text for tooltips and screen readers. */
function strip({ name, results }: ScheduleFacts, nowMs: number): Html | null {
  if (results.length === 0) return null;
  const bars = results.toReversed().map(({ status, scheduledAtMs }) => {
    const text = `${status}, scheduled for ${formatAbsoluteTime(scheduledAtMs, nowMs)}`;
    return html`<li class="${toneOf(status)}" title="${text}"><span class="visually-hidden">${text}</span></li>`;
  });
  return html`<ol class="strip" aria-label="Last results of ${name}">${bars}</ol>`;
}

function failureItem(run: FailureFacts, nowMs: number): Html {
  const logs = run.logs.filter(({ lines }) => lines.length > 0).map(({ step, lines }) =>
    html`
      <details>
        <summary>Log tail of <bdi>${step}</bdi></summary>
        <pre tabindex="0" aria-label="Log">${lines.join("\n")}</pre>
      </details>
    `
  );
  return runItem(
    run,
    html`<p><span class="label">Finished</span>${timeElement(run.atMs, nowMs)}</p>
<div class="reason"><p>${run.message}</p>${logs}</div>`,
  );
}

function runItem({ id, slug, status, displayName, workflow }: OpenFacts | FailureFacts, details: Html): Html {
  return html`<li class="${toneOf(status)}">
<p>${chip(status)}</p>
<div><h3><bdi>${displayName ?? workflow}</bdi></h3>
${displayName === null ? null : html`<p class="muted"><bdi>${workflow}</bdi></p>`}</div>
<p><span class="label">Run</span><a class="mono" href="/runs/${encodeURIComponent(id)}">${slug ?? id}</a></p>
${details}
</li>`;
}

function notificationItem(
  { occurrenceId, kind, createdAtMs, message }: PageFacts["notifications"][number],
  nowMs: number,
): Html {
  return html`
    <li class="${toneOf(kind)}">
      <p>${chip(kind)}</p>
      <p class="mono">${occurrenceId}</p>
      <p>${message}</p>
      <p>${timeElement(createdAtMs, nowMs)}</p>
    </li>
  `;
}

function counters({ counts, ticks }: PageFacts): Html {
  const counted = [...Object.entries(counts), ["missed ticks", ticks?.missed ?? 0] as const];
  return html`
    <section aria-labelledby="counters">
      <h2 id="counters">All-time totals</h2>
      <dl class="counters">${counted.map(([name, count]) =>
        html`
          <div>
            <dt>${name}</dt>
            <dd>${count.toLocaleString("en")}</dd>
          </div>
        `
      )}</dl>
    </section>
  `;
}

function chip(status: string): Html {
  const [symbol, tone] = styleOf(status);
  return html`<span class="chip ${tone}"><span aria-hidden="true">${symbol}</span> ${status}</span>`;
}

function toneOf(status: string): Tone {
  return styleOf(status)[1];
}

function styleOf(status: string): readonly [string, Tone] {
  return STATUS_STYLES.get(status) ?? ["–", "neutral"];
}

function formatTook(durationMs: number): string {
  return durationMs < 1_000 ? `${Math.round(durationMs)} ms` : formatDuration(durationMs);
}
