import { isObject, type Json, type JsonObject } from "../json.ts";
import { type Field, fieldsInside, type Form, type FormFields } from "./form.ts";
import type { ResolvedInputs } from "./merge.ts";
import { joinPath } from "./path.ts";
import { maskSecrets, maskSecretsInside, secretsInDefault, type SecretTest, secretTest } from "./secrets.ts";
import { SECRET_MASK } from "../redact.ts";
import { type InputSource, originOf, sourcesInside, sourcesOf } from "./sources.ts";

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
export function explainInputs(resolved: ResolvedInputs, form: Form | null): ExplainedInput[] {
  const { value, layers, secretPaths, defaultPaths } = resolved;
  const rows: ExplainedInput[] = [];
  const context = { isSecret: secretTest(), secretPaths: new Set(secretPaths), defaultPaths, rows };
  const root: Place = { path: "", field: undefined, fields: form?.fields, sources: sourcesOf(layers) };
  addRows(value, root, context);
  if (form !== null) addDefaults(form.fields, value, "", rows);
  return rows;
}

interface ExplainContext {
  readonly isSecret: SecretTest;
  readonly secretPaths: ReadonlySet<string>;
  readonly defaultPaths: ReadonlySet<string>;
  readonly rows: ExplainedInput[];
}

interface Place {
  readonly path: string;
  readonly field: Field | undefined;
  /** Those of the form in the object, or in the rows of the list. */
  readonly fields: FormFields | undefined;
  /** The layers with a value here, in descending precedence. */
  readonly sources: readonly InputSource[];
}

function addRows(value: Json[] | JsonObject, place: Place, context: ExplainContext): void {
  if (Array.isArray(value)) value.forEach((item, index) => addRow(index, item, place, context));
  else for (const name in value) addRow(name, value[name] ?? null, place, context);
}

function addRow(segment: string | number, value: Json, around: Place, context: ExplainContext): void {
  const { defaultPaths, rows } = context;
  const path = joinPath(around.path, segment);
  const field = typeof segment === "number" ? undefined : around.fields?.get(segment);
  // A lookup makes one text of the parts of the path, which takes long where there are very many.
  const sources = defaultPaths.size > 0 && defaultPaths.has(path)
    ? [{ origin: "default", value, lines: null, written: undefined }]
    : sourcesInside(around.sources, segment);
  const place = { path, field, fields: typeof segment === "number" ? around.fields : fieldsInside(field), sources };
  const isMasked = isSecret(segment, value, place, context);
  if (!isMasked && typeof value === "object" && value !== null && !isEmpty(value)) addRows(value, place, context);
  else {
    rows.push({
      path,
      value: isMasked ? SECRET_MASK : value,
      origin: sources[0] === undefined ? "" : originOf(sources[0]),
      overrode: sources.length < 2 ? NOTHING : overriddenAt(segment, place, context),
      isSent: true,
    });
  }
}

/** Shared, because most values override nothing, and there may be very many. */
const NOTHING: readonly OverriddenInput[] = [];

/** An overridden value may be secret, too. */
function overriddenAt(segment: string | number, place: Place, context: ExplainContext): OverriddenInput[] {
  return place.sources.slice(1).map((source) => ({
    value: isSecret(segment, source.value, place, context)
      ? SECRET_MASK
      : maskSecretsInside(source.value, place.path, { fields: place.fields, secretPaths: context.secretPaths }),
    origin: originOf(source),
  }));
}

function isSecret(segment: string | number, value: Json, { path, field }: Place, context: ExplainContext): boolean {
  if (context.secretPaths.size > 0 && context.secretPaths.has(path)) return true;
  return typeof segment === "string" && context.isSecret(segment, value, field);
}

function isEmpty(value: Json[] | JsonObject): boolean {
  for (const _name in value) return false;
  return true;
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
