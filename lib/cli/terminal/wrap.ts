import { STYLE_SEQUENCE } from "./style.ts";
import { fitToWidth, textWidth } from "./text_width.ts";

/** Wraps text at spaces; a longer word, like a URL, gets a line of its own so that it can be copied. */
export function wrap(text: string, columns: number): string[] {
  return packed(text.split(/\s+/), " ", columns);
}

/**
 * Wraps the lines that are wider than the terminal, with further lines indented. A command at the end has lines of its
 * own that can be pasted; lines of a log stay as they are, and those of a file are cut so that the carets below fit.
 */
export function wrapLines(text: string, columns: number): string {
  const lines = text.split("\n");
  return lines.map((line, index) => {
    const below = lines[index + 1] ?? "";
    if (CARETS.test(below)) return fitToWidth(withoutBeginning(line, cutBefore(below, columns), "\u2026"), columns);
    if (CARETS.test(line)) return withoutBeginning(line, cutBefore(line, columns), " ").slice(0, columns);
    return wrapLine(line, columns);
  }).join("\n");
}

const CARETS = /^ +\^+$/;
/** The indentation of a line of a file. */
const EXCERPT_INDENT = 4;

/** How much of a line is cut at its beginning, so that what the carets mark has room. */
function cutBefore(carets: string, columns: number): number {
  const most = Math.max(0, carets.indexOf("^") - EXCERPT_INDENT - 1);
  return carets.length <= columns ? 0 : Math.min(most, carets.length + 1 - columns);
}

function withoutBeginning(line: string, cut: number, mark: string): string {
  return cut === 0 ? line : line.slice(0, EXCERPT_INDENT) + mark + line.slice(EXCERPT_INDENT + cut + 1);
}

const LOG_LINE = /^ *│ /;
const WORDS = /\s*(?:`[^`]*`\S*|\S+)/g;
const COMMAND_AT_END = /(?<=: |^ *)pw-workflow-runner .*$/;

function wrapLine(line: string, columns: number): string {
  const text = line.split(STYLE_SEQUENCE).filter((_, index) => index % 2 === 0).join("");
  if (textWidth(text) <= columns || LOG_LINE.test(text)) return line;
  const [command = ""] = COMMAND_AT_END.exec(line) ?? [];
  const ownIndent = " ".repeat(text.search(/\S/));
  const indent = `${ownIndent}  `;
  const lines: string[] = [];
  for (const [word] of line.slice(0, line.length - command.length).trimEnd().matchAll(WORDS)) {
    const longer = `${lines.at(-1) ?? ""}${word}`;
    if (lines.length === 0 || textWidth(longer) <= columns) lines.splice(-1, 1, longer);
    else lines.push(indent + word.trimStart());
  }
  const commandIndent = lines.length === 0 ? ownIndent : indent;
  const commandLines = command === "" ? [] : wrapCommand(command, columns - commandIndent.length);
  return [...lines, ...commandLines.map((part) => commandIndent + part)].join("\n");
}

/** How many rows a terminal shows a line in, which may have our styles. */
export function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(textWidth(line) / columns));
}

/** Cuts a line that may have our styles, which it keeps. */
export function fitStyledToWidth(line: string, cells: number): string {
  if (textWidth(line) <= cells) return line;
  let free = cells;
  return line.split(STYLE_SEQUENCE).map((part, index) => {
    if (index % 2 === 1) return part;
    const kept = fitToWidth(part, Math.max(0, free));
    free -= textWidth(part);
    return kept;
  }).join("");
}

/**
 * Wraps a shell command into lines that can be pasted: each but the last ends with a backslash. Quoted text stays
 * whole, and an option beside its value where there is room.
 */
export function wrapCommand(line: string, columns: number): string[] {
  const words: string[] = [];
  // A backslash at the end stays with its word: the command is wrapped already.
  for (const word of line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+(?: \\$)?/g) ?? []) {
    const last = words.at(-1) ?? "";
    const withOption = `${last} ${word}`;
    const isValue = /^-\S+$/.test(last) && !word.startsWith("-") && withOption.length <= columns - 4;
    if (isValue) words.splice(-1, 1, withOption);
    else words.push(word);
  }
  const [first = "", ...others] = packed(words, " ", columns - 4);
  return [first, ...others.map((other) => `  ${other}`)].map((part, index, all) =>
    index === all.length - 1 ? part : `${part} \\`
  );
}

/** As many parts per line as fit; each of our own styles takes no room. */
export function packed(parts: readonly string[], separator: string, columns: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const longer = `${lines.at(-1) ?? ""}${separator}${part}`;
    if (lines.length > 0 && textWidth(longer) <= columns) lines.splice(-1, 1, longer);
    else lines.push(part);
  }
  return lines;
}
