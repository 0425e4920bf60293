/** Candidates in the words of each shell's script. Pure. */

import { pad, textWidth } from "../terminal/text_width.ts";
import { type BashLine, bashReply } from "./bash_line.ts";
import type { Candidate } from "./candidates.ts";

/** Says that the shell is to complete files in its own way. */
export const SHELL_FILES = ":files";

/** Lines that go into COMPREPLY as they are: bash neither matches nor quotes them. */
export function replyForBash(candidates: readonly Candidate[], line: BashLine): readonly string[] {
  return candidates
    .filter(({ text }) => text.startsWith(line.current))
    .map((candidate) => bashReply(candidate, line));
}

/** `whole` or `open`, the word, and what is shown for it, with tabs between; zsh matches and quotes. */
export function replyForZsh(candidates: readonly Candidate[]): readonly string[] {
  const width = Math.max(0, ...candidates.map(({ text }) => textWidth(text)));
  return candidates.map(({ text, description, isWhole }) => {
    const shown = description === "" ? text : `${pad(text, width)}  -- ${description}`;
    return `${isWhole ? "whole" : "open"}\t${text}\t${shown}`;
  });
}

/** The word and its description with a tab between; fish matches, quotes, and adds a space but after `=` and `/`. */
export function replyForFish(candidates: readonly Candidate[]): readonly string[] {
  return candidates.map(({ text, description }) => `${text}\t${description}`);
}
