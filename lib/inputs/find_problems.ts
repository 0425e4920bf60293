/** Walks the form and the inputs side by side, and finds what does not fit. Pure. */

import { nearest } from "../did_you_mean.ts";
import type { Json, JsonObject } from "../json.ts";
import { type FieldState, isGiven, isRequired, noneOf, type Place, stateOf } from "./field_state.ts";
import type { ChoiceField, Field, Fields, Form, GroupField, ListField } from "./form.ts";
import { formatPath, isObject, type Path } from "./path.ts";
import { isSecretField } from "./secrets.ts";
import { addUnknown, describeUnknown, type UnknownNames } from "./unknown_names.ts";
import { allowedBy, isAllowed, refusal, shortOf } from "./value_check.ts";

export interface Finding {
  /** `unknown-name`: the platform lets it pass. `perhaps-missing`: it hangs on what is not known here. */
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
  const names: UnknownNames = { unknownKeys: new Map(), marks: [] };
  const walk: CheckContext = { form, inputs, asked, path: [], rows: [], findings: new Set(), names };
  walkFields(form.fields, inputs, true, walk);
  const unknown = describeUnknown(names, form).map((name): Finding => ({ type: "unknown-name", ...name }));
  return [...walk.findings, ...unknown];
}

/** `path` and `rows` are where the walk is now. */
interface CheckContext extends Place {
  readonly asked: ReadonlySet<string>;
  readonly path: (string | number)[];
  readonly rows: number[];
  readonly findings: Set<Finding>;
  readonly names: UnknownNames;
}

/** @param isAsked Whether the fields are shown at all; `undefined` when that is not known here. */
function walkFields(fields: Fields, given: JsonObject, isAsked: boolean | undefined, walk: CheckContext): void {
  const missing = new Map<string, Finding>();
  for (const [name, field] of fields) {
    if (field.kind === "header") continue;
    walk.path.push(name);
    const finding = walkField(field, Object.hasOwn(given, name) ? given[name] : undefined, isAsked, walk);
    if (finding !== undefined) missing.set(name, finding);
    walk.path.pop();
  }
  for (const name in given) {
    const kind = fields.get(name)?.kind;
    if (kind !== undefined && kind !== "header") continue;
    walk.path.push(name);
    if (name === "v3" || !isMeantFor(name, missing, walk)) addUnknown(walk.names, walk.path, fields);
    walk.path.pop();
  }
}

/** @returns What it found when a required value is missing. */
function walkField(
  field: Field,
  value: Json | undefined,
  isAsked: boolean | undefined,
  walk: CheckContext,
): Finding | undefined {
  const state = stateOf(field, walk);
  if (state.isIgnored === true || (value === null && state.isOptional !== false)) return undefined;
  if (field.kind === "group") {
    walkGroup(field, value, isAsked, state, walk);
    return undefined;
  }
  const isThere = isGiven(field, value, walk);
  if (!isThere || value === null) {
    const required = noneOf([not(isAsked), not(isRequired(field, state))]);
    if (!isThere || required !== false) return missingFinding(field, value, required, walk);
  }
  if (field.kind === "choice" && field.isMultiple && Array.isArray(value)) {
    walkChosen({ ...field, isMultiple: false }, value, walk);
  } else if (!isAllowed(field, value)) {
    add("wrong", refusal(field, value, { isSecret: isSecretHere(field, walk) }), walk);
  } else if (field.kind === "list" && Array.isArray(value)) {
    walkRows(field, value, isAsked, state, walk);
  } else if (field.type === "compute-resources" && typeof value === "string") {
    add("not-looked-up", "is sent as this text: the platform looks up names of compute-clusters alone", walk);
  }
  return undefined;
}

function walkGroup(
  field: GroupField,
  value: Json | undefined,
  isAsked: boolean | undefined,
  state: FieldState,
  walk: CheckContext,
): void {
  if (value === undefined) {
    if (field.default !== undefined) return;
    // Of a group that need not be there, nothing is asked for while it isn't.
    walkFields(field.fields, {}, noneOf([not(isAskedInside(isAsked, state)), state.isOptional]), walk);
  } else if (isObject(value)) {
    walkFields(field.fields, value, isAskedInside(isAsked, state), walk);
  } else {
    add("wrong", `must be ${allowedBy(field)}: got ${shortOf(value)}`, walk);
  }
}

/** @param option What each of the chosen has to be. */
function walkChosen(option: ChoiceField, chosen: readonly Json[], walk: CheckContext): void {
  for (const [index, one] of chosen.entries()) {
    if (isAllowed(option, one)) continue;
    walk.path.push(index);
    add("wrong", refusal(option, one, { isSecret: false }), walk);
    walk.path.pop();
  }
}

function walkRows(
  field: ListField,
  rows: readonly Json[],
  isAsked: boolean | undefined,
  state: FieldState,
  walk: CheckContext,
): void {
  for (const [index, row] of rows.entries()) {
    walk.path.push(index);
    walk.rows.push(index);
    if (isObject(row)) walkFields(field.fields, row, isAskedInside(isAsked, state), walk);
    else add("wrong", `must be an object: got ${shortOf(row)}`, walk);
    walk.rows.pop();
    walk.path.pop();
  }
}

function isAskedInside(isAsked: boolean | undefined, state: FieldState): boolean | undefined {
  return noneOf([not(isAsked), state.isHidden, state.isDisabled, state.isIgnored]);
}

function not(truth: boolean | undefined): boolean | undefined {
  return truth === undefined ? undefined : !truth;
}

function isSecretHere(field: Field, { asked, path }: CheckContext): boolean {
  return isSecretField(field, String(path.at(-1))) || asked.has(formatPath(path));
}

function missingFinding(
  field: Field,
  value: Json | undefined,
  required: boolean | undefined,
  walk: CheckContext,
): Finding | undefined {
  if (required === false) return undefined;
  const label = field.label === null ? "" : ` (${field.label})`;
  const got = value === undefined ? "" : `, got ${shortOf(value)}`;
  if (required === true) return add("wrong", `is required${label}: give ${allowedBy(field)}${got}`, walk);
  add("perhaps-missing", `may be required${label}: that hangs on what is not known here`, walk);
  return undefined;
}

function add(type: Finding["type"], message: string, { findings, path }: CheckContext): Finding {
  const finding: Finding = { type, path: [...path], message };
  findings.add(finding);
  return finding;
}

/** A name that was meant for a required field is one mistake, not two. */
function isMeantFor(name: string, missing: Map<string, Finding>, walk: CheckContext): boolean {
  // Any letter is one slip away from any other: that says nothing of what was meant.
  const [meant] = missing.size === 0 || name.length < 2 ? [] : nearest(name, missing.keys());
  const finding = meant === undefined ? undefined : missing.get(meant);
  if (meant === undefined || finding === undefined) return false;
  walk.findings.delete(finding);
  missing.delete(meant);
  add("wrong", `is not asked for: did you mean ${JSON.stringify(meant)}, which is required?`, walk);
  return true;
}
