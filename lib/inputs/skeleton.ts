/**
 * Inputs to begin with: the form's defaults, and `null` where something has to be given. What is hidden, left out or
 * disabled is not in it.
 */

import type { Json, JsonObject } from "../json.ts";
import { isRequired, type Place, stateOf } from "./field_state.ts";
import type { Field, Fields, Form, GroupField, ListField } from "./form.ts";
import { secretsInDefault } from "./secrets.ts";
import { isAllowed } from "./value_check.ts";

/** A field of the skeleton. */
export type SkeletonEntry =
  & { readonly name: string; readonly field: Field; readonly isRequired: boolean }
  & (
    | { readonly type: "set"; readonly value: Json }
    /** Need not be given; the sample shows its shape. */
    | { readonly type: "offered"; readonly sample: Json }
    /** What is inside a group, or a row of a list. */
    | { readonly type: "inside"; readonly entries: readonly SkeletonEntry[]; readonly isOffered: boolean }
  );

/** The skeleton as JSON has it: text that need not be given is empty, what else need not be is left out. */
export function skeletonOf(form: Form): JsonObject {
  return valueOf(skeletonEntries(form));
}

/** The skeleton field by field, in the order of the form. */
export function skeletonEntries(form: Form): SkeletonEntry[] {
  const bare: Place = { form, inputs: {}, rows: [] };
  // Conditions look at values, so the values come first.
  return entriesOf(form.fields, { ...bare, inputs: valueOf(entriesOf(form.fields, bare)) });
}

function valueOf(entries: readonly SkeletonEntry[]): JsonObject {
  return Object.fromEntries(entries.flatMap((entry): [string, Json][] => {
    switch (entry.type) {
      case "set":
        return [[entry.name, entry.value]];
      case "offered":
        return entry.field.kind === "text" ? [[entry.name, ""]] : [];
      case "inside":
        return entry.isOffered ? [] : [[entry.name, valueOf(entry.entries)]];
    }
  }));
}

function entriesOf(fields: Fields, place: Place): SkeletonEntry[] {
  return [...fields].flatMap(([name, field]): SkeletonEntry[] => {
    const state = stateOf(field, place);
    if (field.kind === "header" || state.isIgnored === true || state.isHidden === true || state.isDisabled === true) {
      return [];
    }
    const entry = { name, field, isRequired: isRequired(field, state) === true };
    // A default may break its own field's bounds, as nobody held the workflow file to them.
    const isSecret = secretsInDefault(name, field).length > 0;
    if (field.default !== undefined && isAllowed(field, field.default) && !isSecret) {
      return [{ ...entry, type: "set", value: field.default }];
    }
    if (field.kind === "group") {
      const inside = insideOf(field, state.isOptional === true, place);
      return inside.entries.length === 0 ? [] : [{ ...entry, ...inside }];
    }
    if (entry.isRequired) return [{ ...entry, type: "set", value: null }];
    if (field.kind === "list") return [{ ...entry, ...insideOf(field, true, { ...place, rows: [...place.rows, 0] }) }];
    if (field.kind === "boolean") return [{ ...entry, type: "set", value: false }];
    return [{ ...entry, type: "offered", sample: sampleOf(field) }];
  });
}

/** A group of which nothing is set would be empty, so it is but offered. */
function insideOf(field: GroupField | ListField, isOffered: boolean, place: Place) {
  const entries = entriesOf(field.fields, place);
  const isEmpty = entries.every((entry) => entry.type === "offered" || (entry.type === "inside" && entry.isOffered));
  return { type: "inside", entries, isOffered: isOffered || isEmpty } as const;
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
