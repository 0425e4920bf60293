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

const MAX_LINES = 5;

/** Of the errors of a parser: what follows the first one on its line is its consequence, and so are many of later lines. */
export function firstOfLines(problems: readonly Problem[]): Problem[] {
  const lines = Map.groupBy(problems, ({ origin }) => origin);
  return [...lines.values()].flatMap(([first]) => first ?? []).slice(0, MAX_LINES);
}

/** Each problem once: several places may name the same file. */
export function distinctProblems(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

const MAX_OF_KIND = 10;

/**
 * Keeps the first of each kind, so that no kind buries another; the others are counted at the end.
 *
 * @param more Stands for the others of a kind, whose number is formatted.
 */
export function firstOfKinds<T>(
  found: readonly T[],
  kindOf: (one: T) => string,
  more: (first: T, count: string) => T,
): T[] {
  const kinds = [...Map.groupBy(found, kindOf).values()];
  const others = new Set(kinds.flatMap((ofKind) => ofKind.slice(MAX_OF_KIND)));
  const counts = kinds.flatMap(([first, ...rest]) => {
    const count = rest.length + 1 - MAX_OF_KIND;
    return first === undefined || count <= 0 ? [] : [more(first, count.toLocaleString("en-US"))];
  });
  return [...found.filter((one) => !others.has(one)), ...counts];
}
