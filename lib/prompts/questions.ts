/** What is still to be asked, in the order of the form, as the answers come. Pure. */

import { isRequired, type Place, stateOf } from "../inputs/field_state.ts";
import type { Field, Fields, Form, ListField } from "../inputs/form.ts";
import { formatPath, isObject, type Path, valueAt } from "../inputs/path.ts";
import type { Json, JsonObject } from "../json.ts";

export type Question =
  | {
    readonly type: "value";
    readonly path: Path;
    readonly field: Field;
    readonly isRequired: boolean;
    /** What is given so far. */
    readonly given: Json | undefined;
    /** The headings above it, outermost first. */
    readonly headings: readonly string[];
  }
  /** Whether a list gets one more row. */
  | { readonly type: "row"; readonly path: Path; readonly field: ListField; readonly rows: number };

export interface Answers {
  readonly inputs: JsonObject;
  /** Paths that were asked about already; a list's is there once no more rows are wanted. */
  readonly asked: ReadonlySet<string>;
}

/**
 * The first question that was not asked yet. What is hidden, left out or disabled by the answers so far is not asked.
 *
 * @param wanted Only these paths and what is inside them; all when it is left out.
 */
export function nextQuestion(form: Form, answers: Answers, wanted?: readonly Path[]): Question | undefined {
  return inFields(form.fields, { form, answers, wanted, path: [], rows: [], headings: [] });
}

/** The answers with one more. `undefined` leaves the value to the platform. */
export function answer({ inputs, asked }: Answers, path: Path, value: Json | undefined): Answers {
  const whole = valueIn(inputs, path, value);
  return { inputs: isObject(whole) ? whole : inputs, asked: new Set([...asked, formatPath(path)]) };
}

interface CheckContext {
  readonly form: Form;
  readonly answers: Answers;
  readonly wanted: readonly Path[] | undefined;
  readonly path: Path;
  readonly rows: readonly number[];
  readonly headings: readonly string[];
}

function inFields(fields: Fields, walk: CheckContext): Question | undefined {
  for (const [name, field] of fields) {
    const question = inField(name, field, walk);
    if (question !== undefined) return question;
  }
  return undefined;
}

function inField(name: string, field: Field, walk: CheckContext): Question | undefined {
  const { form, answers, rows, headings } = walk;
  const place: Place = { form, inputs: answers.inputs, rows };
  const state = stateOf(field, place);
  if (field.kind === "header" || state.isHidden === true || state.isIgnored === true || state.isDisabled === true) {
    return undefined;
  }
  const path = [...walk.path, name];
  if (field.kind === "group") {
    return inFields(field.fields, { ...walk, path, headings: [...headings, field.label ?? name] });
  }
  if (field.kind === "list") return inList(field, { ...walk, path, headings: [...headings, field.label ?? name] });
  if (answers.asked.has(formatPath(path)) || !isWanted(path, walk.wanted)) return undefined;
  const given = valueAt(answers.inputs, path);
  return { type: "value", path, field, isRequired: isRequired(field, state) === true, given, headings };
}

function inList(field: ListField, walk: CheckContext): Question | undefined {
  const { answers, path, rows } = walk;
  const list = valueAt(answers.inputs, path);
  const count = Array.isArray(list) ? list.length : 0;
  for (let row = 0; row < count; row++) {
    const question = inFields(field.fields, { ...walk, path: [...path, row], rows: [...rows, row] });
    if (question !== undefined) return question;
  }
  if (answers.asked.has(formatPath(path)) || !isWanted(path, walk.wanted)) return undefined;
  return { type: "row", path, field, rows: count };
}

function isWanted(path: Path, wanted: readonly Path[] | undefined): boolean {
  return wanted === undefined ||
    wanted.some((one) =>
      one.every((segment, index) => segment === path[index]) || path.every((segment, index) => segment === one[index])
    );
}

function valueIn(at: Json | undefined, path: Path, value: Json | undefined): Json | undefined {
  const [segment, ...rest] = path;
  if (segment === undefined) return value;
  if (typeof segment === "number") {
    const list = Array.isArray(at) ? [...at] : [];
    const inside = valueIn(list[segment], rest, value);
    if (inside === undefined) return at;
    list[segment] = inside;
    return list;
  }
  const object: JsonObject = isObject(at) ? { ...at } : {};
  const inside = valueIn(Object.hasOwn(object, segment) ? object[segment] : undefined, rest, value);
  // What is left to the platform leaves no empty group behind.
  if (inside === undefined && !isObject(at)) return at;
  if (inside === undefined) delete object[segment];
  else object[segment] = inside;
  return object;
}
