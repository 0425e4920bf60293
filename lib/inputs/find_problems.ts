/** Walks the form and the inputs side by side, and finds what does not fit. Pure. */

import { didYouMean, nearest } from "../did_you_mean.ts";
import type { Json, JsonObject } from "../model.ts";
import { type FieldState, isGiven, isRequired, noneOf, type Place, stateOf } from "./field_state.ts";
import type { Field, Fields, Form, GroupField, ListField } from "./form.ts";
import { formatPath, isObject, type Path } from "./path.ts";
import { isSecretField } from "./secrets.ts";
import { allowedBy, problemWith, shortOf } from "./value_check.ts";

export interface Finding {
  /** `unknown-name`: the platform lets it pass. `perhaps-missing`: only the platform can tell. */
  readonly type: "wrong" | "unknown-name" | "perhaps-missing" | "not-looked-up";
  readonly path: Path;
  readonly message: string;
}

/**
 * Every mistake, in the order of the form.
 *
 * @param asked Paths whose values are secret, whatever the form says.
 */
export function findProblems(
  form: Form,
  inputs: JsonObject,
  { asked }: { readonly asked: ReadonlySet<string> },
): Finding[] {
  const walk: Walk = { form, inputs, asked, path: [], rows: [], findings: [], unknown: new Map(), older: [] };
  walkFields(form.fields, inputs, true, walk);
  return [...walk.findings, ...unknownNames(walk), ...olderMembers(walk)];
}

/** `path` and `rows` are where the walk is now. */
interface Walk extends Place {
  readonly asked: ReadonlySet<string>;
  readonly path: (string | number)[];
  readonly rows: number[];
  readonly findings: Finding[];
  /** By path without row numbers: the same name in a thousand rows is one mistake. */
  readonly unknown: Map<string, UnknownName>;
  /** Paths of `v3` members. */
  readonly older: Path[];
}

interface UnknownName {
  readonly path: Path;
  readonly siblings: Fields;
  /** A required field that is missing, and that this name may have been meant for. */
  readonly meant: string | undefined;
  count: number;
}

/** @param isAsked Whether the fields are shown at all; `undefined` when only the platform can tell. */
function walkFields(fields: Fields, given: JsonObject, isAsked: boolean | undefined, walk: Walk): void {
  const strangers = Object.keys(given).filter((name) => (fields.get(name)?.kind ?? "header") === "header");
  const missing: string[] = [];
  const before = walk.findings.length;
  for (const [name, field] of fields) {
    walk.path.push(name);
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (walkField(field, name, value, isAsked, walk) === "missing") missing.push(name);
    walk.path.pop();
  }
  for (const name of strangers) {
    walk.path.push(name);
    if (name === "v3") walk.older.push([...walk.path]);
    else addUnknown(name, fields, missing, before, walk);
    walk.path.pop();
  }
}

function walkField(
  field: Field,
  name: string,
  value: Json | undefined,
  isAsked: boolean | undefined,
  walk: Walk,
): "missing" | undefined {
  if (field.kind === "header") return;
  const state = stateOf(field, walk);
  if (state.isIgnored === true) return;
  const isOptionalNull = value === null && state.isOptional !== false;
  if (isOptionalNull) return;
  if (field.kind === "group") return void walkGroup(field, value, isAsked, state, walk);
  const required = noneOf([flipped(isAsked), flipped(isRequired(field, state))]);
  if (!isGiven(field, value, walk) || (value === null && required !== false)) {
    return addMissing(field, value, required, walk);
  }
  const isSecret = isSecretField(field, name) || (walk.asked.size > 0 && walk.asked.has(formatPath(walk.path)));
  const message = problemWith(field, value, { isSecret });
  if (message !== undefined) add("wrong", message, walk);
  else if (field.kind === "list" && Array.isArray(value)) walkRows(field, value, isAsked, state, walk);
  else if (field.type === "compute-resources" && typeof value === "string") {
    add("not-looked-up", "is sent as this text: the platform looks up names of compute-clusters alone", walk);
  }
}

function walkGroup(
  field: GroupField,
  value: Json | undefined,
  isAsked: boolean | undefined,
  state: FieldState,
  walk: Walk,
): void {
  if (value === undefined && (state.isOptional === true || field.default !== undefined)) return;
  if (value !== undefined && !isObject(value)) {
    add("wrong", `must be ${allowedBy(field)}: got ${shortOf(value)}`, walk);
    return;
  }
  const mayBeAbsent = value === undefined && state.isOptional === undefined;
  walkFields(
    field.fields,
    value ?? {},
    mayBeAbsent ? and(undefined, inside(isAsked, state)) : inside(isAsked, state),
    walk,
  );
}

function walkRows(
  field: ListField,
  rows: readonly Json[],
  isAsked: boolean | undefined,
  state: FieldState,
  walk: Walk,
): void {
  for (const [index, row] of rows.entries()) {
    walk.path.push(index);
    walk.rows.push(index);
    if (isObject(row)) walkFields(field.fields, row, inside(isAsked, state), walk);
    else add("wrong", `must be an object: got ${shortOf(row)}`, walk);
    walk.rows.pop();
    walk.path.pop();
  }
}

/** Whether what is inside a field is asked for. */
function inside(isAsked: boolean | undefined, { isHidden, isDisabled, isIgnored }: FieldState): boolean | undefined {
  return noneOf([flipped(isAsked), isHidden, isDisabled, isIgnored]);
}

function and(a: boolean | undefined, b: boolean | undefined): boolean | undefined {
  return noneOf([flipped(a), flipped(b)]);
}

function flipped(truth: boolean | undefined): boolean | undefined {
  return truth === undefined ? undefined : !truth;
}

function addMissing(
  field: Field,
  value: Json | undefined,
  required: boolean | undefined,
  walk: Walk,
): "missing" | undefined {
  if (required === false) return;
  const label = field.label === null ? "" : ` (${field.label})`;
  const got = value === undefined ? "" : `, got ${shortOf(value)}`;
  if (required === undefined) {
    add("perhaps-missing", `may be required${label}: whether it is, only the platform can tell`, walk);
    return;
  }
  add("wrong", `is required${label}: give ${allowedBy(field)}${got}`, walk);
  return "missing";
}

function add(type: Finding["type"], message: string, walk: Walk): void {
  walk.findings.push({ type, path: [...walk.path], message });
}

/** A name that was meant for a required field is one mistake, not two. */
function addUnknown(name: string, fields: Fields, missing: string[], before: number, walk: Walk): void {
  const key = formatPath(walk.path.map((segment) => typeof segment === "number" ? 0 : segment));
  const known = walk.unknown.get(key);
  if (known !== undefined) known.count++;
  const [meant] = missing.length === 0 ? [] : nearest(name, missing);
  if (meant === undefined) {
    if (known === undefined) walk.unknown.set(key, { path: [...walk.path], siblings: fields, meant, count: 1 });
    return;
  }
  missing.splice(missing.indexOf(meant), 1);
  const at = walk.findings.findIndex(({ path }, index) => index >= before && path.at(-1) === meant);
  if (at !== -1) walk.findings.splice(at, 1);
  add("wrong", `is not asked for: did you mean ${JSON.stringify(meant)}, which is required?`, walk);
}

/** Beyond these, suggestions would cost more than they help. */
const MOST_SUGGESTIONS = 50;

function unknownNames({ unknown, form }: Walk): Finding[] {
  const elsewhere = unknown.size === 0 ? new Map<string, string>() : pathsByName(form.fields);
  return [...unknown.values()].map(({ path, siblings, count }, index): Finding => {
    const hint = index < MOST_SUGGESTIONS ? suggestion(path, siblings, elsewhere) : undefined;
    const often = count === 1 ? "" : ` (in ${count} rows)`;
    return {
      type: "unknown-name",
      path,
      message: `is not asked for by this workflow${often}${hint === undefined ? "" : `: ${hint}`}`,
    };
  });
}

function suggestion(path: Path, siblings: Fields, elsewhere: ReadonlyMap<string, string>): string | undefined {
  const name = String(path.at(-1));
  const known = [...siblings].filter(([, field]) => field.kind !== "header").map(([sibling]) => sibling);
  const question = didYouMean(name, known)?.replace(/^D/, "d");
  const place = elsewhere.get(name);
  return question ?? (place === undefined ? undefined : `did you mean ${JSON.stringify(place)}?`);
}

/** Where else a name is asked for: somebody may have forgotten the group. */
function pathsByName(fields: Fields): Map<string, string> {
  const paths = new Map<string, string>();
  const collect = (inner: Fields, path: Path) => {
    for (const [name, field] of inner) {
      const here = [...path, name];
      if (field.kind !== "header" && !paths.has(name)) paths.set(name, formatPath(here));
      if (field.kind === "group") collect(field.fields, here);
    }
  };
  collect(fields, []);
  return paths;
}

function olderMembers({ older }: Walk): Finding[] {
  const [path] = older;
  if (path === undefined) return [];
  const places = older.length === 1 ? "" : ` (in ${older.length} places)`;
  return [{ type: "unknown-name", path, message: `is a mark of older payloads${places}: the platform lets it pass` }];
}
