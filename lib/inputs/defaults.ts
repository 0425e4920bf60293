import type { Cluster } from "../cluster.ts";
import type { Json, JsonObject } from "../json.ts";
import { fieldStateOf, type FormContext } from "./field_state.ts";
import type { Field, Form, FormFields } from "./form.ts";
import type { ResolvedInputs } from "./merge.ts";
import { isObject, joinPath } from "./path.ts";
import { secretsInDefault } from "./secrets.ts";

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
  const defaultPaths = new Set<string>();
  const context: FormContext = { form, inputs: resolved.value, rows: [], clusters };
  return { ...resolved, value: filledObject(form.fields, resolved.value, "", context, defaultPaths), defaultPaths };
}

function filledObject(
  fields: FormFields,
  values: JsonObject,
  path: string,
  context: FormContext,
  added: Set<string>,
): JsonObject {
  let filled: JsonObject | undefined;
  for (const [name, field] of fields) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    const next = filledValue(field, name, value, joinPath(path, name), context, added);
    if (next === value || next === undefined) continue;
    filled ??= { ...values };
    filled[name] = next;
  }
  return filled ?? values;
}

/** @returns The same value if there is nothing to add. */
function filledValue(
  field: Field,
  name: string,
  value: Json | undefined,
  path: string,
  context: FormContext,
  added: Set<string>,
): Json | undefined {
  if (field.kind === "header" || (value !== undefined && typeof value !== "object")) return value;
  const isNested = field.kind === "group" || (field.kind === "list" && Array.isArray(value));
  if ((!isNested && value !== undefined) || (!isNested && field.default === undefined)) return value;
  const state = fieldStateOf(field, context);
  if (state.isIgnored !== false) return value;
  if (field.kind === "group" && field.default === undefined) {
    if (value === undefined && state.isOptional !== false) return undefined;
    const given = isObject(value) ? value : {};
    const filled = value === undefined || isObject(value)
      ? filledObject(field.fields, given, path, context, added)
      : value;
    return filled === given ? value : filled;
  }
  if (field.kind === "list" && Array.isArray(value)) {
    const rows = value.map((row, index) =>
      filledValue(
        field.item,
        name,
        row,
        joinPath(path, index),
        { ...context, rows: [...context.rows, index] },
        added,
      ) ??
        null
    );
    return rows.some((row, index) => row !== value[index]) ? rows : value;
  }
  if (value !== undefined || field.default === undefined || secretsInDefault(name, field).length > 0) return value;
  added.add(path);
  return field.default;
}
