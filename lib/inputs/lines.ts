import type { InputPath, Json } from "../json.ts";

/** A parsed text. */
export interface ValueDocument {
  readonly value: Json;
  readonly lines: Lines;
}

/** The line of a value in its text, from 1: a number alone for a value about which nothing else is known. */
export type Lines = number | LineMap;

/** The line of a value, and of the values inside it. */
export interface LineMap {
  /** From 1. */
  readonly line: number;
  /** By name or index. */
  readonly children?: ReadonlyMap<string | number, Lines>;
  /** A number as the text has it, like `1.10`, if it prints in another way. */
  readonly written?: string;
}

/** The lines of the member of an object, or of the item of a list. */
export function linesInside(lines: Lines | null, segment: string | number): Lines | null {
  return typeof lines === "object" ? lines?.children?.get(segment) ?? null : null;
}

/** The lines of the value at a path; `null` if they are not known. */
export function linesAt(lines: Lines | null, path: InputPath): Lines | null {
  return path.reduce(linesInside, lines);
}

/** Adds the line to the name of a file. */
export function originAtLine(origin: string, lines: Lines | null): string {
  if (lines === null) return origin;
  return `${origin}:${typeof lines === "number" ? lines : lines.line}`;
}
