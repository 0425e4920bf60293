import { formatPath, joinPath, type Json, type JsonObject, valueInside } from "../json.ts";
import { fieldsInside, type Form, type FormFields, walkFields } from "./form.ts";
import type { ResolvedInputs } from "./merge.ts";
import { linesInside, originAtLine } from "./lines.ts";
import { isSecretMember, maskSecrets, maskSecretsInside, secretsInDefault } from "./secrets.ts";
import { SECRET_MASK } from "../redact.ts";
import { type InputSource, sourcesInside, sourcesOf } from "./sources.ts";

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

type OverriddenInput = Pick<ExplainedInput, "value" | "origin">;

/**
 * Explains where each input comes from and what it overrides: one entry per leaf, in the order of the inputs; then the
 * form's defaults, in the order of the form.
 */
export function explainInputs(resolved: ResolvedInputs, form: Form | null): ExplainedInput[] {
  const { value, layers, secretPaths, defaultPaths } = resolved;
  const rows: ExplainedInput[] = [];
  const context = { secretPaths: new Set(secretPaths), defaultPaths, rows };
  addRows(value, { path: "", fields: form?.fields, sources: sourcesOf(layers) }, context);
  if (form !== null) addDefaults(form, value, rows);
  return rows;
}

interface ExplainContext {
  readonly secretPaths: ReadonlySet<string>;
  readonly defaultPaths: ReadonlySet<string>;
  readonly rows: ExplainedInput[];
}

/** An object or a list. */
interface Container {
  readonly path: string;
  /** Those of the form in the object, or in the rows of the list. */
  readonly fields: FormFields | undefined;
  /** The layers with a value here, in descending precedence. */
  readonly sources: readonly InputSource[];
}

function addRows(value: Json[] | JsonObject, container: Container, context: ExplainContext): void {
  if (Array.isArray(value)) value.forEach((item, index) => addRow(index, item, container, context));
  else for (const name in value) addRow(name, value[name] ?? null, container, context);
}

/** Creates nothing that a row does not need: there may be very many. */
function addRow(segment: string | number, value: Json, container: Container, context: ExplainContext): void {
  const { secretPaths, defaultPaths, rows } = context;
  const path = joinPath(container.path, segment);
  const field = typeof segment === "number" ? undefined : container.fields?.get(segment);
  const fields = typeof segment === "number" ? container.fields : fieldsInside(field);
  // A lookup makes one text of the parts of the path, which takes long.
  const isPrompted = secretPaths.size > 0 && secretPaths.has(path);
  const isDefault = defaultPaths.size > 0 && defaultPaths.has(path);
  const sources = isDefault ? [{ ...DEFAULT_SOURCE, value: { [segment]: value } }] : container.sources;

  const isSecret = (member: Json) => typeof segment === "string" && isSecretMember(segment, member, field);
  const isMasked = isPrompted || isSecret(value);
  if (!isMasked && typeof value === "object" && value !== null && Object.keys(value).length > 0) {
    return addRows(value, { path, fields, sources: sourcesInside(sources, segment) }, context);
  }
  let origin: string | undefined;
  let overrode = NOTHING;
  for (const source of sources) {
    const member = valueInside(source.value, segment);
    if (member === undefined) continue;
    const memberOrigin = originAtLine(source.origin, linesInside(source.lines, segment));
    if (origin === undefined) origin = memberOrigin;
    else {
      // An overridden value may be secret, too.
      const shown = isPrompted || isSecret(member)
        ? SECRET_MASK
        : maskSecretsInside(member, path, { fields, secretPaths });
      overrode = [...overrode, { value: shown, origin: memberOrigin }];
    }
  }
  rows.push({ path, value: isMasked ? SECRET_MASK : value, origin: origin ?? "", overrode, isSent: true });
}

const NOTHING: readonly OverriddenInput[] = [];

const DEFAULT_SOURCE = { origin: "default", lines: null } as const;

/** Adds the defaults of fields without a value. A computed default is shown as its expression. */
function addDefaults(form: Form, inputs: JsonObject, rows: ExplainedInput[]): void {
  walkFields({ form, inputs, rows: [], clusters: null }, ({ field, path, value }) => {
    const fallback = field.default ?? field.defaultExpression?.text;
    if (field.kind !== "group" && value === undefined && field.ignore !== true && fallback !== undefined) {
      const name = String(path.at(-1));
      const shown = maskSecrets({ [name]: fallback }, secretsInDefault(name, field))[name] ?? SECRET_MASK;
      rows.push({ path: formatPath(path), value: shown, origin: "default", overrode: [], isSent: false });
    }
    return field.kind === "group";
  });
}
