import { nearest } from "../did_you_mean.ts";
import { formatPath, type InputPath, isObject, type Json, type JsonObject, valueInside, valuesIn } from "../json.ts";
import { firstOfKinds, type Problem } from "../problem.ts";
import { clusterWarning, describeUsable } from "./clusters.ts";
import {
  CONDITIONS,
  type FieldState,
  fieldStateOf,
  hasValue,
  isNoneTrue,
  isRequired,
  unknownFactsOf,
  variantOf,
} from "./field_state.ts";
import {
  type Field,
  fieldAt,
  type Form,
  type FormContext,
  type FormFields,
  hasDefault,
  type ListField,
} from "./form.ts";
import type { ResolvedInputs } from "./merge.ts";
import { isSecretAt } from "./secrets.ts";
import { withOrigin } from "./sources.ts";
import { describeUnknown, LEGACY_NAMES, type UnknownName } from "./unknown_names.ts";
import { describeInvalid, describeValue, isAllowed } from "./value_check.ts";

export interface CheckedInputs {
  /** What would fail, or have an unexpected effect; of one kind, the first ten and a last one with the number of others. */
  readonly problems: readonly Problem[];
  /** With those that `problems` only counts. */
  readonly problemCount: number;
  /** The required fields without a value, if there are no other problems: asking for them is enough. */
  readonly missing: readonly InputPath[];
  /** What the platform accepts, and what cannot be decided here; shortened like `problems`. */
  readonly warnings: readonly Problem[];
}

/**
 * Finds all problems, each with the origin of its value.
 *
 * @param form Without a form, only numbers that cannot be sent are problems.
 * @param options.isStrict Reports unknown fields as problems instead of warnings.
 */
export function checkInputs(
  form: Form | null,
  resolved: ResolvedInputs,
  { isStrict, clusters }: { readonly isStrict: boolean } & Pick<FormContext, "clusters">,
): CheckedInputs {
  const inexact = inexactIn(resolved.value).map((path): FieldProblem => ({ type: "invalid", path, message: INEXACT }));
  const found = inexact.length > 0 || form === null
    ? inexact
    : findProblems(form, resolved.value, { secretPaths: new Set(resolved.secretPaths), clusters });
  const isProblem = ({ type }: FieldProblem) =>
    type === "invalid" || type === "missing" || (type === "unknown" && isStrict);
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  for (const fieldProblem of shortened(found)) {
    (isProblem(fieldProblem) ? problems : warnings).push(withOrigin(fieldProblem, resolved));
  }
  const all = found.filter(isProblem);
  const missing = all.every(({ type }) => type === "missing") ? all.map(({ path }) => path) : [];
  return { problems, warnings, missing, problemCount: all.length };
}

/** The problems and warnings of {@link checkInputs} about the values that there are, and not about those that are missing. */
export function checkGivenInputs(
  form: Form,
  resolved: ResolvedInputs,
  { clusters }: Pick<FormContext, "clusters">,
): readonly Problem[] {
  const found = findProblems(form, resolved.value, { secretPaths: new Set(resolved.secretPaths), clusters });
  const given = found.filter(({ type }) => type !== "missing" && type !== "maybe-missing");
  return shortened(given).map((problem) => withOrigin(problem, resolved));
}

const INEXACT = "cannot be sent exactly as a number: give it as text";

/** Those of a file with a hundred thousand wrong names add nothing new. */
function shortened(found: readonly FieldProblem[]): FieldProblem[] {
  return firstOfKinds(found, kindOf, ({ type, path }, count): FieldProblem => {
    const message = `and ${count} more`;
    return type === "unknown"
      ? { type, path: [], message: `${message} unknown fields` }
      : { type, path: path.slice(0, path.findIndex((segment) => typeof segment === "number")), message };
  });
}

/** Unknown fields are of one kind; so are other problems of the same field in the rows of a list. */
function kindOf({ type, path }: FieldProblem): string {
  if (type === "unknown") return type;
  return `${type} ${formatPath(path.map((segment) => typeof segment === "number" ? 0 : segment))}`;
}

/** The numbers of a server's or caller's JSON that could not be kept, which are infinite or not a number. */
function inexactIn(inputs: JsonObject): InputPath[] {
  const isInexact = (value: Json) => typeof value === "number" && !Number.isFinite(value);
  const hasAny = (value: Json): boolean =>
    typeof value === "object" && value !== null ? Object.values(value).some(hasAny) : isInexact(value);
  // There may be very many values, and their paths take longer than they do.
  return hasAny(inputs) ? [...valuesIn(inputs)].flatMap(([value, path]) => isInexact(value) ? [path] : []) : [];
}

export interface FieldProblem {
  /**
   * `missing`: required. `unknown`: the platform ignores the field.
   * `maybe-missing`: required or not, depending on values that only the platform knows. `warning`: the platform may use the
   * value in another way than meant.
   */
  readonly type: "invalid" | "missing" | "unknown" | "maybe-missing" | "warning";
  readonly path: InputPath;
  readonly message: string;
}

/** All problems, in the order of the form. */
export function findProblems(
  form: Form,
  inputs: JsonObject,
  options: Pick<CheckContext, "secretPaths" | "clusters">,
): FieldProblem[] {
  const names: UnknownName[] = [];
  const context: CheckContext = { form, inputs, ...options, path: [], rows: [], problems: new Set(), names };
  checkFields(form.fields, inputs, true, context);
  if (names.length === 0) return [...context.problems];
  const unknown = describeUnknown(names, form).map((name): FieldProblem => ({ type: "unknown", ...name }));
  return [...context.problems, ...unknown];
}

/** `path` and `rows` change while the form is traversed. */
interface CheckContext extends FormContext {
  /** Their values are secret, regardless of the form. */
  readonly secretPaths: ReadonlySet<string>;
  readonly path: (string | number)[];
  readonly rows: number[];
  readonly problems: Set<FieldProblem>;
  readonly names: UnknownName[];
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
    const problem = checkField(field, valueInside(values, name), isShown, context);
    if (problem !== undefined) missing.set(name, problem);
    context.path.pop();
  }
  for (const name in values) {
    const kind = fields.get(name)?.kind;
    if (kind !== undefined && kind !== "header") continue;
    context.path.push(name);
    const isExpected = LEGACY_NAMES.has(name) || isTypoOfRequired(name, missing, context);
    if (!isExpected) context.names.push({ path: [...context.path], siblings: fields });
    context.path.pop();
  }
}

/** @returns The problem if a required value is missing. */
function checkField(
  declared: Field,
  value: Json | undefined,
  isShown: boolean | undefined,
  context: CheckContext,
): FieldProblem | undefined {
  const field = variantOf(declared, context);
  const state = fieldStateOf(field, context);
  if (state.ignore === true) {
    // The platform ignores these values, so they are not checked; a name that the form does not have is a mistake here too.
    const inner = { ...context, problems: new Set<FieldProblem>() };
    if (field.kind === "group" && isObject(value)) checkFields(field.fields, value, false, inner);
    if (field.kind === "list" && Array.isArray(value)) checkRows(field, value, false, inner);
    return undefined;
  }
  if (value === null && state.optional !== false) return undefined;
  if (field.kind === "group") {
    const isInsideShown = isShownInside(isShown, state);
    if (isObject(value)) checkFields(field.fields, value, isInsideShown, context);
    else if (value !== undefined) add("invalid", `must be ${field.allowed}: got ${describeValue(value)}`, context);
    else if (field.default === undefined) {
      // The fields of an optional group are required only if the group is present.
      checkFields(field.fields, {}, isNoneTrue([not(isInsideShown), state.optional]), context);
    }
    return undefined;
  }
  const isPresent = hasValue(field, value, context);
  if (!isPresent || value === null) {
    const required = isNoneTrue([not(isShown), not(isRequired(field, state))]);
    // Where a condition hides a field, a file to fill in may still have null for it.
    if (!isPresent || required !== false || !hasDefault(field)) return addMissing(field, value, required, context);
  }
  if (!isAllowed(field, value)) {
    const isChoiceOfSeveral = field.prompt.type === "choice" && field.prompt.isMultiple;
    if (isChoiceOfSeveral && Array.isArray(value)) checkChoices(field, value, context);
    else {
      const { path, secretPaths } = context;
      const isSecret = isSecretAt(field, path) || secretPaths.has(formatPath(path));
      add("invalid", describeInvalid(field, value, { isSecret }), context);
    }
  } else if (field.kind === "list" && Array.isArray(value)) {
    checkRows(field, value, isShownInside(isShown, state), context);
  } else if (field.kind === "cluster") {
    const warning = clusterWarning(field, value, context.clusters);
    if (warning !== undefined) add("warning", warning, context);
  } else if (field.type === "compute-resources" && typeof value === "string") {
    add("warning", "is sent as text: the platform resolves names only for compute-clusters", context);
  } else if (typeof value === "string" && value.endsWith("\n") && value !== field.default) {
    const isOneLine = field.prompt.type === "text" && !field.prompt.isMultiline && /^.+\n$/.test(value);
    if (isOneLine) add("warning", "ends with a line break, which is sent, too", context);
  }
  return undefined;
}

/** Names the elements that are not options, instead of the whole list. */
function checkChoices(field: Field, values: readonly Json[], context: CheckContext): void {
  const allowed = field.allowed.replace(/^a list of any of/, "one of");
  for (const [index, value] of values.entries()) {
    if (field.allows([value])) continue;
    context.path.push(index);
    add("invalid", describeInvalid({ ...field, allowed }, value, { isSecret: false }), context);
    context.path.pop();
  }
}

function checkRows(field: ListField, rows: readonly Json[], isShown: boolean | undefined, context: CheckContext): void {
  const { item, min, max } = field;
  if ((min !== null && rows.length < min) || (max !== null && rows.length > max)) {
    add("invalid", `must be ${field.allowed}: got ${describeValue([...rows])}`, context);
  }
  for (const [index, row] of rows.entries()) {
    context.path.push(index);
    context.rows.push(index);
    checkField(item, row, isShown, context);
    context.rows.pop();
    context.path.pop();
  }
}

function isShownInside(isShown: boolean | undefined, state: FieldState): boolean | undefined {
  return isNoneTrue([not(isShown), state.hidden, state.disabled, state.ignore]);
}

function not(truth: boolean | undefined): boolean | undefined {
  return truth === undefined ? undefined : !truth;
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
  if (required === true) {
    const choices = field.kind === "cluster" ? describeUsable(field, context.clusters) : "";
    return add("missing", `is required${label}: give ${field.allowed}${got}${choices}`, context);
  }
  const facts = unknownFacts(context).join(", ");
  add("maybe-missing", `may be required${label}: depends on ${facts}, not known here`, context);
  return undefined;
}

/** What the conditions of the field at the path, and of the groups around it, depend on. */
function unknownFacts({ path, ...context }: CheckContext): string[] {
  const facts = path.flatMap((_, index) => {
    const here = path.slice(0, index + 1);
    const field = fieldAt(context.form, here);
    const rows = here.filter((segment) => typeof segment === "number");
    return field === undefined ? [] : CONDITIONS.flatMap((name) => unknownFactsOf(field, name, { ...context, rows }));
  });
  return [...new Set(facts)];
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
