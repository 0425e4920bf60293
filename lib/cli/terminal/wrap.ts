import { textWidth } from "./text_width.ts";

/** Wraps text at spaces; a longer word, like a URL, gets a line of its own so that it can be copied. */
export function wrap(text: string, columns: number): string[] {
  return wrapWords(text.split(/\s+/), columns);
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
    if (lines.length > 0 && textWidth(longer) <= columns) lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  return lines;
}
