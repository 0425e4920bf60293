/** Decides which field to ask for next, in the order of the form. Pure. */

import { fieldStateOf, type FormContext, isRequired } from "../inputs/field_state.ts";
import type { Field, Form, FormFields, ListField } from "../inputs/form.ts";
import { formatPath, type InputPath, valueAt } from "../inputs/path.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";

export type FieldQuestion =
  | {
    readonly type: "value";
    readonly path: InputPath;
    readonly field: Field;
    readonly isRequired: boolean;
    /** The value from the inputs so far. */
    readonly current: Json | undefined;
    /** Labels of the groups and lists around it, outermost first. */
    readonly headings: readonly string[];
  }
  /** Whether to add a row to a list. */
  | { readonly type: "row"; readonly path: InputPath; readonly field: ListField; readonly rows: number };

export interface PromptAnswers {
  readonly inputs: JsonObject;
  /** Formatted paths that need no further question; contains a list's path once the user declined another row. */
  readonly answered: ReadonlySet<string>;
}

/**
 * The first question without an answer. Skips fields that are hidden, ignored or disabled with the answers so far.
 *
 * @param only Restricts the questions to these paths and everything inside them; all when omitted.
 * @returns `undefined` when there are no questions left.
 */
export function nextQuestion(
  form: Form,
  answers: PromptAnswers,
  only?: readonly InputPath[],
): FieldQuestion | undefined {
  return inFields(form.fields, { form, answers, only, path: [], rows: [], headings: [] });
}

/** Adds an answer. `undefined` leaves the value to the platform. */
export function withAnswer(
  { inputs, answered }: PromptAnswers,
  path: InputPath,
  value: Json | undefined,
): PromptAnswers {
  const updated = withValue(inputs, path, value);
  return { inputs: isObject(updated) ? updated : inputs, answered: new Set([...answered, formatPath(path)]) };
}

interface QuestionContext {
  readonly form: Form;
  readonly answers: PromptAnswers;
  readonly only: readonly InputPath[] | undefined;
  readonly path: InputPath;
  readonly rows: readonly number[];
  readonly headings: readonly string[];
}

function inFields(fields: FormFields, context: QuestionContext): FieldQuestion | undefined {
  for (const [name, field] of fields) {
    const question = inField(name, field, context);
    if (question !== undefined) return question;
  }
  return undefined;
}

function inField(name: string, field: Field, context: QuestionContext): FieldQuestion | undefined {
  const { form, answers, rows, headings } = context;
  const formContext: FormContext = { form, inputs: answers.inputs, rows };
  const state = fieldStateOf(field, formContext);
  if (field.kind === "header" || state.isHidden === true || state.isIgnored === true || state.isDisabled === true) {
    return undefined;
  }
  const path = [...context.path, name];
  if (field.kind === "group") {
    return inFields(field.fields, { ...context, path, headings: [...headings, field.label ?? name] });
  }
  if (field.kind === "list") return inList(field, { ...context, path, headings: [...headings, field.label ?? name] });
  if (answers.answered.has(formatPath(path)) || !isIncluded(path, context.only)) return undefined;
  const current = valueAt(answers.inputs, path);
  return { type: "value", path, field, isRequired: isRequired(field, state) === true, current, headings };
}

function inList(field: ListField, context: QuestionContext): FieldQuestion | undefined {
  const { answers, path, rows } = context;
  const list = valueAt(answers.inputs, path);
  const count = Array.isArray(list) ? list.length : 0;
  for (let row = 0; row < count; row++) {
    const question = inFields(field.fields, { ...context, path: [...path, row], rows: [...rows, row] });
    if (question !== undefined) return question;
  }
  if (answers.answered.has(formatPath(path)) || !isIncluded(path, context.only)) return undefined;
  return { type: "row", path, field, rows: count };
}

function isIncluded(path: InputPath, only: readonly InputPath[] | undefined): boolean {
  return only === undefined || only.some((included) => startsWith(path, included) || startsWith(included, path));
}

function startsWith(path: InputPath, prefix: InputPath): boolean {
  return prefix.every((segment, index) => segment === path[index]);
}

/** A copy of `parent` with the value set at the path, or removed if it is `undefined`. */
function withValue(parent: Json | undefined, path: InputPath, value: Json | undefined): Json | undefined {
  const [segment, ...rest] = path;
  if (segment === undefined) return value;
  if (typeof segment === "number") {
    const list = Array.isArray(parent) ? [...parent] : [];
    const child = withValue(list[segment], rest, value);
    if (child === undefined) return parent;
    list[segment] = child;
    return list;
  }
  const object: JsonObject = isObject(parent) ? { ...parent } : {};
  const child = withValue(Object.hasOwn(object, segment) ? object[segment] : undefined, rest, value);
  // Removing a value does not create an empty group.
  if (child === undefined && !isObject(parent)) return parent;
  if (child === undefined) delete object[segment];
  else object[segment] = child;
  return object;
}
