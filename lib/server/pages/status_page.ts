/** The status page: schedules, open runs, failures, and whether the ticks come. Pure; whole without script. */

import { formatDuration } from "../../duration.ts";
import { VERSION } from "../../version.ts";
import { type Content, type Html, html } from "../html.ts";
import { SCRIPT, STYLE } from "./parts.ts";
import { absolute, instant, relative } from "./time.ts";
import type { FailureFacts, OpenFacts, PageFacts, RunFacts, ScheduleFacts } from "./facts.ts";

export interface Page {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

const STALE_MS = 5 * 60_000;

type Tone = "good" | "bad" | "busy" | "odd" | "off";

/** What a status is told by besides its colour. */
const LOOKS: Readonly<Record<string, readonly [mark: string, tone: Tone]>> = {
  completed: ["✓", "good"],
  running: ["●", "busy"],
  pending: ["●", "busy"],
  canceling: ["●", "busy"],
  waiting: ["…", "busy"],
  failed: ["✗", "bad"],
  refused: ["✗", "bad"],
  deadline: ["!", "odd"],
  unknown: ["?", "odd"],
  missed: ["!", "odd"],
  cancelled: ["−", "off"],
  skipped: ["»", "off"],
};

export async function renderPage(facts: PageFacts): Promise<Page> {
  const { host, timeline, nowMs } = facts;
  const trouble = troubleOf(facts);
  const [style, script] = await Promise.all([hashOf(STYLE), hashOf(SCRIPT)]);
  const page = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <title>${trouble === null ? "" : "! "}Workflow runs on ${host}</title>
        <link rel="icon" href="data:,">
        <style>${{ markup: STYLE }}</style>
      </head>
      <body>
        <header>
          <h1><span class="lamp ${trouble === null ? "good" : "bad"}"></span>Workflow runs</h1>
          <p><bdi>${host}</bdi> · <bdi>${timeline}</bdi></p>
          <div class="asof">
            <p>As of <time datetime="${new Date(nowMs).toISOString()}">${new Date(nowMs).toISOString().slice(0, 19)
              .replace("T", " ")} UTC</time></p>
          </div>
        </header>
        <main>
    ${trouble === null ? null : html`<p class="trouble" role="alert">${trouble}</p>`}
    ${gauges(facts, trouble)}
    ${section("schedules", "Schedules", {
      items: facts.schedules.map((schedule) => scheduleItem(schedule, nowMs)),
      otherwise: ["There are none yet: write them into ", html`<code>functions/schedules.ts</code>`],
    })}
    ${section("runs", "Open runs", {
      items: facts.open.map((run) => openItem(run, nowMs)),
      count: facts.openCount,
      otherwise: "Nothing is running",
    })}
    ${section("failures", "Recent failures", {
      items: facts.failures.map((run) => failureItem(run, nowMs)),
      otherwise: "No run failed",
    })}
    ${section("reports", "Worth knowing", {
      items: facts.notifications.map((report) => reportItem(report, nowMs)),
      otherwise: "No slot was missed or skipped of late",
    })}
    ${counters(facts)}
        </main>
        <footer>
          <p>pw-workflow-runner ${VERSION}. All times in UTC.</p>
        </footer>
        <script>${{ markup: SCRIPT }}</script>
      </body>
    </html>
  `;
  const contentSecurityPolicy = `default-src 'none'; style-src '${style}'; script-src '${script}'; ` +
    "img-src data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
  return { html: page.markup, contentSecurityPolicy };
}

function troubleOf({ ticks, keepsSchedules, nowMs }: PageFacts): string | null {
  if (!keepsSchedules) return null;
  if (ticks === null) return "No tick has come yet: a minute after the start the first should";
  if (nowMs - ticks.startedMs > STALE_MS) {
    return `No tick has come since ${absolute(ticks.startedMs, nowMs)} (${
      relative(ticks.startedMs, nowMs)
    }): schedules are not kept`;
  }
  return ticks.error === null ? null : `The last tick ended early: ${ticks.error}`;
}

function gauges(facts: PageFacts, trouble: string | null): Html {
  const { nowMs, ticks, keepsSchedules, openCount, open, schedules, counts } = facts;
  const next = schedules.flatMap(({ name, nextMs }) => nextMs.map((atMs) => ({ name, atMs })))
    .reduce<{ name: string; atMs: number } | null>((a, b) => a === null || b.atMs < a.atMs ? b : a, null);
  const [failed = 0, completed = 0] = [counts["failed"], counts["completed"]];
  const ended = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const longestMs = Math.max(...open.map(({ sinceMs }) => nowMs - sinceMs));
  return html`<dl class="gauges">
${
    !keepsSchedules
      ? gauge("Ticks", "none needed", "no schedule is on here", "off")
      : ticks === null
      ? gauge("Ticks", "none yet", "one comes every minute", "odd")
      : gauge(
        "Ticks",
        trouble === null ? "on time" : "in trouble",
        `last ${relative(ticks.startedMs, nowMs)}, took ${took(ticks.tookMs)}`,
        trouble === null ? "good" : "bad",
      )
  }
${
    next === null ? gauge("Next slot", "none", "no schedule is on here", "off") : gauge(
      "Next slot",
      relative(next.atMs, nowMs),
      html`<bdi>${next.name}</bdi>, ${absolute(next.atMs, nowMs)}`,
      "off",
    )
  }
${
    open.length === 0
      ? gauge("Open runs", 0, "all is quiet", "off")
      : gauge("Open runs", openCount.toLocaleString("en"), `longest ${formatDuration(longestMs)}`, "busy")
  }
${gauge("Completed", completed.toLocaleString("en"), `of ${ended.toLocaleString("en")} ended`, "good")}
${gauge("Failed", failed.toLocaleString("en"), share(failed, ended), failed === 0 ? "off" : "bad")}
</dl>`;
}

function gauge(name: string, value: Content, note: Content, tone: Tone): Html {
  return html`
    <div class="${tone}">
      <dt>${name}</dt>
      <dd class="value">${value}</dd>
      <dd class="note">${note}</dd>
    </div>
  `;
}

function share(some: number, all: number): string {
  return all === 0 ? "nothing ended yet" : `${(100 * some / all).toFixed(some === 0 ? 0 : 1)} % of all`;
}

interface Section {
  readonly items: readonly Html[];
  /** How many there are, where the oldest alone are shown. */
  readonly count?: number;
  /** What stands there when there are none. */
  readonly otherwise: Content;
}

function section(kind: string, title: string, { items, count = items.length, otherwise }: Section): Html {
  const rest = count > items.length ? `, the oldest ${items.length} of them` : null;
  const counted = items.length === 0 ? null : html`<span class="count">${count.toLocaleString("en")}${rest}</span>`;
  const body = items.length === 0
    ? html`<p class="empty">${otherwise}</p>`
    : html`<ul class="rows ${kind}">${items}</ul>`;
  return html`<section aria-labelledby="${kind}"><h2 id="${kind}">${title} ${counted}</h2>
${body}</section>`;
}

function scheduleItem(schedule: ScheduleFacts, nowMs: number): Html {
  const { name, cron, timeZone, workflow, overlap, isEnabled, nextMs, results } = schedule;
  const last = results.find(({ status }) => status !== "running" && status !== "waiting");
  const [next, afterNext] = nextMs;
  return html`
    <li class="${last === undefined ? "off" : toneOf(last.status)}">
      <div>
        <h3><bdi>${name}</bdi></h3>
        <p class="soft"><bdi>${workflow}</bdi></p>
      </div>
      <p
        class="when"><span class="label">When</span><code>${cron}</code> <span class="soft">${timeZone}, ${overlap}</span></p>
      <div><span class="label">Last</span>${lastResult(last, nowMs)}${strip(schedule, nowMs)}</div>
      <p><span class="label">Next</span>${!isEnabled
        ? chip("off here")
        : next === undefined
        ? html`<span class="soft">never again</span>`
        : instant(next, nowMs)}${afterNext === undefined
        ? null
        : html`<br><span class="soft">then ${absolute(afterNext, nowMs)}</span>`}</p>
    </li>
  `;
}

function lastResult(last: ScheduleFacts["results"][number] | undefined, nowMs: number): Html {
  if (last === undefined) return html`<p class="soft">none yet</p>`;
  const { status, scheduledAtMs, durationSeconds, message } = last;
  const duration = durationSeconds === null
    ? null
    : html`<span class="soft">in ${formatDuration(durationSeconds * 1_000)}</span>`;
  const why = message === null || status === "completed" ? null : html`<p>${message}</p>`;
  return html`<p>${chip(status)} ${duration}</p><p>${instant(scheduledAtMs, nowMs)}</p>${why}`;
}

/** The last slots as bars, the oldest on the left; each says in words what it is. */
function strip({ name, results }: ScheduleFacts, nowMs: number): Html | null {
  if (results.length === 0) return null;
  const bars = results.toReversed().map(({ status, scheduledAtMs }) => {
    const words = `${status}, slot of ${absolute(scheduledAtMs, nowMs)}`;
    return html`<li class="${toneOf(status)}" title="${words}"><span class="unseen">${words}</span></li>`;
  });
  return html`<ol class="strip" aria-label="Last results of ${name}">${bars}</ol>`;
}

function openItem(run: OpenFacts, nowMs: number): Html {
  return html`<li class="${toneOf(run.status)}">
<p>${chip(run.status)}</p>
${named(run)}
<p><span class="label">Run</span>${runLink(run)}</p>
<p><span class="label">Since</span>${instant(run.sinceMs, nowMs)}</p>
</li>`;
}

function failureItem(run: FailureFacts, nowMs: number): Html {
  const logs = run.logs.filter(({ lines }) => lines.length > 0).map(({ step, lines }) =>
    html`
      <details>
        <summary>End of the log of <bdi>${step}</bdi></summary>
        <pre tabindex="0" aria-label="Log">${lines.join("\n")}</pre>
      </details>
    `
  );
  return html`<li class="${toneOf(run.status)}">
<p>${chip(run.status)}</p>
${named(run)}
<p><span class="label">Run</span>${runLink(run)}</p>
<p><span class="label">Ended</span>${instant(run.atMs, nowMs)}</p>
<div class="why"><p>${run.message}</p>${logs}</div>
</li>`;
}

function named({ displayName, workflow }: RunFacts): Html {
  const below = displayName === null ? null : html`<p class="soft"><bdi>${workflow}</bdi></p>`;
  return html`<div><h3><bdi>${displayName ?? workflow}</bdi></h3>${below}</div>`;
}

function runLink({ id, slug }: RunFacts): Html {
  return html`<a class="mono" href="/runs/${encodeURIComponent(id)}">${slug ?? id}</a>`;
}

function reportItem({ occurrenceId, kind, atMs, message }: PageFacts["notifications"][number], nowMs: number): Html {
  return html`
    <li class="${toneOf(kind)}">
      <p>${chip(kind)}</p>
      <p class="mono">${occurrenceId}</p>
      <p>${message}</p>
      <p>${instant(atMs, nowMs)}</p>
    </li>
  `;
}

function counters({ counts, ticks }: PageFacts): Html {
  const counted = [...Object.entries(counts), ["missed ticks", ticks?.missed ?? 0] as const];
  return html`
    <section aria-labelledby="counters">
      <h2 id="counters">Since the beginning</h2>
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
  const [mark, tone] = looksOf(status);
  return html`<span class="chip ${tone}"><span aria-hidden="true">${mark}</span> ${status}</span>`;
}

function toneOf(status: string): Tone {
  return looksOf(status)[1];
}

function looksOf(status: string): readonly [string, Tone] {
  return Object.hasOwn(LOOKS, status) ? LOOKS[status] ?? ["–", "off"] : ["–", "off"];
}

function took(durationMs: number): string {
  return durationMs < 1_000 ? `${Math.round(durationMs)} ms` : formatDuration(durationMs);
}

async function hashOf(source: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(source)));
  return `sha256-${btoa(String.fromCharCode(...digest))}`;
}
