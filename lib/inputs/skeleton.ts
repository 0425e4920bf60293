/**
 * Inputs to start from: the form's defaults, and `null` for a required value. Hidden, ignored and disabled fields are
 * omitted.
 */

import type { Json, JsonObject } from "../json.ts";
import { fieldStateOf, type FormContext, isRequired } from "./field_state.ts";
import type { Field, Form, FormFields, GroupField, ListField } from "./form.ts";
import { secretsInDefault } from "./secrets.ts";
import { isAllowed } from "./value_check.ts";

export type SkeletonEntry =
  & { readonly name: string; readonly field: Field; readonly isRequired: boolean }
  & (
    | { readonly type: "set"; readonly value: Json }
    /** Optional; the sample shows the format. */
    | { readonly type: "optional"; readonly sample: Json }
    /** The fields of a group, or of one row of a list. */
    | { readonly type: "nested"; readonly entries: readonly SkeletonEntry[]; readonly isOptional: boolean }
  );

/** The skeleton for JSON: optional text is empty; other optional values are omitted. */
export function skeletonOf(form: Form): JsonObject {
  return valueOf(skeletonEntries(form));
}

/** One entry per field, in the order of the form. */
export function skeletonEntries(form: Form): SkeletonEntry[] {
  const empty: FormContext = { form, inputs: {}, rows: [] };
  // Twice, because conditions depend on the values.
  return entriesOf(form.fields, { ...empty, inputs: valueOf(entriesOf(form.fields, empty)) });
}

function valueOf(entries: readonly SkeletonEntry[]): JsonObject {
  return Object.fromEntries(entries.flatMap((entry): [string, Json][] => {
    switch (entry.type) {
      case "set":
        return [[entry.name, entry.value]];
      case "optional":
        return entry.field.kind === "text" ? [[entry.name, ""]] : [];
      case "nested":
        return entry.isOptional ? [] : [[entry.name, valueOf(entry.entries)]];
    }
  }));
}

function entriesOf(fields: FormFields, context: FormContext): SkeletonEntry[] {
  return [...fields].flatMap(([name, field]): SkeletonEntry[] => {
    const state = fieldStateOf(field, context);
    if (field.kind === "header" || state.isIgnored === true || state.isHidden === true || state.isDisabled === true) {
      return [];
    }
    const entry = { name, field, isRequired: isRequired(field, state) === true };
    // The platform does not check that a default is within the bounds of its field.
    const isSecret = secretsInDefault(name, field).length > 0;
    if (field.default !== undefined && isAllowed(field, field.default) && !isSecret) {
      return [{ ...entry, type: "set", value: field.default }];
    }
    if (field.kind === "group") {
      const nested = nestedEntry(field, state.isOptional === true, context);
      return nested.entries.length === 0 ? [] : [{ ...entry, ...nested }];
    }
    if (entry.isRequired) return [{ ...entry, type: "set", value: null }];
    if (field.kind === "list") {
      return [{ ...entry, ...nestedEntry(field, true, { ...context, rows: [...context.rows, 0] }) }];
    }
    if (field.kind === "boolean") return [{ ...entry, type: "set", value: false }];
    return [{ ...entry, type: "optional", sample: sampleOf(field) }];
  });
}

/** A group without required values or defaults would be empty, so it is optional. */
function nestedEntry(field: GroupField | ListField, isOptional: boolean, context: FormContext) {
  const entries = entriesOf(field.fields, context);
  const isEmpty = entries.every((entry) => entry.type === "optional" || (entry.type === "nested" && entry.isOptional));
  return { type: "nested", entries, isOptional: isOptional || isEmpty } as const;
}

function sampleOf(field: Field): Json {
  if (field.defaultExpression !== null) return field.defaultExpression.text;
  switch (field.kind) {
    case "text":
      return "";
    case "choice":
      return field.isMultiple ? [] : field.options?.[0]?.value ?? null;
    default:
      return null;
  }
}
