import { type DoctorCheck, overallCheckResult } from "./check.ts";
import { oneLine } from "../../escape.ts";
import type { Style } from "../terminal/style.ts";
import { padToWidth, textWidth } from "../terminal/text_width.ts";

const SIGNS = { ok: "✓", warning: "!", failed: "✗", skipped: "·" } as const satisfies Record<
  DoctorCheck["status"],
  string
>;
const COLORS = { ok: "green", warning: "yellow", failed: "red", skipped: "dim" } as const satisfies Record<
  DoctorCheck["status"],
  keyof Style
>;

/** The width of the longest name. */
const NAME_CELLS = 10;
/** On narrower terminals the detail starts on a line of its own. */
const MIN_COLUMNS_FOR_NAMES = 60;

/** One or more lines, followed by the hint. With `columns` `Infinity` nothing is wrapped. */
export function renderCheck(
  { name, status, detail, hint }: DoctorCheck,
  { style, columns }: { readonly style: Style; readonly columns: number },
): string {
  const sign = style[COLORS[status]](SIGNS[status]);
  const isWide = columns >= MIN_COLUMNS_FOR_NAMES;
  const indent = " ".repeat(isWide ? NAME_CELLS + 4 : 4);
  const wrapped = (text: string) => wrap(oneLine(text), columns - indent.length);
  const [first = "", ...rest] = wrapped(detail);
  const head = isWide
    ? [`${sign} ${padToWidth(name, NAME_CELLS)}  ${first}`]
    : [`${sign} ${name}`, `${indent}${first}`];
  return [
    ...head,
    ...rest.map((line) => indent + line),
    ...(hint === null ? [] : wrapped(hint).map((line) => indent + style.dim(line))),
  ].join("\n");
}

/** The members are a public interface. */
export function doctorDocument(checks: readonly DoctorCheck[]) {
  return {
    checks: checks.map(({ name, status, detail, hint }) => ({ name, status, detail, hint })),
    ...overallCheckResult(checks),
    submitted: "no",
  };
}

export function renderSummary(checks: readonly DoctorCheck[]): string {
  const count = (status: DoctorCheck["status"]) => checks.filter((check) => check.status === status).length;
  const [failed, warnings] = [count("failed"), count("warning")];
  if (failed === 0 && warnings === 0) return "No problems found";
  const counted = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  return [
    ...(failed === 0 ? [] : [`${counted(failed, "check")} failed`]),
    ...(warnings === 0 ? [] : [counted(warnings, "warning")]),
  ].join(", ");
}

/** Breaks between words only, so that a long URL or path can be copied. */
function wrap(text: string, cells: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && textWidth(longer) > cells) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
