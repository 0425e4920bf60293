/** Merges layers key by key, later wins, and remembers which gave what. Pure but for finding lines. */

import { InvalidInputs } from "../errors.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Problem } from "../problem.ts";
import type { InputLayer } from "./layers.ts";
import { lineAt } from "./lines.ts";
import { formatPath, isForbidden, isObject, type Path, valueAt } from "./path.ts";

/** How text given as `=value` is to be read, by what the workflow declares for its path. */
export type DeclaredType = "text" | "number" | "boolean" | "other";

export interface ResolvedInputs {
  readonly value: JsonObject;
  /** Where a secret was asked for. */
  readonly secretPaths: readonly string[];
  /** What was merged, lowest first, each text with its type. */
  readonly layers: readonly InputLayer[];
  /** Which layers gave a value at this path or around it, the winner first; the rest it overrode. */
  sourcesOf(path: Path): readonly Source[];
}

export interface Source {
  readonly value: Json;
  /** Like `inputs/base.json:12`. Finds the line only when it is called. */
  origin(): Promise<string>;
}

/**
 * Merges objects key by key; arrays are replaced, `null` is a value.
 *
 * @param typeOf What the workflow declares for a path; `undefined` for nothing.
 * @throws InvalidInputs with every path through a scalar and every forbidden name.
 */
export function mergeLayers(
  layers: readonly InputLayer[],
  typeOf: (path: Path) => DeclaredType | undefined = () => undefined,
): ResolvedInputs {
  const problems: Problem[] = [];
  const typed = layers.map((layer): InputLayer =>
    layer.type === "value" && layer.isUntyped && typeof layer.value === "string"
      ? { ...layer, value: typedText(layer.value, typeOf(layer.path)) }
      : layer
  );
  const own = ownCopies();
  let merged: JsonObject = {};
  for (const layer of typed) {
    const { origin } = layer;
    const report = (path: Path, message: string) => void problems.push({ origin, path: formatPath(path), message });
    const context = { report, own };
    merged = layer.type === "object" ? mergeObjects(merged, layer.value, [], context) : setAt(merged, layer, context);
  }
  if (problems.length > 0) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    throw new InvalidInputs(`Cannot merge the inputs: ${count}`, problems);
  }
  const secretPaths = typed.flatMap((layer) =>
    layer.type === "value" && layer.isSecret ? [formatPath(layer.path)] : []
  );
  return { value: merged, secretPaths, layers: typed, sourcesOf: (path) => sourcesIn(typed, path) };
}

/** Text takes the declared type where it can be read as one; undeclared, only what prints as it was written does. */
export function typedText(text: string, declared: DeclaredType | undefined): Json {
  switch (declared) {
    case "text":
      return text;
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "other":
    case undefined:
      if (text === "true") return true;
      if (text === "false") return false;
      if (text === "null") return null;
      return /^-?\d/.test(text) && String(Number(text)) === text ? Number(text) : text;
  }
}

interface MergeContext {
  report(path: Path, message: string): void;
  /** A copy that may be changed: what layers hold stays as it is. */
  own(object: JsonObject): JsonObject;
}

/** Copies each object once, however many layers change it. */
function ownCopies(): MergeContext["own"] {
  const copies = new WeakSet<JsonObject>();
  return (object) => {
    if (copies.has(object)) return object;
    const copy = { ...object };
    copies.add(copy);
    return copy;
  };
}

function mergeObjects(under: JsonObject, over: JsonObject, path: Path, context: MergeContext): JsonObject {
  const merged = context.own(under);
  for (const [name, value] of Object.entries(over)) {
    if (isForbidden(name)) {
      context.report([...path, name], "is a name that can't be used");
      continue;
    }
    const below = Object.hasOwn(merged, name) ? merged[name] : undefined;
    if (isObject(value) && isObject(below)) {
      merged[name] = mergeObjects(below, value, [...path, name], context);
    } else {
      if (isObject(value)) reportForbidden(value, [...path, name], context);
      merged[name] = value;
    }
  }
  return merged;
}

function reportForbidden(object: JsonObject, path: Path, { report }: Pick<MergeContext, "report">): void {
  for (const name in object) {
    const value = object[name];
    if (isForbidden(name)) report([...path, name], "is a name that can't be used");
    else if (isObject(value)) reportForbidden(value, [...path, name], { report });
  }
}

function setAt(
  object: JsonObject,
  { path, value }: Extract<InputLayer, { type: "value" }>,
  context: MergeContext,
): JsonObject {
  const forbidden = path.find(isForbidden);
  if (forbidden !== undefined) {
    context.report(path, `${forbidden} is a name that can't be used`);
    return object;
  }
  const set = setIn(object, path, 0, value, context);
  return isObject(set) ? set : object;
}

function setIn(at: Json | undefined, path: Path, depth: number, value: Json, context: MergeContext): Json {
  const segment = path[depth];
  if (segment === undefined) {
    return isObject(value) ? mergeObjects(isObject(at) ? at : {}, value, path, context) : value;
  }
  const refuse = (message: string): Json => {
    context.report(path, message);
    return at ?? null;
  };
  if (typeof segment === "number") {
    if (at !== undefined && !Array.isArray(at)) return refuse(`${formatPath(path.slice(0, depth))} is not a list`);
    const list = at ?? [];
    if (segment > list.length) return refuse(`the list has ${list.length} rows: the next is [${list.length}]`);
    const element = setIn(list[segment], path, depth + 1, value, context);
    return segment === list.length ? [...list, element] : list.with(segment, element);
  }
  if (at !== undefined && !isObject(at)) {
    return refuse(`leads through ${formatPath(path.slice(0, depth))}, which holds a value`);
  }
  const object = context.own(at ?? {});
  // What an object inherits, like valueOf, was given by nobody.
  const inside = Object.hasOwn(object, segment) ? object[segment] : undefined;
  object[segment] = setIn(inside, path, depth + 1, value, context);
  return object;
}

function sourcesIn(layers: readonly InputLayer[], path: Path): Source[] {
  return layers.toReversed().flatMap((layer): Source[] => {
    const value = layer.type === "object" ? valueAt(layer.value, path) : valueInside(layer, path);
    if (value === undefined) return [];
    return [{ value, origin: () => originIn(layer, path) }];
  });
}

function valueInside(layer: Extract<InputLayer, { type: "value" }>, path: Path): Json | undefined {
  const isInside = layer.path.length <= path.length && layer.path.every((segment, index) => segment === path[index]);
  return isInside ? valueAt(layer.value, path.slice(layer.path.length)) : undefined;
}

async function originIn(layer: InputLayer, path: Path): Promise<string> {
  if (layer.type === "value" || layer.lines === null) return layer.origin;
  const line = lineAt(await layer.lines(), path);
  return line === undefined ? layer.origin : `${layer.origin}:${line}`;
}
