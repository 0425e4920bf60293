import { clusterReference, findCluster, isWorkspace, WORKSPACE } from "../cluster.ts";
import { formatPath, isObject, type Json, valueInside } from "../json.ts";
import { CURRENT_ROW, evaluateExpression, type ExpressionScope, type InputReference } from "./expression.ts";
import { type Field, type FieldCondition, type FormContext, type FormFields, hasDefault, walkFields } from "./form.ts";
import { type ExpressionValue, truthOf, UNKNOWN_VALUE } from "./operators.ts";
import { isAllowed } from "./value_check.ts";

/** The attributes of a field that may be conditions. */
export const CONDITIONS = ["hidden", "disabled", "ignore", "optional"] as const;
type Condition = typeof CONDITIONS[number];

/** Which conditions of a field are true; `undefined` for one that depends on values that only the platform knows. */
export type FieldState = Readonly<Record<Condition, boolean | undefined>>;

/** Evaluates a field's conditions. */
export function fieldStateOf(field: Field, context: FormContext): FieldState {
  return {
    hidden: truthIn(field.hidden, field, context),
    disabled: truthIn(field.disabled, field, context),
    ignore: truthIn(field.ignore, field, context),
    optional: truthIn(field.optional, field, context),
  };
}

/** The names of the facts, like `org.REGION`, that a field's conditions need and only the platform knows. */
export function unknownFactsOf(field: Field, name: Condition, context: FormContext): readonly string[] {
  const facts = new Set<string>();
  const truth = truthIn(field[name], field, { ...context, onUnknown: (fact) => void facts.add(fact) });
  if (truth !== undefined) return [];
  return facts.size === 0 ? ["how the platform compares values of different types"] : [...facts];
}

/** A condition that cannot be evaluated here. */
export interface UnknownCondition {
  /** Like `slurm.partition` or `rows[0].name`. */
  readonly path: string;
  /** The attribute of the field. */
  readonly condition: "hidden" | "disabled" | "ignore" | "optional";
  /** What it depends on, like `org.REGION`. */
  readonly facts: readonly string[];
}

/** Evaluates every condition of the form; `count` is of those that are not constant. */
export function evaluateConditions(context: FormContext): {
  readonly count: number;
  readonly unknown: readonly UnknownCondition[];
} {
  const unknown: UnknownCondition[] = [];
  let count = 0;
  walkFields(context, ({ field, path, context }) => {
    for (const condition of CONDITIONS) {
      if (typeof field[condition] === "boolean") continue;
      count++;
      const facts = unknownFactsOf(field, condition, context);
      if (facts.length > 0) unknown.push({ path: formatPath(path), condition, facts });
    }
    return true;
  });
  return { count, unknown };
}

/** Whether the field needs a value; `undefined` if only the platform knows. */
export function isRequired(field: Field, state: FieldState): boolean | undefined {
  if (hasDefault(field) || !field.isRequirable) return false;
  return isNoneTrue(CONDITIONS.map((name) => state[name]));
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
  return rows.length > 0 || field.hasEmptyOption === true;
}

/** The field with the options that apply, where they depend on another input. */
export function variantOf(field: Field, context: FormContext): Field {
  if (field.variants === undefined) return field;
  const { key, fieldFor } = field.variants;
  const value = evaluateExpression(key, scopeOf(field, context));
  return value === UNKNOWN_VALUE ? field : fieldFor(value) ?? field;
}

/** The default of a field, also one that is computed from the inputs; `undefined` for none or an unknown one. */
export function defaultIn(field: Field, context: FormContext): Json | undefined {
  if (field.defaultExpression === null) return field.default;
  const value = evaluateExpression(field.defaultExpression, scopeOf(field, context));
  return value === UNKNOWN_VALUE ? undefined : value;
}

/** Conditions and defaults may refer to each other, even cyclically. */
const MAX_DEPTH = 20;

interface EvaluationContext extends FormContext, Pick<ExpressionScope, "onUnknown"> {
  /** How many evaluations it is inside of; by default none. */
  readonly depth?: number;
}

function truthIn(condition: FieldCondition, field: Field, context: EvaluationContext): boolean | undefined {
  if (typeof condition === "boolean") return condition;
  return truthOf(evaluateExpression(condition, scopeOf(field, inside(context))));
}

function inside(context: EvaluationContext): EvaluationContext {
  return { ...context, depth: (context.depth ?? 0) + 1 };
}

function scopeOf(field: Field, context: EvaluationContext): ExpressionScope {
  const { onUnknown, depth = 0 } = context;
  const unknown = (fact: string): ExpressionValue => {
    onUnknown?.(fact);
    return UNKNOWN_VALUE;
  };
  return {
    onUnknown,
    input(reference) {
      if (depth > MAX_DEPTH) return unknown("a condition that refers to itself");
      const value = inputAt(reference, context);
      if (value !== UNKNOWN_VALUE) return value;
      return unknown(reference.map((segment) => segment === CURRENT_ROW ? "[index]" : segment).join("."));
    },
    attribute(name) {
      if (depth > MAX_DEPTH) return unknown("a condition that refers to itself");
      const condition = CONDITIONS.find((known) => known === name);
      if (condition === undefined) return unknown(`.${name}`);
      return truthIn(field[condition], field, context) ?? UNKNOWN_VALUE;
    },
  };
}

function inputAt(reference: InputReference, context: EvaluationContext): ExpressionValue {
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
      field = field.item;
    } else {
      if (segment === CURRENT_ROW) return UNKNOWN_VALUE;
      field = fields.get(segment);
      value = valueInside(value ?? null, segment);
    }
    const rest = reference.slice(index + 1);
    if (field === undefined) return memberAt(value ?? null, rest);
    if (field.kind === "group") fields = field.fields;
    else if (field.kind !== "list") {
      const effective = effectiveValue(field, value, { ...context, rows });
      return rest.length === 0 ? effective : memberAt(factsOf(field, effective, context), rest);
    }
  }
  return value ?? field?.default ?? field?.implied ?? null;
}

/** `null` for a member that does not exist. */
function memberAt(value: ExpressionValue, reference: InputReference): ExpressionValue {
  let found = value;
  for (const segment of reference) {
    if (found === UNKNOWN_VALUE || segment === CURRENT_ROW) return UNKNOWN_VALUE;
    found = valueInside(found, Array.isArray(found) ? Number(segment) : segment) ?? null;
  }
  return found;
}

/** The members that conditions can read: of a cluster, also those that the platform adds to its name or id. */
function factsOf(field: Field, value: ExpressionValue, { clusters }: FormContext): ExpressionValue {
  if (value === null && clusters === null) return UNKNOWN_VALUE;
  if (field.kind !== "cluster" || value === null || value === UNKNOWN_VALUE) return value;
  if (isObject(value) && value["$type"] === undefined) return value;
  if (field.allowsWorkspace && isWorkspace(value)) return { ...WORKSPACE };
  const cluster = clusters === null ? undefined : findCluster(clusters, value);
  if (cluster === undefined) return isObject(value) ? value : UNKNOWN_VALUE;
  return isObject(value) ? { ...clusterReference(cluster), ...value } : clusterReference(cluster);
}

/** The value that the platform uses for a field; unknown if the supplied one is invalid. */
function effectiveValue(field: Field, value: Json | undefined, context: EvaluationContext): ExpressionValue {
  // Unknown, because consequences of an invalid value are not worth reporting.
  if (hasValue(field, value, context) && value !== null) return isAllowed(field, value) ? value : UNKNOWN_VALUE;
  // What is ignored is not sent, its default neither.
  const isIgnored = field.ignore !== false && truthIn(field.ignore, field, inside(context));
  if (isIgnored === true) return null;
  if (field.default !== undefined) return field.default;
  if (field.defaultExpression === null) return field.implied;
  return evaluateExpression(field.defaultExpression, scopeOf(field, inside(context)));
}
