/** Where each input came from, and what it overrode. */

import type { Json, JsonObject } from "../json.ts";
import type { Fields, Form } from "./form.ts";
import type { InputLayer } from "./layers.ts";
import type { Lines } from "./lines.ts";
import type { ResolvedInputs } from "./merge.ts";
import { isObject, joinPath, type Path, valueAt } from "./path.ts";
import { findSecrets, MASK, maskSecrets, secretsInDefault } from "./secrets.ts";

export interface ExplainedInput {
  /** Like `slurm.partition` or `rows[0].name`. */
  readonly path: string;
  /** {@link MASK} for a secret; an object or a list only where it is empty. */
  readonly value: Json;
  /** Like `inputs/base.json:12`, `-i #2`, `stdin`; `default` for what the platform takes by itself. */
  readonly origin: string;
  /** What it won over, the nearest first. */
  readonly overrode: readonly Overridden[];
  /** False for a default. */
  readonly isSent: boolean;
}

export interface Overridden {
  readonly value: Json;
  readonly origin: string;
}

/** One entry per leaf, in the order of the inputs; then the form's defaults, in the order of the form. */
export async function explainInputs(resolved: ResolvedInputs, form: Form | null): Promise<ExplainedInput[]> {
  const secrets = new Set(findSecrets(resolved.value, { form, asked: resolved.secretPaths }));
  const sources: InputSource[] = [];
  for (const layer of resolved.layers.toReversed()) sources.push(await sourceOf(layer, form, resolved.secretPaths));
  const rows: ExplainedInput[] = [];
  addRows(resolved.value, "", sources, secrets.size === 0 ? () => false : (path) => secrets.has(path), rows);
  if (form !== null) addDefaults(form.fields, resolved.value, "", rows);
  return rows;
}

/** A layer, seen from where the walk is now. */
interface InputSource {
  readonly origin: string;
  /** `undefined` while the walk has not come to where the layer sets its one value. */
  readonly value: Json | undefined;
  readonly lines: Lines | undefined;
  /** The way from here to where the layer sets its one value. */
  readonly way: readonly (string | number)[];
}

/** Secrets are hidden in every layer: what was overridden may be one as well. */
async function sourceOf(layer: InputLayer, form: Form | null, asked: readonly string[]): Promise<InputSource> {
  const masked = (value: JsonObject) => maskSecrets(value, findSecrets(value, { form, asked }));
  if (layer.type === "object") {
    return { origin: layer.origin, value: masked(layer.value), lines: await layer.lines?.(), way: [] };
  }
  const value = valueAt(masked(wrapped(layer.path, layer.value)), layer.path) ?? MASK;
  return { origin: layer.origin, value, lines: undefined, way: layer.path };
}

/** An object that has a value at a path. */
function wrapped(path: Path, value: Json): JsonObject {
  const whole = path.reduceRight<Json>(
    (inner, segment) =>
      typeof segment === "number" ? [...Array.from({ length: segment }, () => null), inner] : { [segment]: inner },
    value,
  );
  return isObject(whole) ? whole : {};
}

/** @param givers The layers that have a say here, the highest first. */
function addRows(
  value: Json,
  path: string,
  sources: readonly InputSource[],
  isSecret: (path: string) => boolean,
  rows: ExplainedInput[],
): void {
  if (isSecret(path)) {
    rows.push(rowOf(MASK, path, sources));
  } else if (Array.isArray(value) && value.length > 0) {
    for (const [index, item] of value.entries()) {
      addRows(item, joinPath(path, index), inside(sources, index), isSecret, rows);
    }
  } else if (isObject(value) && hasMembers(value)) {
    for (const name in value) {
      const member = value[name];
      if (member !== undefined) addRows(member, joinPath(path, name), inside(sources, name), isSecret, rows);
    }
  } else if (path !== "") {
    rows.push(rowOf(value, path, sources));
  }
}

function hasMembers(value: JsonObject): boolean {
  for (const _name in value) return true;
  return false;
}

function rowOf(value: Json, path: string, sources: readonly InputSource[]): ExplainedInput {
  let origin: string | undefined;
  let overrode = NOTHING;
  for (const source of sources) {
    if (source.way.length > 0 || source.value === undefined) continue;
    if (origin === undefined) origin = originOf(source);
    else overrode = [...overrode, { value: source.value, origin: originOf(source) }];
  }
  return { path, value, origin: origin ?? "", overrode, isSent: true };
}

/** One for all: most leaves override nothing, and there may be very many. */
const NOTHING: readonly Overridden[] = [];

function originOf({ origin, lines }: InputSource): string {
  return lines === undefined ? origin : `${origin}:${lines.line}`;
}

function inside(sources: readonly InputSource[], segment: string | number): InputSource[] {
  const found: InputSource[] = [];
  for (const source of sources) {
    const inner = stepInto(source, segment);
    if (inner !== undefined) found.push(inner);
  }
  return found;
}

function stepInto({ origin, value, lines, way }: InputSource, segment: string | number): InputSource | undefined {
  if (way.length > 0) return way[0] === segment ? { origin, value, lines, way: way.slice(1) } : undefined;
  const member = memberOf(value, segment);
  return member === undefined ? undefined : { origin, value: member, lines: lines?.inside?.get(segment), way };
}

function memberOf(value: Json | undefined, segment: string | number): Json | undefined {
  if (typeof segment === "number") return Array.isArray(value) ? value[segment] : undefined;
  return isObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
}

/** What the form gives where nothing was said. A default that is worked out shows its expression. */
function addDefaults(fields: Fields, given: JsonObject, path: string, rows: ExplainedInput[]): void {
  for (const [name, field] of fields) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (field.kind === "group") {
      addDefaults(field.fields, isObject(value) ? value : {}, joinPath(path, name), rows);
    } else if (value === undefined && field.ignore !== true) {
      const fallback = field.default ?? field.defaultExpression?.text;
      if (fallback === undefined) continue;
      const shown = maskSecrets({ [name]: fallback }, secretsInDefault(name, field))[name] ?? MASK;
      rows.push({ path: joinPath(path, name), value: shown, origin: "default", overrode: [], isSent: false });
    }
  }
}
