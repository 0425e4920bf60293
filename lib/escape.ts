/**
 * Why this file: what a server or a log says may hold sequences that move the cursor, retitle the window, or turn the
 * reading direction. None of it may reach a terminal.
 */

/** C0 without tab and newline, DEL, C1, bidi controls, zero-width joiners of lines, the interlinear and tag characters. */
const HARMFUL =
  // deno-lint-ignore no-control-regex -- naming them is the point
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Makes every harmful character visible as an escape; tabs and newlines stay. */
export function escapeControlCharacters(text: string): string {
  return text.replace(HARMFUL, visible);
}

/** The same for text that has to stay on one line: tabs and newlines become visible too. */
export function oneLine(text: string): string {
  return escapeControlCharacters(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** JSON that holds the same values, with every harmful character as an escape of JSON's own. */
export function escapeJson(json: string): string {
  return json.replace(HARMFUL, (character) => character.split("").map(jsonEscape).join(""));
}

/** {@link escapeLog} for a log that comes in pieces: what a piece breaks off waits for the next one. */
export function escapeLogPieces(): (piece: string, options?: { readonly isLast?: boolean }) => string {
  let kept = "";
  return (piece, { isLast = false } = {}) => {
    const text = kept + piece;
    kept = isLast ? "" : UNFINISHED.exec(text)?.[0] ?? "";
    return escapeLog(text.slice(0, text.length - kept.length));
  };
}

/** The beginning of a colour, or returns whose newline may still come. */
// deno-lint-ignore no-control-regex -- as above
const UNFINISHED = /(?:\u001b(?:\[[0-9;]{0,32})?|\r{1,32})$/;

/** A log as a person reads it: colours dropped, a progress bar's returns made lines, the rest made harmless. */
export function escapeLog(text: string): string {
  // deno-lint-ignore no-control-regex -- as above
  return escapeControlCharacters(text.replace(/\u001b\[[0-9;]*m/g, "").replace(/\r+\n?/g, "\n"));
}

function jsonEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}
