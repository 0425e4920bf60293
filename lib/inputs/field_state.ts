/** Whether a field is shown, sent and asked for, by the inputs as they are. */

import type { Json, JsonObject } from "../json.ts";
import { evaluate, type Reference, type Scope, THIS_ROW, truthOf, UNKNOWN, type Value } from "./expression.ts";
import { type Condition, type Field, type Fields, type Form, hasDefault } from "./form.ts";
import { isObject } from "./path.ts";
import { isAllowed } from "./value_check.ts";

/** Where a field stands. */
export interface Place {
  readonly form: Form;
  /** All inputs. */
  readonly inputs: JsonObject;
  /** The number of the row at each list around it, outermost first. */
  readonly rows: readonly number[];
}

/** `undefined` hangs on what is not known here. */
export interface FieldState {
  readonly isHidden: boolean | undefined;
  readonly isDisabled: boolean | undefined;
  readonly isIgnored: boolean | undefined;
  readonly isOptional: boolean | undefined;
}

/** Works out a field's conditions. */
export function stateOf(field: Field, place: Place): FieldState {
  const truth = (condition: Condition) => truthIn(condition, field, place, 0);
  return {
    isHidden: truth(field.hidden),
    isDisabled: truth(field.disabled),
    isIgnored: truth(field.ignore),
    isOptional: truth(field.optional),
  };
}

/** Whether a value has to be given; `undefined` when that is not known here. */
export function isRequired(field: Field, state: FieldState): boolean | undefined {
  if (hasDefault(field) || field.kind === "header" || field.kind === "unknown") return false;
  return noneOf([state.isHidden, state.isDisabled, state.isIgnored, state.isOptional]);
}

/** True when none is true; `undefined` when that hangs on an unknown one. */
export function noneOf(truths: readonly (boolean | undefined)[]): boolean | undefined {
  if (truths.includes(true)) return false;
  return truths.includes(undefined) ? undefined : true;
}

/**
 * Whether a value says something. The platform takes `""` for nothing, but not in a list's row and not where it is one
 * of the options.
 */
export function isGiven(field: Field, value: Json | undefined, { rows }: Pick<Place, "rows">): value is Json {
  if (value !== "") return value !== undefined;
  if (rows.length > 0) return true;
  return field.kind === "choice" && !field.isMultiple && field.options?.some((option) => option.value === "") === true;
}

/** The value that the platform will take for a field; unknown where what is given is wrong. */
export function effectiveValue(field: Field, given: Json | undefined, place: Place): Value {
  return valueIn(field, given, place, 0);
}

/** Conditions and defaults may refer to each other, even in circles. */
const MAX_DEPTH = 20;

function truthIn(condition: Condition, field: Field, place: Place, depth: number): boolean | undefined {
  if (typeof condition === "boolean") return condition;
  return truthOf(evaluate(condition, scopeOf(field, place, depth + 1)));
}

function scopeOf(field: Field, place: Place, depth: number): Scope {
  return {
    input: (reference) => depth > MAX_DEPTH ? UNKNOWN : inputAt(reference, place, depth),
    attribute(name) {
      if (depth > MAX_DEPTH) return UNKNOWN;
      if (name !== "hidden" && name !== "disabled" && name !== "ignore" && name !== "optional") return UNKNOWN;
      return truthIn(field[name], field, place, depth) ?? UNKNOWN;
    },
  };
}

function inputAt(reference: Reference, place: Place, depth: number): Value {
  let fields: Fields = place.form.fields;
  let value: Json | undefined = place.inputs;
  let field: Field | undefined;
  const rows: number[] = [];
  for (const [index, segment] of reference.entries()) {
    if (field?.kind === "list") {
      const row = segment === THIS_ROW ? place.rows[rows.length] : Number(segment);
      if (row === undefined || !Array.isArray(value)) return UNKNOWN;
      rows.push(row);
      value = value[row];
      field = undefined;
      continue;
    }
    if (segment === THIS_ROW) return UNKNOWN;
    field = fields.get(segment);
    value = isObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
    if (field === undefined) return memberAt(value ?? UNKNOWN, reference.slice(index + 1));
    if (field.kind === "group" || field.kind === "list") fields = field.fields;
    else return memberAt(valueIn(field, value, { ...place, rows }, depth), reference.slice(index + 1));
  }
  return value ?? UNKNOWN;
}

/** What an object has that the platform fills in, like a cluster's, is known to the platform alone. */
function memberAt(value: Value, reference: Reference): Value {
  let found = value;
  for (const segment of reference) {
    if (found === UNKNOWN || segment === THIS_ROW) return UNKNOWN;
    const at: Json = found;
    const member: Json | undefined = Array.isArray(at) ? at[Number(segment)] : isObject(at) ? at[segment] : undefined;
    found = member ?? UNKNOWN;
  }
  return found;
}

function valueIn(field: Field, given: Json | undefined, place: Place, depth: number): Value {
  // What follows from a mistake would only be more mistakes.
  if (isGiven(field, given, place)) return isAllowed(field, given) ? given : UNKNOWN;
  if (field.default !== undefined) return field.default;
  if (field.defaultExpression !== null) return evaluate(field.defaultExpression, scopeOf(field, place, depth + 1));
  switch (field.kind) {
    case "boolean":
      return false;
    case "text":
      return "";
    case "choice":
      return field.isMultiple ? [] : "";
    case "list":
      return [];
    case "number":
    case "cluster":
    case "resource":
    case "group":
    case "header":
    case "unknown":
      return UNKNOWN;
  }
}
