/** A check as people read it, and all of them as programs do. Pure. */

import { type Check, conclude } from "./check.ts";
import { oneLine } from "../../escape.ts";
import type { Style } from "../terminal/style.ts";
import { pad, textWidth } from "../terminal/text_width.ts";

const SIGNS = { ok: "✓", warning: "!", failed: "✗", skipped: "·" } as const satisfies Record<Check["status"], string>;
const PAINTS = { ok: "green", warning: "yellow", failed: "red", skipped: "dim" } as const satisfies Record<
  Check["status"],
  keyof Style
>;

/** As wide as the longest name. */
const NAME_CELLS = 10;
/** Narrower terminals have no room for a column of names. */
const ROOMY_COLUMNS = 60;

/** A line or more, with what to do below it. `columns` is `Infinity` where lines may be as long as they are. */
export function renderCheck(
  { name, status, detail, hint }: Check,
  { style, columns }: { readonly style: Style; readonly columns: number },
): string {
  const sign = style[PAINTS[status]](SIGNS[status]);
  const isRoomy = columns >= ROOMY_COLUMNS;
  const indent = " ".repeat(isRoomy ? NAME_CELLS + 4 : 4);
  const wrapped = (text: string) => wrap(oneLine(text), columns - indent.length);
  const [first = "", ...rest] = wrapped(detail);
  const head = isRoomy ? [`${sign} ${pad(name, NAME_CELLS)}  ${first}`] : [`${sign} ${name}`, `${indent}${first}`];
  return [
    ...head,
    ...rest.map((line) => indent + line),
    ...(hint === null ? [] : wrapped(hint).map((line) => indent + style.dim(line))),
  ].join("\n");
}

/** One document: its members stay what they are. */
export function doctorDocument(checks: readonly Check[]) {
  return {
    checks: checks.map(({ name, status, detail, hint }) => ({ name, status, detail, hint })),
    ...conclude(checks),
    submitted: "no",
  };
}

/** The last line. */
export function renderConclusion(checks: readonly Check[]): string {
  const count = (status: Check["status"]) => checks.filter((check) => check.status === status).length;
  const [failed, warnings] = [count("failed"), count("warning")];
  if (failed === 0 && warnings === 0) return "Nothing is wrong";
  const counted = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;
  return [
    ...(failed === 0 ? [] : [`${counted(failed, "check")} failed`]),
    ...(warnings === 0 ? [] : [counted(warnings, "warning")]),
  ].join(", ");
}

/** Breaks between words; a word that is too long stays whole, so that it can be copied. */
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
