/**
 * Renders a report as one HTML file that opens without a network: its data is compressed, its script shows it. What the
 * script does not need is plain HTML, so that the result is visible at once.
 */

import { policyHash } from "../text.ts";
import { gzipBase64 } from "../base64.ts";
import { html, raw } from "../deps/hono.ts";
import { formatDuration } from "../duration.ts";
import { formatCounts } from "./cases.ts";
import { CHART_SCRIPT } from "./html/chart.ts";
import { CORE_SCRIPT } from "./html/core.ts";
import { DETAILS_SCRIPT } from "./html/details.ts";
import { FILTER_SCRIPT } from "./html/filter.ts";
import { LIST_SCRIPT } from "./html/list.ts";
import { OVERVIEW_SCRIPT } from "./html/overview.ts";
import { PAGE_STYLE } from "./html/style.ts";
import { pageData } from "./page_data.ts";
import type { Report } from "./report.ts";
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
  const hasFailed = kind !== "suite" || cases.some(({ isFailure }) => isFailure);
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
