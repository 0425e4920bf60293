import { nearest } from "../did_you_mean.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { type FieldState, fieldStateOf, type FormContext, hasValue, isNoneTrue, isRequired } from "./field_state.ts";
import type { ChoiceField, Field, Form, FormFields, GroupField, ListField } from "./form.ts";
import { formatPath, type InputPath } from "./path.ts";
import { isSecretField } from "./secrets.ts";
import { addUnknown, describeUnknown, type UnknownNames } from "./unknown_names.ts";
import { describeAllowed, describeInvalid, describeValue, isAllowed } from "./value_check.ts";

export interface FieldProblem {
  /**
   * `unknown`: the platform ignores the field. `maybe-missing`: required or not, depending on values that only the platform
   * knows. `unresolved`: the platform does not resolve the name.
   */
  readonly type: "invalid" | "unknown" | "maybe-missing" | "unresolved";
  readonly path: InputPath;
  readonly message: string;
}

/**
 * All problems, in the order of the form.
 *
 * @param secretPaths Paths whose values are secret, regardless of the form.
 */
export function findProblems(
  form: Form,
  inputs: JsonObject,
  { secretPaths }: { readonly secretPaths: ReadonlySet<string> },
): FieldProblem[] {
  const names: UnknownNames = { unknownKeys: new Map(), legacyPaths: [] };
  const context: CheckContext = { form, inputs, secretPaths, path: [], rows: [], problems: new Set(), names };
  checkFields(form.fields, inputs, true, context);
  const unknown = describeUnknown(names, form).map((name): FieldProblem => ({ type: "unknown", ...name }));
  return [...context.problems, ...unknown];
}

/** `path` and `rows` change while the form is traversed. */
interface CheckContext extends FormContext {
  readonly secretPaths: ReadonlySet<string>;
  readonly path: (string | number)[];
  readonly rows: number[];
  readonly problems: Set<FieldProblem>;
  readonly names: UnknownNames;
}

/** @param isShown Whether the group around the fields is shown; `undefined` if only the platform knows. */
function checkFields(
  fields: FormFields,
  values: JsonObject,
  isShown: boolean | undefined,
  context: CheckContext,
): void {
  const missing = new Map<string, FieldProblem>();
  for (const [name, field] of fields) {
    if (field.kind === "header") continue;
    context.path.push(name);
    const problem = checkField(field, Object.hasOwn(values, name) ? values[name] : undefined, isShown, context);
    if (problem !== undefined) missing.set(name, problem);
    context.path.pop();
  }
  for (const name in values) {
    const kind = fields.get(name)?.kind;
    if (kind !== undefined && kind !== "header") continue;
    context.path.push(name);
    if (name === "v3" || !isTypoOfRequired(name, missing, context)) addUnknown(context.names, context.path, fields);
    context.path.pop();
  }
}

/** @returns The problem if a required value is missing. */
function checkField(
  field: Field,
  value: Json | undefined,
  isShown: boolean | undefined,
  context: CheckContext,
): FieldProblem | undefined {
  const state = fieldStateOf(field, context);
  if (state.isIgnored === true || (value === null && state.isOptional !== false)) return undefined;
  if (field.kind === "group") {
    checkGroup(field, value, isShown, state, context);
    return undefined;
  }
  const isPresent = hasValue(field, value, context);
  if (!isPresent || value === null) {
    const required = isNoneTrue([not(isShown), not(isRequired(field, state))]);
    if (!isPresent || required !== false) return addMissing(field, value, required, context);
  }
  if (field.kind === "choice" && field.isMultiple && Array.isArray(value)) {
    checkChoices({ ...field, isMultiple: false }, value, context);
  } else if (!isAllowed(field, value)) {
    add("invalid", describeInvalid(field, value, { isSecret: isSecretHere(field, context) }), context);
  } else if (field.kind === "list" && Array.isArray(value)) {
    checkRows(field, value, isShown, state, context);
  } else if (field.type === "compute-resources" && typeof value === "string") {
    add("unresolved", "is sent as text: the platform resolves names only for compute-clusters", context);
  }
  return undefined;
}

function checkGroup(
  field: GroupField,
  value: Json | undefined,
  isShown: boolean | undefined,
  state: FieldState,
  context: CheckContext,
): void {
  if (value === undefined) {
    if (field.default !== undefined) return;
    // The fields of an optional group are required only if the group is present.
    checkFields(field.fields, {}, isNoneTrue([not(isShownInside(isShown, state)), state.isOptional]), context);
  } else if (isObject(value)) {
    checkFields(field.fields, value, isShownInside(isShown, state), context);
  } else {
    add("invalid", `must be ${describeAllowed(field)}: got ${describeValue(value)}`, context);
  }
}

/** @param field Describes one element of `values`. */
function checkChoices(field: ChoiceField, values: readonly Json[], context: CheckContext): void {
  for (const [index, value] of values.entries()) {
    if (isAllowed(field, value)) continue;
    context.path.push(index);
    add("invalid", describeInvalid(field, value, { isSecret: false }), context);
    context.path.pop();
  }
}

function checkRows(
  field: ListField,
  rows: readonly Json[],
  isShown: boolean | undefined,
  state: FieldState,
  context: CheckContext,
): void {
  for (const [index, row] of rows.entries()) {
    context.path.push(index);
    context.rows.push(index);
    if (isObject(row)) checkFields(field.fields, row, isShownInside(isShown, state), context);
    else add("invalid", `must be an object: got ${describeValue(row)}`, context);
    context.rows.pop();
    context.path.pop();
  }
}

function isShownInside(isShown: boolean | undefined, state: FieldState): boolean | undefined {
  return isNoneTrue([not(isShown), state.isHidden, state.isDisabled, state.isIgnored]);
}

function not(truth: boolean | undefined): boolean | undefined {
  return truth === undefined ? undefined : !truth;
}

function isSecretHere(field: Field, { secretPaths, path }: CheckContext): boolean {
  return isSecretField(field, String(path.at(-1))) || secretPaths.has(formatPath(path));
}

function addMissing(
  field: Field,
  value: Json | undefined,
  required: boolean | undefined,
  context: CheckContext,
): FieldProblem | undefined {
  if (required === false) return undefined;
  const label = field.label === null ? "" : ` (${field.label})`;
  const got = value === undefined ? "" : `, got ${describeValue(value)}`;
  if (required === true) return add("invalid", `is required${label}: give ${describeAllowed(field)}${got}`, context);
  add("maybe-missing", `may be required${label}: depends on values that only the platform knows`, context);
  return undefined;
}

function add(type: FieldProblem["type"], message: string, { problems, path }: CheckContext): FieldProblem {
  const problem: FieldProblem = { type, path: [...path], message };
  problems.add(problem);
  return problem;
}

/** A misspelled required field is one problem, not two. */
function isTypoOfRequired(name: string, missing: Map<string, FieldProblem>, context: CheckContext): boolean {
  // A single letter is one edit away from any other: that is no evidence of a typo.
  const [similar] = missing.size === 0 || name.length < 2 ? [] : nearest(name, missing.keys());
  const problem = similar === undefined ? undefined : missing.get(similar);
  if (similar === undefined || problem === undefined) return false;
  context.problems.delete(problem);
  missing.delete(similar);
  add("invalid", `unknown field: did you mean ${JSON.stringify(similar)}, which is required?`, context);
  return true;
}
