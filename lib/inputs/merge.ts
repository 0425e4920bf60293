/** Layers of inputs, from sources of different precedence, and what they are together. */

import type { Cluster } from "../cluster.ts";
import { counted } from "../text.ts";
import { InvalidInputs } from "../errors.ts";
import {
  formatPath,
  type InputPath,
  isExact,
  isObject,
  isReserved,
  type Json,
  type JsonObject,
  valueInside,
} from "../json.ts";
import type { Problem } from "../problem.ts";
import { fieldStateOf } from "./field_state.ts";
import { type DeclaredType, type Form, walkFields } from "./form.ts";
import type { Lines } from "./lines.ts";
import { secretsInDefault } from "./secrets.ts";

/** Inputs from one source. */
export interface InputLayer {
  /** `inputs/base.json`, `-i #2`, `stdin`, `preset small`. */
  readonly origin: string;
  /** Where the value is in the inputs; empty for an object of inputs. */
  readonly path: InputPath;
  /** Not modified when layers are merged. */
  readonly value: Json;
  /** `null` if the source has no lines. */
  readonly lines: Lines | null;
  /** True for `=text`, which is converted to the type that the workflow declares. */
  readonly isUntyped?: boolean;
  /** True for a value that was entered at a secret prompt. */
  readonly isSecret?: boolean;
  /** The text that the value was read from. */
  readonly written?: string;
}

/** Creates a layer from an object, like the inputs of a preset. */
export function createInputLayer(
  origin: string,
  value: JsonObject,
): InputLayer & { readonly value: JsonObject } {
  return { ...createValueLayer(origin, [], value), value };
}

export type ObjectLayer = ReturnType<typeof createInputLayer>;

/** Creates a layer from one value, which has its type already. */
export function createValueLayer(origin: string, path: InputPath, value: Json): InputLayer {
  return { origin, path, value, lines: null };
}

export interface ResolvedInputs {
  readonly value: JsonObject;
  /** Paths of values that were entered at a secret prompt. */
  readonly secretPaths: readonly string[];
  /** Paths of the form's defaults that were added. */
  readonly defaultPaths: ReadonlySet<string>;
  /** The merged layers in ascending precedence, with text converted to its declared type. */
  readonly layers: readonly InputLayer[];
}

/**
 * Merges layers key by key; later layers override earlier ones. Arrays are replaced, `null` is a value.
 *
 * @param typeOf The type that the workflow declares for a path; `undefined` for none.
 * @throws InvalidInputs with every path through a scalar and every reserved name.
 */
export function mergeLayers(
  layers: readonly InputLayer[],
  typeOf: (path: InputPath) => DeclaredType | undefined = () => undefined,
): ResolvedInputs {
  const problems: Problem[] = [];
  const typed = layers.map((layer): InputLayer =>
    layer.isUntyped === true && typeof layer.value === "string"
      ? { ...layer, value: typedText(layer.value, typeOf(layer.path)), written: layer.value }
      : layer
  );
  const own = ownCopies();
  let merged: JsonObject = {};
  for (const layer of typed) {
    const { origin } = layer;
    const report = (path: InputPath, message: string) =>
      void problems.push({ origin, path: formatPath(path), message });
    merged = setAt(merged, layer, { report, own });
  }
  if (problems.length > 0) {
    const count = counted(problems.length, "problem");
    throw new InvalidInputs(`Cannot merge the inputs: ${count}`, problems);
  }
  const secretPaths = typed.flatMap(({ isSecret, path }) => isSecret === true ? [formatPath(path)] : []);
  return { value: merged, secretPaths, defaultPaths: new Set(), layers: typed };
}

/**
 * Converts text to the declared type if possible. Without a declared type, a number is converted only if it prints the
 * same way.
 */
export function typedText(text: string, declared: DeclaredType | undefined): Json {
  switch (declared) {
    case "text":
      return text;
    case "number":
      return isExact(text) ? Number(text) : text;
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
  report(path: InputPath, message: string): void;
  /** Returns a copy that may be modified: the layers' own objects and lists are never modified. */
  own<T extends Json[] | JsonObject>(object: T): T;
}

/** Copies each object and each list at most once. */
function ownCopies(): MergeContext["own"] {
  const copies = new WeakSet<object>();
  return (object) => {
    if (copies.has(object)) return object;
    const copy = Object.assign(Array.isArray(object) ? [] : {}, object);
    copies.add(copy);
    return copy;
  };
}

function mergeObjects(lower: JsonObject, higher: JsonObject, path: InputPath, context: MergeContext): JsonObject {
  const merged = context.own(lower);
  for (const [name, value] of Object.entries(higher)) {
    if (isReserved(name)) {
      context.report([...path, name], "is a reserved name");
      continue;
    }
    merged[name] = mergeValues(valueInside(merged, name), value, [...path, name], context);
  }
  return merged;
}

/** Objects are merged, also into nothing, so that every name in them is checked. */
function mergeValues(lower: Json | undefined, higher: Json, path: InputPath, context: MergeContext): Json {
  return isObject(higher) ? mergeObjects(isObject(lower) ? lower : {}, higher, path, context) : higher;
}

/** What is set inside `null` replaces it, as an object does that is merged into it. */
function setAt(
  object: JsonObject,
  { path, value }: Pick<InputLayer, "path" | "value">,
  context: MergeContext,
): JsonObject {
  const reserved = path.find(isReserved);
  if (reserved !== undefined) {
    context.report(path, `${reserved} is a reserved name`);
    return object;
  }
  const set = setIn(object, path, 0, value, context);
  return isObject(set) ? set : object;
}

function setIn(existing: Json, path: InputPath, depth: number, value: Json, context: MergeContext): Json {
  const segment = path[depth];
  if (segment === undefined) return mergeValues(existing, value, path, context);
  const refuse = (message: string): Json => {
    context.report(path, message);
    return existing;
  };
  if (typeof segment === "number") {
    if (existing !== null && !Array.isArray(existing)) {
      return refuse(`${formatPath(path.slice(0, depth))} is not a list`);
    }
    const list = context.own(existing ?? []);
    if (segment > list.length) {
      return refuse(`the list has ${counted(list.length, "row")}: the next index is [${list.length}]`);
    }
    list[segment] = setIn(list[segment] ?? null, path, depth + 1, value, context);
    return list;
  }
  if (existing !== null && !isObject(existing)) {
    return refuse(`${formatPath(path.slice(0, depth))} is not an object`);
  }
  const object = context.own(existing ?? {});
  // Inherited members, like valueOf, are not inputs.
  object[segment] = setIn(valueInside(object, segment) ?? null, path, depth + 1, value, context);
  return object;
}

/**
 * Adds the literal default of every field that is sent and has no value, as the web form does: the platform evaluates
 * conditions with what was sent, so a field that is hidden by a default would be missing. Not added are secrets, and
 * anything inside an optional group that was not given, which would make its other fields required.
 */
export function withDefaults(
  resolved: ResolvedInputs,
  form: Form,
  { clusters }: { readonly clusters: readonly Cluster[] | null },
): ResolvedInputs {
  const added: Pick<InputLayer, "path" | "value">[] = [];
  walkFields({ form, inputs: resolved.value, rows: [], clusters }, ({ field, path, value, context }) => {
    if (field.kind === "group" && field.default === undefined) {
      if (value !== undefined && !isObject(value)) return false;
      const { ignore, optional } = fieldStateOf(field, context);
      return ignore === false && (value !== undefined || optional === false);
    }
    if (field.kind === "list" && Array.isArray(value)) return fieldStateOf(field, context).ignore === false;
    if (value !== undefined || field.default === undefined || field.kind === "header") return false;
    const isSecret = secretsInDefault(String(path.at(-1)), field).length > 0;
    if (fieldStateOf(field, context).ignore === false && !isSecret) {
      added.push({ path, value: field.default });
    }
    return false;
  });
  if (added.length === 0) return resolved;
  const context = { own: ownCopies(), report: () => {} };
  const value = added.reduce((filled, one) => setAt(filled, one, context), resolved.value);
  const defaultPaths = new Set([...resolved.defaultPaths, ...added.map(({ path }) => formatPath(path))]);
  // A group or a list that now has a value may make others sent, and rows have defaults of their own.
  return withDefaults({ ...resolved, value, defaultPaths }, form, { clusters });
}
