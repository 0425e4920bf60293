/**
 * What is wrong with a text that can be parsed: names that a JSON object has twice, of which one would be ignored (YAML's
 * parser refuses them itself), and numbers that this runtime would change: 9007199254740993 would be sent as
 * 9007199254740992, and 1e400 as null.
 */

import type { Problem } from "../problem.ts";
import type { Lines } from "./lines.ts";
import { type InputPath, joinPath } from "./path.ts";

/** What one pass over a text finds. */
export interface ScannedText {
  readonly lines: Lines;
  readonly problems: readonly TextProblem[];
}

export interface TextProblem {
  readonly line: number;
  readonly path: InputPath;
  readonly message: string;
}

export const IS_DUPLICATE = "is given twice";
// Not quoted, because it may be a password.
export const IS_INEXACT = "cannot be sent exactly as a number: put it in quotes to send it as text";

/** More are counted, not listed. */
const MAX_PROBLEMS = 10;

/** Where a text comes from. */
export interface TextPlace {
  readonly origin: string;
  /** Of the input whose value the text is; empty for a whole document. */
  readonly path?: string;
  /** False for a text whose lines the origin has already, or that is no file. */
  readonly hasLines: boolean;
}

export function placed(found: readonly TextProblem[], { origin, path: start = "", hasLines }: TextPlace): Problem[] {
  const problems = found.slice(0, MAX_PROBLEMS).map(({ line, path, message }): Problem => ({
    origin: hasLines ? `${origin}:${line}` : origin,
    path: path.reduce<string>(joinPath, start),
    message,
  }));
  const more = found.length - problems.length;
  return more === 0
    ? problems
    : [...problems, { origin, path: start, message: `and ${more} more problems like these` }];
}
