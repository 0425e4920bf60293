/** The page's style and script, as constants: the Content-Security-Policy allows them by their hashes, and nothing else. */

import { PAGE_BASE_STYLE } from "../../page_style.ts";

export const PAGE_STYLE =
  `${PAGE_BASE_STYLE}header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; }
h1 { font-size: 1.15rem; margin: 0; letter-spacing: .01em; }
h1 .indicator { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .5em; background: var(--tone, var(--neutral)); box-shadow: 0 0 0 .25em var(--tint, var(--neutral-tint)); }
header p, footer p { margin: 0; color: var(--muted); overflow-wrap: anywhere; }
header .asof { margin-left: auto; display: flex; gap: .75rem; align-items: center; }
.asof [role="status"] { color: var(--error); }
h2 { font-size: .8rem; margin: 2rem 0 .6rem; text-transform: uppercase; letter-spacing: .09em; color: var(--muted); }
h2 .count { margin-left: .35em; color: var(--text); }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
.relative, .muted { color: var(--muted); }
.gauges { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem; margin: 1.25rem 0 0; padding: 0; }
.gauges > div { background: var(--panel); border: 1px solid var(--border); border-top: 3px solid var(--tone, var(--border)); border-radius: 6px; padding: .7rem .9rem; min-width: 0; }
.gauges dt { font-size: .75rem; text-transform: uppercase; letter-spacing: .08em; color: var(--muted); }
.gauges dd { margin: 0; overflow-wrap: anywhere; }
.gauges .value { font-size: 1.7rem; line-height: 1.25; font-weight: 600; }
.gauges .note { color: var(--muted); font-size: .86rem; }
.rows { list-style: none; margin: 0; padding: 0; background: var(--panel); border: 1px solid var(--border); border-radius: 6px; }
.rows > li { display: grid; gap: .35rem 1.25rem; align-items: center; padding: .75rem .9rem; border-left: 3px solid var(--tone, transparent); }
.rows > li + li { border-top: 1px solid var(--border); }
.rows > li:first-child { border-top-left-radius: 5px; } .rows > li:last-child { border-bottom-left-radius: 5px; }
.rows p { margin: 0; }
.rows > li > * { min-width: 0; }
.schedules > li { align-items: start; grid-template-columns: minmax(0, 2.2fr) minmax(0, 1.6fr) minmax(0, 2fr) minmax(0, 1.6fr); }
.runs > li, .failures > li, .notifications > li { grid-template-columns: 8rem minmax(0, 2fr) minmax(0, 2.4fr) minmax(0, 1.6fr); }
.failures .reason { grid-column: 2 / -1; min-width: 0; }
.label { display: block; font-size: .72rem; text-transform: uppercase; letter-spacing: .07em; color: var(--muted); }
.chip { display: inline-flex; align-items: center; gap: .4em; padding: .05em .55em; border-radius: 1em; font-size: .86rem; color: var(--tone); background: var(--tint); overflow-wrap: anywhere; min-width: 0; }
.strip { margin-top: .15rem; }
.strip li.error { background: repeating-linear-gradient(135deg, var(--tone) 0 3px, var(--tint) 3px 5px); }
.strip li.warning, .strip li.neutral { height: 10px; align-self: end; }
.empty, .alert { background: var(--panel); border: 1px dashed var(--border); border-radius: 6px; padding: .75rem .9rem; color: var(--muted); margin: 0; }
.alert { border: 1px solid var(--error); color: var(--text); background: var(--error-tint); margin-top: 1rem; overflow-wrap: anywhere; }
details { margin-top: .3rem; }
.counters { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); margin: 0; background: var(--panel); border: 1px solid var(--border); border-radius: 6px; }
.counters div { display: flex; justify-content: space-between; gap: 1rem; padding: .45rem .9rem; min-width: 0; }
.counters dt { color: var(--muted); } .counters dd { margin: 0; font-weight: 600; }
footer { padding-top: 2rem; padding-bottom: 2rem; font-size: .86rem; }
button { font: inherit; font-size: .86rem; color: var(--text); background: var(--panel); border: 1px solid var(--border); border-radius: 4px; padding: .15rem .7rem; cursor: pointer; min-height: 1.75rem; }
@media (max-width: 760px) {
  header .asof { margin-left: 0; width: 100%; justify-content: space-between; }
  .gauges { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .5rem; }
  .gauges > :first-child { grid-column: 1 / -1; }
  .gauges .value { font-size: 1.35rem; }
  .rows > li, .schedules > li, .runs > li, .failures > li, .notifications > li { grid-template-columns: minmax(0, 1fr); }
  .schedules > li { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .schedules > li > :first-child, .schedules > li > :nth-child(2) { grid-column: 1 / -1; }
  .schedules .when .label { display: none; }
  .failures .reason { grid-column: auto; }
  .runs .label, .failures .label { display: inline; margin-right: .5em; }
}
@media (forced-colors: active) { .strip li { border: 1px solid; } }
`;

/**
 * Refreshes the page every 30 seconds while it is visible and the user is not reading in it, and shows when that fails. The
 * page is complete without it.
 */
export const PAGE_SCRIPT = `
"use strict";
(() => {
  const EVERY_MS = 30000;
  let isPaused = false;
  const button = document.createElement("button");
  button.type = "button";
  button.title = "This page refreshes every 30 seconds";
  const label = () => { button.textContent = isPaused ? "Resume refresh" : "Pause refresh"; };
  button.addEventListener("click", () => { isPaused = !isPaused; label(); });
  label();
  const note = document.createElement("span");
  note.setAttribute("role", "status");
  document.querySelector(".asof").append(note, button);
  const isReading = () => document.querySelector("main details[open]") !== null ||
    document.querySelector("main").contains(document.activeElement) || String(getSelection()) !== "";
  const refresh = async () => {
    if (isPaused || document.hidden || isReading()) return;
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!response.ok) throw new Error("no page");
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    if (isReading()) return;
    for (const part of ["main", "h1", ".asof p"]) {
      document.querySelector(part).replaceWith(fresh.querySelector(part));
    }
    document.title = fresh.title;
    note.textContent = "";
  };
  const showFailure = () => {
    note.textContent = "Cannot refresh: the server is unavailable";
    document.title = "! " + document.title.replace(/^! /, "");
  };
  setInterval(() => refresh().catch(showFailure), EVERY_MS);
})();
`;
