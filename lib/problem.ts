import { oneLine } from "./escape.ts";

/** A validation error in what the user or a file supplied. */
export interface Problem {
  /** Like `inputs/base.json:12` or `-i #2`; empty if the value has no origin, for example because it is missing. */
  readonly origin: string;
  /** Like `cases[2].inputs.count`; empty for the whole value. */
  readonly path: string;
  /** Continues the path, like `must be a whole number: got "many"`. */
  readonly message: string;
  /** Where it is in the text that the user wrote. */
  readonly excerpt?: Excerpt;
}

/** A part of a line of a file. */
export interface Excerpt {
  /** Without its line break, and without the values of secrets. */
  readonly line: string;
  /** From 1. */
  readonly column: number;
  /** At least 1. */
  readonly length: number;
}

/** On one line, with more room between its parts than within them. */
export function problemLine({ origin, path, message }: Problem): string {
  return [origin, path, message].filter((part) => part !== "").map(oneLine).join("  ");
}

/** On one line. The origin is named where the path alone is not enough. */
export function problemText({ origin, path, message, excerpt }: Problem): string {
  const isPlaced = excerpt !== undefined || path === "";
  return [isPlaced ? origin : "", path, message].filter((part) => part !== "").join(" ");
}
