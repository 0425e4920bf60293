import { VERDICT_LOOKS } from "../cases.ts";
import { VERDICTS } from "../report.ts";

/** Small parts of the page's script that all others use. Text only becomes text: nothing is parsed as HTML. */
export const CORE_SCRIPT = String.raw`
const LOOKS = ${JSON.stringify(VERDICT_LOOKS)};
const STEP_TONES = { completed: "success", error: "error", failed: "error", faulted: "error", running: "active" };
const VERDICTS = ${JSON.stringify(VERDICTS)};

const h = (tag, properties, ...children) => filled(document.createElement(tag), properties, children);
const svg = (tag, attributes, ...children) => filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const verdictText = (verdict) => verdict.replace("-", " ");
const dateText = (ms) => new Date(ms).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
const timeText = (ms) => new Date(ms).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
const counted = (count, noun) => count + " " + noun + (count === 1 ? "" : "s");
const lastOf = (one) => one.attempts[one.attempts.length - 1];
const secondsOf = (one) => lastOf(one)?.runSeconds ?? null;

function durationText(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 10) return Math.round(seconds * 10) / 10 + "s";
  const whole = Math.round(seconds);
  if (whole < 60) return whole + "s";
  const pad = (value) => String(value).padStart(2, "0");
  if (whole < 3600) return Math.floor(whole / 60) + "m " + pad(whole % 60) + "s";
  if (whole < 172800) return Math.floor(whole / 3600) + "h " + pad(Math.floor(whole % 3600 / 60)) + "m";
  return Math.floor(whole / 86400) + "d " + Math.floor(whole % 86400 / 3600) + "h";
}

const numberText = (value) => Number(value.toPrecision(6)).toLocaleString("en-US", { maximumFractionDigits: 12, useGrouping: false });

function announce(text) {
  document.getElementById("announcer").textContent = text;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Not allowed in a frame.
    const area = h("textarea", { "aria-hidden": "true", tabindex: "-1" }, text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function copyButton(label, text) {
  const button = h("button", { type: "button", class: "copy" }, label);
  button.addEventListener("click", async () => {
    await copy(typeof text === "function" ? text() : text);
    button.textContent = "Copied";
    announce("Copied");
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  return button;
}

/** Lets a button show and remove what show adds. Returns what shows it. */
function expandable(button, show) {
  let shown = null;
  const open = () => {
    if (shown !== null) return;
    button.setAttribute("aria-expanded", "true");
    shown = show();
    scrollLogs(shown);
  };
  button.addEventListener("click", () => {
    if (shown === null) return open();
    button.setAttribute("aria-expanded", "false");
    shown.remove();
    shown = null;
  });
  return open;
}

function chip(verdict) {
  return h("span", { class: "chip " + LOOKS[verdict].tone }, h("span", { "aria-hidden": "true" }, LOOKS[verdict].sign + " "), verdictText(verdict));
}

/** Numbers over time. */
function sparkline(values, label) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return null;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const y = (value) => 21 - 18 * (high === low ? 0.5 : (value - low) / (high - low));
  const x = (index) => 3 + index * 94 / (values.length - 1);
  const points = values.flatMap((value, index) => value === null ? [] : [x(index).toFixed(1) + "," + y(value).toFixed(1)]);
  const last = points[points.length - 1].split(",");
  const text = label + ": " + known.map(numberText).join(", ");
  return svg("svg", { viewBox: "0 0 100 24", class: "spark", role: "img", "aria-label": text },
    svg("polyline", { points: points.join(" "), fill: "none", stroke: "currentColor", "stroke-width": 1.5 }),
    svg("circle", { cx: last[0], cy: last[1], r: 2.5, fill: "currentColor" }));
}
`;
