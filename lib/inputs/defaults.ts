import type { Cluster } from "../cluster.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { fieldStateOf, type FormContext } from "./field_state.ts";
import type { Field, Form, FormFields, GroupField, ListField } from "./form.ts";
import type { ResolvedInputs } from "./merge.ts";
import { joinPath, valueInside } from "./path.ts";
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
  const context: DefaultsContext = { form, inputs: resolved.value, rows: [], clusters, added: defaultPaths };
  return { ...resolved, value: filledObject(form.fields, resolved.value, "", context), defaultPaths };
}

interface DefaultsContext extends FormContext {
  /** Paths of the defaults that were added. */
  readonly added: Set<string>;
}

function filledObject(fields: FormFields, values: JsonObject, path: string, context: DefaultsContext): JsonObject {
  let filled: JsonObject | undefined;
  for (const [name, field] of fields) {
    const value = valueInside(values, name);
    const next = filledValue(field, name, value, joinPath(path, name), context);
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
  context: DefaultsContext,
): Json | undefined {
  if (field.kind === "group" && field.default === undefined) return filledGroup(field, value, path, context);
  if (field.kind === "list" && Array.isArray(value)) return filledRows(field, value, path, context);
  if (value !== undefined || field.default === undefined || field.kind === "header") return value;
  if (fieldStateOf(field, context).isIgnored !== false || secretsInDefault(name, field).length > 0) return value;
  context.added.add(path);
  return field.default;
}

function filledGroup(field: GroupField, value: Json | undefined, path: string, context: DefaultsContext) {
  if (value !== undefined && !isObject(value)) return value;
  const state = fieldStateOf(field, context);
  if (state.isIgnored !== false || (value === undefined && state.isOptional !== false)) return value;
  const given = value ?? {};
  const filled = filledObject(field.fields, given, path, context);
  return filled === given ? value : filled;
}

function filledRows(field: ListField, rows: readonly Json[], path: string, context: DefaultsContext): Json {
  if (fieldStateOf(field, context).isIgnored !== false) return [...rows];
  return rows.map((row, index) =>
    filledValue(field.item, "", row, joinPath(path, index), { ...context, rows: [...context.rows, index] }) ?? row
  );
}
