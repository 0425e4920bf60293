/**
 * Makes text safe for a terminal: text from a server or a log may contain sequences that move the cursor, change the
 * window title or reverse the reading direction.
 */

/** C0 except tab and newline, DEL, C1, bidi controls, line separators, interlinear and tag characters. */
const CONTROL_CHARACTERS =
  // deno-lint-ignore no-control-regex -- they are what it matches
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** C0 except tab and newline, and DEL. */
const ASCII_CONTROLS = [...Array(32).keys(), 127].map((code) => String.fromCharCode(code))
  .filter((character) => character !== "\t" && character !== "\n");

/** From this length on, several searches for one character are faster than one for all of them. */
const MIN_SEARCHED_LENGTH = 1_024;

const encoder = new TextEncoder();

/** True if a text is long and has only printable ASCII, tabs and newlines; false means that it may have others. */
export function isLongAndPlain(text: string): boolean {
  if (text.length < MIN_SEARCHED_LENGTH) return false;
  const { read } = encoder.encodeInto(text, new Uint8Array(text.length));
  return read === text.length && !ASCII_CONTROLS.some((character) => text.includes(character));
}

/** Replaces every control character by a visible escape; tabs and newlines stay. */
export function escapeControlCharacters(text: string): string {
  return isLongAndPlain(text) ? text : text.replace(CONTROL_CHARACTERS, visible);
}

/** Like {@link escapeControlCharacters}, for text on one line: tabs and newlines are escaped too. */
export function oneLine(text: string): string {
  return escapeControlCharacters(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** So that no line is a command to the runner of GitHub Actions: `::name::` where it begins, or `##[name]` anywhere. */
export function escapeWorkflowCommands(text: string): string {
  return text.replace(/^\s*:(?=:)|##(?=\[)/gm, "$&\u200b");
}

/** JSON with the same values, without control characters and {@link escapeWorkflowCommands | workflow commands}. */
export function escapeJson(json: string): string {
  return json.replace(CONTROL_CHARACTERS, jsonEscape).replaceAll("##[", "##\\u005b");
}

/** One escape for each unit of a character. */
export function jsonEscape(character: string): string {
  return character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}
