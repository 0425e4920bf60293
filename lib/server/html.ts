/** HTML templates: interpolated values are escaped, except HTML from another template; and times, in UTC. */

import { html as template } from "../deps/hono.ts";
import { formatDuration } from "../duration.ts";
import { cleanLog } from "../log_text.ts";

/** Safe markup, created only by templates and `raw`. */
export type Html = ReturnType<typeof template>;

export type HtmlContent = Html | string | number | null | undefined | readonly HtmlContent[];

/** As hono's, also without control characters; `null` and `undefined` become nothing, lists are joined. */
export function html(texts: TemplateStringsArray, ...values: readonly HtmlContent[]): Html {
  return template(texts, ...values.map(withoutControls));
}

/** Markup is an object, unlike plain text. */
function withoutControls(value: HtmlContent): unknown {
  if (typeof value === "string") return cleanLog(value);
  return Array.isArray(value) ? value.map(withoutControls) : value;
}

const DAY_MS = 86_400_000;

/** `in 3m 05s`, `2h 10m ago`, `now`. */
export function formatRelativeTime(atMs: number, nowMs: number): string {
  const distanceMs = Math.abs(atMs - nowMs);
  if (distanceMs < 1_000) return "now";
  return atMs > nowMs ? `in ${formatDuration(distanceMs)}` : `${formatDuration(distanceMs)} ago`;
}

/** `02:30 UTC` today, `26 Nov 02:30 UTC` on other days, and with the year in other years. */
export function formatAbsoluteTime(atMs: number, nowMs: number): string {
  // `Thu, 26 Nov 2026 02:30:00 GMT`.
  const [, day, month, year, clock = ""] = new Date(atMs).toUTCString().split(" ");
  const time = `${clock.slice(0, 5)} UTC`;
  if (Math.floor(atMs / DAY_MS) === Math.floor(nowMs / DAY_MS)) return time;
  const isThisYear = Number(year) === new Date(nowMs).getUTCFullYear();
  return [Number(day), month, ...isThisYear ? [] : [year], time].join(" ");
}

/** A `<time>` element with both formats. */
export function timeElement(atMs: number, nowMs: number): Html {
  return html`<time datetime="${new Date(atMs).toISOString()}">${
    formatAbsoluteTime(atMs, nowMs)
  } <span class="relative">${formatRelativeTime(atMs, nowMs)}</span></time>`;
}
