/** Renders candidates in the format that each shell's script reads. Pure. */

import { padToWidth, textWidth } from "../terminal/text_width.ts";
import { type BashLine, bashReply } from "./bash_line.ts";
import type { Candidate } from "./candidates.ts";

/** Makes the shell complete files by itself. */
export const SHELL_FILES = ":files";

/** The lines go into COMPREPLY unchanged, so matching and quoting happen here. */
export function replyForBash(candidates: readonly Candidate[], line: BashLine): readonly string[] {
  return candidates
    .filter(({ text }) => text.startsWith(line.current))
    .map((candidate) => bashReply(candidate, line));
}

/** Tab-separated: `full` or `partial`, the word, its display text. Zsh matches and quotes. */
export function replyForZsh(candidates: readonly Candidate[]): readonly string[] {
  const width = Math.max(0, ...candidates.map(({ text }) => textWidth(text)));
  return candidates.map(({ text, description, isComplete }) => {
    const display = description === "" ? text : `${padToWidth(text, width)}  -- ${description}`;
    return `${isComplete ? "full" : "partial"}\t${text}\t${display}`;
  });
}

/** Tab-separated: the word as PowerShell inserts it, the word, its description. Matching and quoting happen here. */
export function replyForPowerShell(candidates: readonly Candidate[], current: string): readonly string[] {
  return candidates
    .filter(({ text }) => text.startsWith(current))
    .map(({ text, description }) => [quotedForPowerShell(text), text, description || text].join("\t"));
}

/** PowerShell also reads the typographic quotes as single quotes. */
function quotedForPowerShell(text: string): string {
  if (/^[\w./\\:=+-]+$/.test(text)) return text;
  return `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
}

/** Tab-separated: the word, its description. Fish matches, quotes, and adds a space except after `=` and `/`. */
export function replyForFish(candidates: readonly Candidate[]): readonly string[] {
  return candidates.map(({ text, description }) => `${text}\t${description}`);
}
