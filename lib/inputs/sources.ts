/** Where the values of merged inputs come from. */

import { formatPath, type InputPath, type Json, valueInside } from "../json.ts";
import type { Problem } from "../problem.ts";
import type { InputLayer, ResolvedInputs } from "./merge.ts";
import { linesInside, originAtLine } from "./lines.ts";
import { describeValue } from "./value_check.ts";

/** The part of a layer at a path. */
export type InputSource = Omit<InputLayer, "path">;

/** The layers with a value at a path, in descending precedence: the first one overrides the others. */
export function sourcesAt(layers: readonly InputLayer[], path: InputPath): InputSource[] {
  return path.reduce(sourcesInside, sourcesOf(layers));
}

/** The layers in descending precedence, each as an object. */
export function sourcesOf(layers: readonly InputLayer[]): InputSource[] {
  return layers.toReversed().map(({ path, value, ...layer }) => ({ ...layer, value: objectWith(path, value) }));
}

/** Those with the member of an object or the item of a list. */
export function sourcesInside(sources: readonly InputSource[], segment: string | number): InputSource[] {
  const inside: InputSource[] = [];
  for (const source of sources) {
    const member = valueInside(source.value, segment);
    if (member !== undefined) inside.push({ ...source, value: member, lines: linesInside(source.lines, segment) });
  }
  return inside;
}

/**
 * A missing value has no origin of its own: then the origin is that of the row or group around it. A number is quoted as its
 * file has it: a user who wrote 1.10 does not search for 1.1.
 */
export function withOrigin(
  { path, message }: { readonly path: InputPath; readonly message: string },
  { layers }: ResolvedInputs,
): Problem {
  const around = path.map((_, index) => sourcesAt(layers, path.slice(0, path.length - index))[0]);
  const origin = around.find((source) => source !== undefined);
  const [own] = around;
  const written = own === undefined ? undefined : writtenIn(own);
  return {
    origin: origin === undefined ? "" : originOf(origin),
    path: formatPath(path),
    message: own === undefined || written === undefined
      ? message
      : message.replace(`got ${describeValue(own.value)}`, () => `got ${written}`),
  };
}

/** Like `inputs/base.json:12`. */
export function originOf({ origin, lines }: InputSource): string {
  return originAtLine(origin, lines);
}

/** A number as its source has it, like `1.10`; `undefined` if it prints the same way. */
function writtenIn({ value, lines, written }: InputSource): string | undefined {
  const text = lines !== null && typeof lines === "object" ? lines.written : written;
  // A layer's text may be that of an object with the number.
  return typeof value === "number" && Number(text) === value ? text : undefined;
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
