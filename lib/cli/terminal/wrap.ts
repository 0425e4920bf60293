import { STYLE_SEQUENCE } from "./style.ts";
import { textWidth } from "./text_width.ts";

/** Wraps text at spaces; a longer word, like a URL, gets a line of its own so that it can be copied. */
export function wrap(text: string, columns: number): string[] {
  return wrapWords(text.split(/\s+/), columns);
}

/**
 * Wraps the lines that are wider than the terminal, with further lines indented. A command at the end has lines of its
 * own that can be pasted; lines of a log, and of a file with a caret below, stay as they are.
 */
export function wrapLines(text: string, columns: number): string {
  const lines = text.split("\n");
  const isExcerpt = (index: number) => CARET_LINE.test(lines[index + 1] ?? "");
  return lines.map((line, index) => isExcerpt(index) ? line : wrapLine(line, columns)).join("\n");
}

const CARET_LINE = /^ +\^+$/;
const LOG_LINE = /^ *│ /;
const WORDS = /\s*(?:`[^`]*`\S*|\S+)/g;
const COMMAND_AT_END = /(?<=: |^ *)pw-workflow-runner .*$/;

function wrapLine(line: string, columns: number): string {
  const text = withoutStyle(line);
  if (cellsOf(line) <= columns || LOG_LINE.test(text)) return line;
  const [command = ""] = COMMAND_AT_END.exec(line) ?? [];
  const ownIndent = " ".repeat(text.search(/\S/));
  const indent = `${ownIndent}  `;
  const lines: string[] = [];
  for (const [word] of line.slice(0, line.length - command.length).trimEnd().matchAll(WORDS)) {
    const longer = `${lines.at(-1) ?? ""}${word}`;
    if (lines.length === 0 || cellsOf(longer) <= columns) lines.splice(-1, 1, longer);
    else lines.push(indent + word.trimStart());
  }
  const commandIndent = lines.length === 0 ? ownIndent : indent;
  const commandLines = command === "" ? [] : wrapCommand(command, columns - commandIndent.length);
  return [...lines, ...commandLines.map((part) => commandIndent + part)].join("\n");
}

function cellsOf(text: string): number {
  return textWidth(withoutStyle(text));
}

function withoutStyle(text: string): string {
  return text.split(STYLE_SEQUENCE).filter((_, index) => index % 2 === 0).join("");
}

/**
 * Wraps a shell command into lines that can be pasted: each but the last ends with a backslash. Quoted text stays
 * whole, and an option beside its value where there is room.
 */
export function wrapCommand(line: string, columns: number): string[] {
  const words: string[] = [];
  for (const word of line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? []) {
    const withOption = `${words.at(-1) ?? ""} ${word}`;
    const isValue = /^-[^\s]+ [^-]/.test(withOption) && withOption.length <= columns - 4;
    if (isValue) words.splice(-1, 1, withOption);
    else words.push(word);
  }
  const [first = "", ...others] = wrapWords(words, columns - 4);
  return [first, ...others.map((other) => `  ${other}`)].map((part, index, all) =>
    index === all.length - 1 ? part : `${part} \\`
  );
}

function wrapWords(words: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const longer = `${lines.at(-1) ?? ""} ${word}`;
    if (lines.length > 0 && cellsOf(longer) <= columns) lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  return lines;
}
