import { isObject, type Json, type JsonObject } from "../json.ts";
import type { Form, FormFields } from "./form.ts";
import type { InputLayer } from "./layers.ts";
import type { LineMap } from "./lines.ts";
import type { ResolvedInputs } from "./merge.ts";
import { type InputPath, joinPath, valueAt, valueInside } from "./path.ts";
import { findSecrets, maskSecrets, secretsInDefault } from "./secrets.ts";
import { SECRET_MASK } from "../redact.ts";

export interface ExplainedInput {
  /** Like `slurm.partition` or `rows[0].name`. */
  readonly path: string;
  /** {@link SECRET_MASK} for a secret; an object or a list only where it is empty. */
  readonly value: Json;
  /** Like `inputs/base.json:12`, `-i #2`, `stdin`; `default` for the form's own. */
  readonly origin: string;
  /** The values with lower precedence, highest first. */
  readonly overrode: readonly OverriddenInput[];
  /** False for a default that the platform supplies. */
  readonly isSent: boolean;
}

export interface OverriddenInput {
  readonly value: Json;
  readonly origin: string;
}

/**
 * Explains where each input comes from and what it overrides: one entry per leaf, in the order of the inputs; then the
 * form's defaults, in the order of the form.
 */
export async function explainInputs(resolved: ResolvedInputs, form: Form | null): Promise<ExplainedInput[]> {
  const secrets = new Set(findSecrets(resolved.value, { form, secretPaths: resolved.secretPaths }));
  const sources: InputSource[] = [];
  for (const layer of resolved.layers.toReversed()) sources.push(await sourceOf(layer, form, resolved.secretPaths));
  const rows: ExplainedInput[] = [];
  addRows(resolved.value, "", sources, { secrets, defaultPaths: resolved.defaultPaths, rows });
  if (form !== null) addDefaults(form.fields, resolved.value, "", rows);
  return rows;
}

/** The part of a layer at the current path. */
interface InputSource {
  readonly origin: string;
  /** `undefined` above the path of a layer that sets one value. */
  readonly value: Json | undefined;
  readonly lines: LineMap | undefined;
  /** From the current path to that of a layer that sets one value. */
  readonly remainingPath: readonly (string | number)[];
}

/** Masks secrets in every layer, because an overridden value may be secret, too. */
async function sourceOf(
  layer: InputLayer,
  form: Form | null,
  secretPaths: readonly string[],
): Promise<InputSource> {
  const masked = (value: JsonObject) => maskSecrets(value, findSecrets(value, { form, secretPaths }));
  if (layer.type === "object") {
    return { origin: layer.origin, value: masked(layer.value), lines: await layer.lines?.(), remainingPath: [] };
  }
  const value = valueAt(masked(wrapped(layer.path, layer.value)), layer.path) ?? SECRET_MASK;
  return { origin: layer.origin, value, lines: undefined, remainingPath: layer.path };
}

/** Creates an object with a value at a path. */
function wrapped(path: InputPath, value: Json): JsonObject {
  const outermost = path.reduceRight<Json>(
    (inner, segment) =>
      typeof segment === "number" ? [...Array.from({ length: segment }, () => null), inner] : { [segment]: inner },
    value,
  );
  return isObject(outermost) ? outermost : {};
}

interface ExplainContext {
  readonly secrets: ReadonlySet<string>;
  readonly defaultPaths: ReadonlySet<string>;
  readonly rows: ExplainedInput[];
}

/** @param sources The layers with a value here or below, in descending precedence; none for a default. */
function addRows(value: Json, path: string, sources: readonly InputSource[], context: ExplainContext): void {
  const { secrets, defaultPaths, rows } = context;
  // A lookup makes one text of the parts of the path, which takes longer than all else.
  if (defaultPaths.size > 0 && defaultPaths.has(path)) {
    addRows(value, path, [{ origin: "default", value, lines: undefined, remainingPath: [] }], {
      ...context,
      defaultPaths: NO_PATHS,
    });
  } else if (secrets.size > 0 && secrets.has(path)) {
    rows.push(rowOf(SECRET_MASK, path, sources));
  } else if (Array.isArray(value) && value.length > 0) {
    for (const [index, item] of value.entries()) {
      addRows(item, joinPath(path, index), sourcesInside(sources, index), context);
    }
  } else if (isObject(value) && hasMembers(value)) {
    for (const name in value) {
      const member = value[name];
      if (member !== undefined) addRows(member, joinPath(path, name), sourcesInside(sources, name), context);
    }
  } else if (path !== "") {
    rows.push(rowOf(value, path, sources));
  }
}

const NO_PATHS: ReadonlySet<string> = new Set();

function hasMembers(value: JsonObject): boolean {
  for (const _name in value) return true;
  return false;
}

function rowOf(value: Json, path: string, sources: readonly InputSource[]): ExplainedInput {
  let origin: string | undefined;
  let overrode = NOTHING;
  for (const source of sources) {
    if (source.remainingPath.length > 0 || source.value === undefined) continue;
    if (origin === undefined) origin = originOf(source);
    else overrode = [...overrode, { value: source.value, origin: originOf(source) }];
  }
  return { path, value, origin: origin ?? "", overrode, isSent: true };
}

/** Shared, because most leaves override nothing, and there may be very many. */
const NOTHING: readonly OverriddenInput[] = [];

function originOf({ origin, lines }: InputSource): string {
  return lines === undefined ? origin : `${origin}:${lines.line}`;
}

function sourcesInside(sources: readonly InputSource[], segment: string | number): InputSource[] {
  const inside: InputSource[] = [];
  for (const source of sources) {
    const inner = stepInto(source, segment);
    if (inner !== undefined) inside.push(inner);
  }
  return inside;
}

function stepInto(
  { origin, value, lines, remainingPath }: InputSource,
  segment: string | number,
): InputSource | undefined {
  if (remainingPath.length > 0) {
    if (remainingPath[0] !== segment) return undefined;
    return { origin, value, lines, remainingPath: remainingPath.slice(1) };
  }
  const member = value === undefined ? undefined : valueInside(value, segment);
  return member === undefined
    ? undefined
    : { origin, value: member, lines: lines?.children?.get(segment), remainingPath };
}

/** Adds the defaults of fields without a value. A computed default is shown as its expression. */
function addDefaults(fields: FormFields, inputs: JsonObject, path: string, rows: ExplainedInput[]): void {
  for (const [name, field] of fields) {
    const value = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (field.kind === "group") {
      addDefaults(field.fields, isObject(value) ? value : {}, joinPath(path, name), rows);
    } else if (value === undefined && field.ignore !== true) {
      const fallback = field.default ?? field.defaultExpression?.text;
      if (fallback === undefined) continue;
      const shown = maskSecrets({ [name]: fallback }, secretsInDefault(name, field))[name] ?? SECRET_MASK;
      rows.push({ path: joinPath(path, name), value: shown, origin: "default", overrode: [], isSent: false });
    }
  }
}
