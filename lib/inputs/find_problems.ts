import { didYouMean, nearest } from "../did_you_mean.ts";
import { formatPath, type InputPath, isObject, type Json, type JsonObject, valueInside } from "../json.ts";
import { findCluster, isUsableCluster, isWorkspace } from "../cluster.ts";
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
  type ClusterField,
  type Field,
  fieldAt,
  type Form,
  type FormContext,
  type FormFields,
  type ListField,
} from "./form.ts";
import { isSecretField } from "./secrets.ts";
import { describeUnknown, type UnknownName } from "./unknown_names.ts";
import { describeInvalid, describeValue, isAllowed } from "./value_check.ts";

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

/** Members of payloads that the web form once recorded: the platform accepts and ignores them. */
const LEGACY_NAMES: ReadonlySet<string> = new Set(["v3", "__config__"]);

/** @returns The problem if a required value is missing. */
function checkField(
  declared: Field,
  value: Json | undefined,
  isShown: boolean | undefined,
  context: CheckContext,
): FieldProblem | undefined {
  const field = variantOf(declared, context);
  const state = fieldStateOf(field, context);
  if (state.isIgnored === true) addUnknownInside(field, value, context);
  if (state.isIgnored === true || (value === null && state.isOptional !== false)) return undefined;
  if (field.kind === "group") {
    const isInsideShown = isShownInside(isShown, state);
    if (isObject(value)) checkFields(field.fields, value, isInsideShown, context);
    else if (value !== undefined) add("invalid", `must be ${field.allowed}: got ${describeValue(value)}`, context);
    else if (field.default === undefined) {
      // The fields of an optional group are required only if the group is present.
      checkFields(field.fields, {}, isNoneTrue([not(isInsideShown), state.isOptional]), context);
    }
    return undefined;
  }
  const isPresent = hasValue(field, value, context);
  if (!isPresent || value === null) {
    const required = isNoneTrue([not(isShown), not(isRequired(field, state))]);
    if (!isPresent || required !== false) return addMissing(field, value, required, context);
  }
  if (!isAllowed(field, value)) {
    const isChoiceOfSeveral = field.prompt.type === "choice" && field.prompt.isMultiple;
    if (isChoiceOfSeveral && Array.isArray(value)) checkChoices(field, value, context);
    else {
      const { path, secretPaths } = context;
      const isSecret = isSecretField(field, String(path.at(-1))) || secretPaths.has(formatPath(path));
      add("invalid", describeInvalid(field, value, { isSecret }), context);
    }
  } else if (field.kind === "list" && Array.isArray(value)) {
    checkRows(field, value, isShownInside(isShown, state), context);
  } else if (field.kind === "cluster") {
    checkCluster(field, value, context);
  } else if (field.type === "compute-resources" && typeof value === "string") {
    add("warning", "is sent as text: the platform resolves names only for compute-clusters", context);
  }
  return undefined;
}

/** The platform ignores these values, so they are not checked; a name that the form does not have is a mistake here too. */
function addUnknownInside(field: Field, value: Json | undefined, context: CheckContext): void {
  if (field.kind === "list" && Array.isArray(value)) {
    for (const [index, row] of value.entries()) {
      context.path.push(index);
      addUnknownInside(field.item, row, context);
      context.path.pop();
    }
  }
  if (field.kind !== "group" || !isObject(value)) return;
  for (const name in value) {
    const inner = field.fields.get(name);
    context.path.push(name);
    if (inner !== undefined && inner.kind !== "header") addUnknownInside(inner, value[name], context);
    else if (!LEGACY_NAMES.has(name)) context.names.push({ path: [...context.path], siblings: field.fields });
    context.path.pop();
  }
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

/** Only the platform knows whether it accepts a cluster that is not listed, or one that its web form does not offer. */
function checkCluster(field: ClusterField, value: Json, context: CheckContext): void {
  const { clusters } = context;
  if (clusters === null || isWorkspace(value)) return;
  const cluster = findCluster(clusters, value);
  if (cluster === undefined) {
    if (clusters.length === 0 || typeof value !== "string") return;
    const near = didYouMean(value, clusters.map(({ name }) => name));
    const advice = near === undefined ? clusterNames(field, context) : `: ${near.replace(/^D/, "d")}`;
    add("warning", `no cluster ${JSON.stringify(value)}${advice}`, context);
  } else if (field.providers !== null && !isUsableCluster({ ...cluster, status: "active" }, field.providers)) {
    const type = cluster.type ?? cluster.csp ?? "unknown";
    add("warning", `is of type ${type}: the form offers only ${field.providers.join(", ")}`, context);
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
  return isNoneTrue([not(isShown), state.isHidden, state.isDisabled, state.isIgnored]);
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
    const choices = field.kind === "cluster" ? clusterNames(field, context) : "";
    return add("missing", `is required${label}: give ${field.allowed}${got}${choices}`, context);
  }
  add(
    "maybe-missing",
    `may be required${label}: depends on ${unknownFacts(context).join(", ")}, not known here`,
    context,
  );
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

const MAX_CLUSTERS = 10;

function clusterNames({ providers }: ClusterField, { clusters }: CheckContext): string {
  if (clusters === null) return "";
  const names = clusters.filter((cluster) => isUsableCluster(cluster, providers)).map(({ name }) => name);
  if (names.length === 0) return "; none of your clusters is active and fits";
  const rest = names.length > MAX_CLUSTERS ? `, … (${names.length} in all)` : "";
  return `; active clusters that fit: ${names.slice(0, MAX_CLUSTERS).join(", ")}${rest}`;
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
