import { mostSevereEnd } from "../exit_codes.ts";
import type { DoctorCheck } from "./check.ts";
import { oneLine } from "../../escape.ts";
import { counted } from "../../text.ts";
import type { Layout, Style } from "../terminal/style.ts";
import { padToWidth } from "../terminal/text_width.ts";
import { wrap } from "../terminal/wrap.ts";

const MARKS = {
  ok: ["✓", "green"],
  warning: ["!", "yellow"],
  failed: ["✗", "red"],
  skipped: ["·", "dim"],
} as const satisfies Record<DoctorCheck["status"], readonly [string, keyof Style]>;

/** The width of the longest name. */
const NAME_CELLS = 10;
/** On narrower terminals the detail starts on a line of its own. */
const MIN_COLUMNS_FOR_NAMES = 60;

/** One or more lines, followed by the hint. With `columns` `Infinity` nothing is wrapped. */
export function renderCheck({ name, status, detail, hint }: DoctorCheck, { style, columns }: Layout): string {
  const [mark, color] = MARKS[status];
  const sign = style[color](mark);
  const isWide = columns >= MIN_COLUMNS_FOR_NAMES;
  const newLine = `\n${" ".repeat(isWide ? NAME_CELLS + 4 : 4)}`;
  const wrapped = (text: string) => wrap(oneLine(text), columns - newLine.length + 1);
  const body = [...wrapped(detail), ...(hint === null ? [] : wrapped(hint).map(style.dim))];
  const head = isWide ? `${sign} ${padToWidth(name, NAME_CELLS)}  ` : `${sign} ${name}${newLine}`;
  return head + body.join(newLine);
}

/** The members are a public interface. */
export function doctorDocument(checks: readonly DoctorCheck[]) {
  return {
    checks: checks.map(({ name, status, detail, hint }) => ({ name, status, detail, hint })),
    ...mostSevereEnd(checks),
    submitted: "no",
  };
}

export function renderSummary(checks: readonly DoctorCheck[]): string {
  const count = (status: DoctorCheck["status"]) => checks.filter((check) => check.status === status).length;
  const [failures, warnings] = [count("failed"), count("warning")];
  return [
    ...(failures === 0 ? [] : [`${counted(failures, "check")} failed`]),
    ...(warnings === 0 ? [] : [counted(warnings, "warning")]),
  ].join(", ") || "No problems found";
}
