/** Decides which field to ask for next, in the order of the form. Pure. */

import type { Cluster } from "../cluster.ts";
import { defaultIn, fieldStateOf, hasValue, isRequired, variantOf } from "../inputs/field_state.ts";
import { type ClusterField, type Field, fieldAt, type Form, type ValueField, walkFields } from "../inputs/form.ts";
import { formatPath, type InputPath, isObject, type Json, type JsonObject, valueInside } from "../json.ts";

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
  /** Whether to add a row to a list, or to fill in an optional group. */
  | {
    readonly type: "row";
    readonly path: InputPath;
    readonly field: Extract<Field, { readonly kind: "list" | "group" }>;
    readonly rows: number;
    readonly isRequired: boolean;
    /** Of the answer that declines it. */
    readonly key: string;
  };

export interface PromptAnswers {
  readonly inputs: JsonObject;
  /** Formatted paths that need no further question, and the keys of declined rows. */
  readonly answered: ReadonlySet<string>;
}

export interface QuestionOptions {
  readonly clusters: readonly Cluster[] | null;
  /** Restricts the questions to these paths and everything inside them; all when omitted. */
  readonly only?: readonly InputPath[] | undefined;
}

/**
 * The first question without an answer. Skips fields that are ignored with the answers so far, and those that are hidden or
 * disabled, unless a value in them is to be fixed.
 *
 * @returns `undefined` when there are no questions left.
 */
export function nextQuestion(
  form: Form,
  { inputs, answered }: PromptAnswers,
  { clusters, only }: QuestionOptions,
): FieldQuestion | undefined {
  let question: FieldQuestion | undefined;
  const isIncluded = (path: InputPath) =>
    only === undefined || only.some((included) => startsWith(path, included) || startsWith(included, path));
  const isOpen = (path: InputPath) => !answered.has(formatPath(path)) && isIncluded(path);
  /** Contains one of the paths and has a value: what is hidden has no question otherwise. */
  const isToFix = (path: InputPath, current: Json | undefined) =>
    current !== undefined && only?.some((included) => startsWith(included, path)) === true;
  walkFields({ form, inputs, rows: [], clusters }, ({ field: declared, path, value: current, context }) => {
    if (question !== undefined) return false;
    const field = variantOf(declared, context);
    const state = fieldStateOf(field, context);
    const isHidden = [state.hidden, state.disabled].includes(true) && !isToFix(path, current);
    if (field.kind === "header" || state.ignore === true || isHidden) return false;
    if (field.kind === "list") return true;
    if (field.kind === "group") {
      const isGiven = current !== undefined || field.default !== undefined || state.optional !== true;
      if (!isGiven && isOpen(path)) {
        question = { type: "row", path, field, rows: 0, isRequired: false, key: formatPath(path) };
      }
      return isGiven;
    }
    const needed = isRequired(field, state) === true;
    // A later answer may have made it required.
    const isMissing = needed && (current === null || !hasValue(field, current, context));
    if (isMissing ? !isIncluded(path) : !isOpen(path)) return false;
    const fallback = defaultIn(field, context);
    question = { type: "value", path, field, isRequired: needed, current, fallback, headings: headingsOf(form, path) };
    return false;
  }, ({ field, path, value, context }) => {
    // One value in a row does not ask for another row.
    const isWhole = only === undefined || only.some((included) => startsWith(path, included));
    if (question !== undefined || field.kind !== "list" || !isWhole || !isOpen(path)) return;
    const rows = Array.isArray(value) ? value.length : 0;
    const isShort = Array.isArray(value) && rows < (field.min ?? 0);
    const needed = isShort || isRequired(field, fieldStateOf(field, context)) === true;
    // A later answer may require a row that was declined.
    const key = `${formatPath(path)}${rows === 0 && !needed ? "?" : ""}`;
    if (answered.has(key) || rows >= (field.max ?? Infinity)) return;
    question = { type: "row", path, field, rows, isRequired: needed, key };
  });
  return question;
}

/** Labels of the groups and lists around a field; rows have none. */
function headingsOf(form: Form, path: InputPath): readonly string[] {
  return path.slice(0, -1).flatMap((segment, index) =>
    typeof segment === "number" ? [] : fieldAt(form, path.slice(0, index + 1))?.label ?? segment
  );
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

function startsWith(path: InputPath, prefix: InputPath): boolean {
  return prefix.every((segment, index) => segment === path[index]);
}

/** A copy of `parent` with the value set at the path, or removed if it is `undefined`. */
function withValue(parent: Json | undefined, path: InputPath, value: Json | undefined): Json | undefined {
  const [segment, ...rest] = path;
  if (segment === undefined) return value;
  const child = withValue(valueInside(parent ?? null, segment), rest, value);
  // Removing a value does not create an empty group.
  if (child === undefined && !isObject(parent)) return parent;
  if (typeof segment === "number") {
    return Array.isArray(parent) ? parent.toSpliced(segment, 1, child ?? null) : [child ?? null];
  }
  const object: JsonObject = isObject(parent) ? { ...parent } : {};
  if (child === undefined) delete object[segment];
  else object[segment] = child;
  return object;
}
