// deno-lint-ignore-file no-control-regex -- control characters are what the patterns match

/**
 * Makes a log readable outside the terminal that it was written for: escape sequences are removed, a line that was
 * redrawn becomes what a terminal would leave of it, and what is left of control characters is escaped.
 *
 * Sources of the sequences: ECMA-48 (CSI, OSC, DCS, SGR, EL), ISO 2022 (character sets).
 */

import { escapeControlCharacters, isLongAndPlain } from "./escape.ts";

export interface LogCleanerOptions {
  /** Keeps SGR sequences, which set colors. */
  readonly mayColor?: boolean | undefined;
  /** Returns no unfinished lines, except very long ones. */
  readonly isByLine?: boolean | undefined;
}

export type LogCleaner = (piece: string, options?: { readonly isLast?: boolean }) => string;

/** The readable text of a whole log, or of any part of it that begins with a line. */
export function cleanLog(text: string, { mayColor = false }: Pick<LogCleanerOptions, "mayColor"> = {}): string {
  if (isLongAndPlain(text)) return text;
  if (!SPECIAL.test(text)) return escapeControlCharacters(text);
  return text.split("\n").map((line) => cleanLine(line, mayColor)).join("\n");
}

/**
 * {@link cleanLog} for a log in pieces. An unfinished line is returned as far as it is known, unless it was redrawn: then it
 * is held until its end. An unfinished sequence is held, too.
 */
export function createLogCleaner({ mayColor = false, isByLine = false }: LogCleanerOptions = {}): LogCleaner {
  /** The unfinished line as it was written, and what was returned of it. */
  let written = "";
  let returned = "";
  const restOf = (text: string): string => {
    const clean = cleanLog(text, { mayColor });
    return clean.startsWith(returned) ? clean.slice(returned.length) : `\n${clean}`;
  };
  return (piece, { isLast = false } = {}) => {
    const text = written + piece;
    const newline = piece.lastIndexOf("\n");
    const end = isLast ? text.length : newline === -1 ? 0 : written.length + newline + 1;
    written = text.slice(end);
    let output = "";
    if (isLast || end > 0) {
      output = restOf(text.slice(0, end));
      returned = "";
    }
    if (written.length > MAX_LINE_LENGTH) return output + shorten();
    const known = isByLine ? "" : written.slice(0, written.length - heldLength(written));
    if (known === "" || REDRAWN.test(known)) return output;
    const added = restOf(known);
    returned += added;
    return output + added;
  };

  /** Drops the part of a long line that no longer matters. */
  function shorten(): string {
    const redrawn = written.lastIndexOf("\r");
    if (redrawn > 0) {
      written = cleanLine(written.slice(0, redrawn), mayColor, { isEscaped: false }) + written.slice(redrawn);
      if (written.length <= MAX_LINE_LENGTH) return "";
    }
    const end = written.length - heldLength(written);
    const known = restOf(written.slice(0, end));
    [written, returned] = [written.slice(end), ""];
    return known;
  }
}

function heldLength(text: string): number {
  return UNFINISHED.exec(text.slice(-MAX_SEQUENCE_LENGTH))?.[0].length ?? 0;
}

const MAX_SEQUENCE_LENGTH = 4_200;

/** Of a line that has no end; also of one that is redrawn again and again. */
const MAX_LINE_LENGTH = 64 * 1024;

/** The readable text of a log that arrives in pieces, line by line. */
export async function* cleanLines(pieces: AsyncIterable<string>): AsyncGenerator<string, void> {
  const clean = createLogCleaner({ isByLine: true });
  for await (const piece of pieces) yield clean(piece);
  yield clean("", { isLast: true });
}

/** Cuts a long line at its end, with a mark. */
export function shortenLine(line: string, maxLength = 500): string {
  if (line.length <= maxLength) return line;
  // A surrogate pair is not cut in half.
  const kept = line.slice(0, maxLength).replace(/[\ud800-\udbff]$/, "");
  return `${kept}… (${(line.length - kept.length).toLocaleString("en-US")} more characters)`;
}

/** What makes a line different from the text that it shows. */
const SPECIAL = /[\u0008\r\u001b\u0080-\u009f]/;

/** The cursor was moved within the line. */
const REDRAWN = /[\u0008\r]|[\u001b\u009b]\[?[0-9;]*[CDGKPX@]/;

/** A sequence that the next piece may complete, or carriage returns that a newline may follow. */
const UNFINISHED =
  /(?:(?:\u001b\[|\u009b)[0-?]{0,64}[ -/]{0,8}|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]{0,4096}\u001b?|\u001b[ -/]{0,8}|\r{1,32})$/;

/** Sets colors and other attributes of text. */
export const SGR_SEQUENCE = /(\u001b\[[0-9;:]*m)/;

const SEQUENCES = new RegExp(
  [
    // CSI: parameters, intermediates, final
    String.raw`(?:\u001b\[|\u009b)(?<parameters>[0-?]*)[ -/]*(?<final>[@-~])`,
    // OSC, DCS, SOS, PM and APC, up to BEL or ST
    String.raw`(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)`,
    // character sets and other sequences with intermediates, then those of two characters
    String.raw`\u001b[ -/]+[0-~]`,
    String.raw`\u001b[0-Z\\^-~]`,
  ].join("|"),
  "g",
);

function cleanLine(line: string, mayColor: boolean, { isEscaped = true } = {}): string {
  if (!SPECIAL.test(line)) return isEscaped ? escapeControlCharacters(line) : line;
  const withoutEnd = line.replace(/\r+$/, "");
  const text = REDRAWN.test(withoutEnd) ? redraw(withoutEnd) : withoutEnd;
  let clean = "";
  let from = 0;
  const escape = (part: string) => isEscaped ? escapeControlCharacters(part) : part;
  for (const match of text.matchAll(SEQUENCES)) {
    clean += escape(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (mayColor && match.groups?.final === "m") clean += `\u001b[${match.groups.parameters ?? ""}m`;
  }
  return clean + escape(text.slice(from));
}

/** What a terminal without a right margin leaves of a line. Of sequences only SGR stays, before the character it precedes. */
function redraw(line: string): string {
  const cells: string[] = [];
  let column = 0;
  let style = "";
  const put = (character: string) => {
    while (cells.length < column) cells.push(" ");
    cells[column] = style + character;
    style = "";
    column += 1;
  };
  const write = (text: string) => {
    for (const character of text) {
      if (character === "\r") column = 0;
      else if (character === "\u0008") column = Math.max(0, column - 1);
      else put(character);
    }
  };
  let from = 0;
  for (const match of line.matchAll(SEQUENCES)) {
    write(line.slice(from, match.index));
    from = match.index + match[0].length;
    const { parameters = "", final } = match.groups ?? {};
    const count = Number.parseInt(parameters, 10) || 0;
    if (final === "m") style += match[0];
    else if (final === "C") column = Math.max(column, Math.min(column + Math.max(1, count), MAX_LINE_LENGTH));
    else if (final === "D") column = Math.max(0, column - Math.max(1, count));
    else if (final === "G") column = Math.min(Math.max(1, count), MAX_LINE_LENGTH) - 1;
    else if (final === "K" && count === 0) cells.length = Math.min(cells.length, column);
    else if (final === "K" && count === 2) cells.length = 0;
    else if (final === "K") cells.fill(" ", 0, Math.min(cells.length, column + 1));
  }
  write(line.slice(from));
  return cells.join("") + style;
}
