/** Where the values of merged inputs come from. */

import { type InputPath, type Json, valueInside } from "../json.ts";
import type { InputLayer } from "./merge.ts";
import { type Lines, linesInside, originAtLine } from "./lines.ts";

/** The part of a layer at a path. */
export interface InputSource {
  /** Of the layer. */
  readonly origin: string;
  readonly value: Json;
  readonly lines: Lines | null;
  /** The text of a layer that is one number. */
  readonly written: string | undefined;
}

/** The layers with a value at a path, in descending precedence: the first one overrides the others. */
export function sourcesAt(layers: readonly InputLayer[], path: InputPath): InputSource[] {
  return path.reduce(sourcesInside, sourcesOf(layers));
}

/** The layers in descending precedence, each as an object. */
export function sourcesOf(layers: readonly InputLayer[]): InputSource[] {
  return layers.toReversed().map(({ origin, path, value, lines, written }) => ({
    origin,
    value: objectWith(path, value),
    lines,
    written: typeof value === "number" ? written : undefined,
  }));
}

/** Those with the member of an object or the item of a list. */
export function sourcesInside(sources: readonly InputSource[], segment: string | number): InputSource[] {
  const inside: InputSource[] = [];
  for (const { origin, value, lines, written } of sources) {
    const member = valueInside(value, segment);
    if (member === undefined) continue;
    inside.push({ origin, value: member, lines: linesInside(lines, segment), written });
  }
  return inside;
}

/** Like `inputs/base.json:12`. */
export function originOf({ origin, lines }: InputSource): string {
  return originAtLine(origin, lines);
}

/** A number as its source has it, like `1.10`; `undefined` if it prints the same way. */
export function writtenIn({ value, lines, written }: InputSource): string | undefined {
  if (typeof value !== "number") return undefined;
  return lines !== null && typeof lines === "object" ? lines.written : written;
}

/** An object that has only a value at a path: the lists in it have gaps. */
function objectWith(path: InputPath, value: Json): Json {
  return path.reduceRight((inner, segment): Json => {
    if (typeof segment === "string") return { [segment]: inner };
    const list: Json[] = [];
    list[segment] = inner;
    return list;
  }, value);
}
