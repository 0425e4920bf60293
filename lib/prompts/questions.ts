/** Decides which field to ask for next, in the order of the form. Pure. */

import type { Cluster } from "../cluster.ts";
import { defaultIn, fieldStateOf, type FormContext, isRequired, variantOf } from "../inputs/field_state.ts";
import type { ClusterField, Field, Form, FormFields, ListField, ValueField } from "../inputs/form.ts";
import { formatPath, type InputPath, isObject, type Json, type JsonObject, valueAt, valueInside } from "../json.ts";

export type FieldQuestion =
  | {
    readonly type: "value";
    readonly path: InputPath;
    readonly field: ValueField | ClusterField;
    readonly isRequired: boolean;
    /** The value from the inputs so far. */
    readonly current: Json | undefined;
    /** The default, as far as it is known here. */
    readonly fallback: Json | undefined;
    /** Labels of the groups and lists around it, outermost first. */
    readonly headings: readonly string[];
  }
  /** Whether to add a row to a list. */
  | {
    readonly type: "row";
    readonly path: InputPath;
    readonly field: ListField;
    readonly rows: number;
    readonly isRequired: boolean;
  };

export interface PromptAnswers {
  readonly inputs: JsonObject;
  /** Formatted paths that need no further question; contains a list's path once the user declined another row. */
  readonly answered: ReadonlySet<string>;
}

export interface QuestionOptions {
  readonly clusters: readonly Cluster[] | null;
  /** Restricts the questions to these paths and everything inside them; all when omitted. */
  readonly only?: readonly InputPath[] | undefined;
}

/**
 * The first question without an answer. Skips fields that are hidden, ignored or disabled with the answers so far.
 *
 * @returns `undefined` when there are no questions left.
 */
export function nextQuestion(form: Form, answers: PromptAnswers, options: QuestionOptions): FieldQuestion | undefined {
  const context = { form, inputs: answers.inputs, clusters: options.clusters };
  return inFields(form.fields, { ...context, answers, only: options.only, path: [], rows: [], headings: [] });
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

interface QuestionContext extends FormContext {
  readonly answers: PromptAnswers;
  readonly only: readonly InputPath[] | undefined;
  readonly path: InputPath;
  readonly headings: readonly string[];
}

function inFields(fields: FormFields, context: QuestionContext): FieldQuestion | undefined {
  for (const [name, field] of fields) {
    const question = inField(name, field, context);
    if (question !== undefined) return question;
  }
  return undefined;
}

function inField(segment: string | number, declared: Field, context: QuestionContext): FieldQuestion | undefined {
  const { answers, headings } = context;
  const field = variantOf(declared, context);
  const state = fieldStateOf(field, context);
  if (field.kind === "header" || state.isHidden === true || state.isIgnored === true || state.isDisabled === true) {
    return undefined;
  }
  const path = [...context.path, segment];
  const heading = typeof segment === "number" ? [] : [field.label ?? segment];
  const inside = { ...context, path, headings: [...headings, ...heading] };
  const needed = isRequired(field, state) === true;
  if (field.kind === "group") return inFields(field.fields, inside);
  if (field.kind === "list") return inList(field, needed, inside);
  if (answers.answered.has(formatPath(path)) || !isIncluded(path, context.only)) return undefined;
  const current = valueAt(answers.inputs, path);
  const fallback = defaultIn(field, context);
  return { type: "value", path, field, isRequired: needed, current, fallback, headings };
}

function inList(field: ListField, isRequired: boolean, context: QuestionContext): FieldQuestion | undefined {
  const { answers, path, rows } = context;
  const list = valueAt(answers.inputs, path);
  const count = Array.isArray(list) ? list.length : 0;
  for (let row = 0; row < count; row++) {
    const question = inField(row, field.item, { ...context, rows: [...rows, row] });
    if (question !== undefined) return question;
  }
  if (answers.answered.has(formatPath(path)) || !isIncluded(path, context.only)) return undefined;
  return field.max !== null && count >= field.max ? undefined : { type: "row", path, field, rows: count, isRequired };
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
  const child = withValue(valueInside(object, segment), rest, value);
  // Removing a value does not create an empty group.
  if (child === undefined && !isObject(parent)) return parent;
  if (child === undefined) delete object[segment];
  else object[segment] = child;
  return object;
}
