import { isObject, type Json, type JsonObject } from "../json.ts";
import {
  CURRENT_ROW,
  evaluateExpression,
  type ExpressionScope,
  type ExpressionValue,
  type InputReference,
  truthOf,
  UNKNOWN_VALUE,
} from "./expression.ts";
import { type Field, type FieldCondition, type Form, type FormFields, hasDefault } from "./form.ts";
import { isAllowed } from "./value_check.ts";

/** What a field's conditions are evaluated with. */
export interface FormContext {
  readonly form: Form;
  /** All inputs. */
  readonly inputs: JsonObject;
  /** Row index in each list around the field, outermost first. */
  readonly rows: readonly number[];
}

/** `undefined` if a condition depends on values that only the platform knows. */
export interface FieldState {
  readonly isHidden: boolean | undefined;
  readonly isDisabled: boolean | undefined;
  readonly isIgnored: boolean | undefined;
  readonly isOptional: boolean | undefined;
}

/** Evaluates a field's conditions. */
export function fieldStateOf(field: Field, context: FormContext): FieldState {
  const truth = (condition: FieldCondition) => truthIn(condition, field, context, 0);
  return {
    isHidden: truth(field.hidden),
    isDisabled: truth(field.disabled),
    isIgnored: truth(field.ignore),
    isOptional: truth(field.optional),
  };
}

/** Whether the field needs a value; `undefined` if only the platform knows. */
export function isRequired(field: Field, state: FieldState): boolean | undefined {
  if (hasDefault(field) || field.kind === "header" || field.kind === "unknown") return false;
  return isNoneTrue([state.isHidden, state.isDisabled, state.isIgnored, state.isOptional]);
}

/** True if none is true; `undefined` if that depends on an unknown one. */
export function isNoneTrue(truths: readonly (boolean | undefined)[]): boolean | undefined {
  if (truths.includes(true)) return false;
  return truths.includes(undefined) ? undefined : true;
}

/**
 * False for a missing value. The platform treats `""` as missing, except in the row of a list and if it is one of the
 * options.
 */
export function hasValue(field: Field, value: Json | undefined, { rows }: Pick<FormContext, "rows">): value is Json {
  if (value !== "") return value !== undefined;
  if (rows.length > 0) return true;
  return field.kind === "choice" && !field.isMultiple && field.options?.some((option) => option.value === "") === true;
}

/** Conditions and defaults may refer to each other, even cyclically. */
const MAX_DEPTH = 20;

function truthIn(condition: FieldCondition, field: Field, context: FormContext, depth: number): boolean | undefined {
  if (typeof condition === "boolean") return condition;
  return truthOf(evaluateExpression(condition, scopeOf(field, context, depth + 1)));
}

function scopeOf(field: Field, context: FormContext, depth: number): ExpressionScope {
  return {
    input: (reference) => depth > MAX_DEPTH ? UNKNOWN_VALUE : inputAt(reference, context, depth),
    attribute(name) {
      if (depth > MAX_DEPTH) return UNKNOWN_VALUE;
      if (name !== "hidden" && name !== "disabled" && name !== "ignore" && name !== "optional") return UNKNOWN_VALUE;
      return truthIn(field[name], field, context, depth) ?? UNKNOWN_VALUE;
    },
  };
}

function inputAt(reference: InputReference, context: FormContext, depth: number): ExpressionValue {
  let fields: FormFields = context.form.fields;
  let value: Json | undefined = context.inputs;
  let field: Field | undefined;
  const rows: number[] = [];
  for (const [index, segment] of reference.entries()) {
    if (field?.kind === "list") {
      const row = segment === CURRENT_ROW ? context.rows[rows.length] : Number(segment);
      if (row === undefined || !Array.isArray(value)) return UNKNOWN_VALUE;
      rows.push(row);
      value = value[row];
      field = undefined;
      continue;
    }
    if (segment === CURRENT_ROW) return UNKNOWN_VALUE;
    field = fields.get(segment);
    value = isObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
    if (field === undefined) return memberAt(value ?? UNKNOWN_VALUE, reference.slice(index + 1));
    if (field.kind === "group" || field.kind === "list") fields = field.fields;
    else return memberAt(effectiveValue(field, value, { ...context, rows }, depth), reference.slice(index + 1));
  }
  return value ?? UNKNOWN_VALUE;
}

/** Unknown for a member that the platform adds, like those of a cluster. */
function memberAt(value: ExpressionValue, reference: InputReference): ExpressionValue {
  let found = value;
  for (const segment of reference) {
    if (found === UNKNOWN_VALUE || segment === CURRENT_ROW) return UNKNOWN_VALUE;
    const parent: Json = found;
    const member: Json | undefined = Array.isArray(parent)
      ? parent[Number(segment)]
      : isObject(parent)
      ? parent[segment]
      : undefined;
    found = member ?? UNKNOWN_VALUE;
  }
  return found;
}

/** The value that the platform uses for a field; unknown if the supplied one is invalid. */
function effectiveValue(field: Field, value: Json | undefined, context: FormContext, depth: number): ExpressionValue {
  // Unknown, because consequences of an invalid value are not worth reporting.
  if (hasValue(field, value, context)) return isAllowed(field, value) ? value : UNKNOWN_VALUE;
  if (field.default !== undefined) return field.default;
  if (field.defaultExpression !== null) {
    return evaluateExpression(field.defaultExpression, scopeOf(field, context, depth + 1));
  }
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
      return UNKNOWN_VALUE;
  }
}
