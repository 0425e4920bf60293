/** Visits the fields of a form together with the inputs: to add defaults, or to evaluate conditions. */

import type { Cluster } from "../cluster.ts";
import { formatPath, type InputPath, isObject, type Json, valueInside } from "../json.ts";
import { CONDITIONS, fieldStateOf, type FormContext, unknownFactsOf } from "./field_state.ts";
import type { Field, Form, FormFields } from "./form.ts";
import { type InputLayer, ownCopies, type ResolvedInputs, setAt } from "./merge.ts";
import { secretsInDefault } from "./secrets.ts";

/** A field of the form, or of a row, with its value. */
interface VisitedField {
  readonly field: Field;
  readonly path: InputPath;
  readonly value: Json | undefined;
  /** With the rows around the field. */
  readonly context: FormContext;
}

/**
 * Visits every field of the form, and of each row that the inputs have, in the order of the form.
 *
 * @param enter Returns false to skip what is inside the field.
 * @param leave Called after what is inside the field.
 */
export function walkFields(
  context: FormContext,
  enter: (visited: VisitedField) => boolean,
  leave?: (visited: VisitedField) => void,
): void {
  const visit = (field: Field, path: InputPath, value: Json | undefined, inner: FormContext): void => {
    const visited = { field, path, value, context: inner };
    if (!enter(visited)) return;
    if (field.kind === "group") visitAll(field.fields, path, value, inner);
    if (field.kind === "list" && Array.isArray(value)) {
      for (const [index, row] of value.entries()) {
        visit(field.item, [...path, index], row, { ...inner, rows: [...inner.rows, index] });
      }
    }
    leave?.(visited);
  };
  const visitAll = (fields: FormFields, path: InputPath, values: Json | undefined, inner: FormContext): void => {
    for (const [name, field] of fields) {
      visit(field, [...path, name], valueInside(values ?? null, name), inner);
    }
  };
  visitAll(context.form.fields, [], context.inputs, context);
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

/**
 * Adds the literal default of every field that is sent and has no value, as the web form does: the platform evaluates
 * conditions with what was sent, so a field that is hidden by a default would be missing. Not added are secrets, and
 * anything inside an optional group that was not given, which would make its other fields required.
 */
export function withDefaults(
  resolved: ResolvedInputs,
  form: Form,
  { clusters }: { readonly clusters: readonly Cluster[] | null },
): ResolvedInputs {
  const added: Pick<InputLayer, "path" | "value">[] = [];
  walkFields({ form, inputs: resolved.value, rows: [], clusters }, ({ field, path, value, context }) => {
    if (field.kind === "group" && field.default === undefined) {
      if (value !== undefined && !isObject(value)) return false;
      const { isIgnored, isOptional } = fieldStateOf(field, context);
      return isIgnored === false && (value !== undefined || isOptional === false);
    }
    if (field.kind === "list" && Array.isArray(value)) return fieldStateOf(field, context).isIgnored === false;
    if (value !== undefined || field.default === undefined || field.kind === "header") return false;
    const isSecret = secretsInDefault(String(path.at(-1)), field).length > 0;
    if (fieldStateOf(field, context).isIgnored === false && !isSecret) {
      added.push({ path, value: field.default });
    }
    return false;
  });
  if (added.length === 0) return resolved;
  const context = { own: ownCopies(), report: () => {} };
  const value = added.reduce((filled, one) => setAt(filled, one, context), resolved.value);
  return { ...resolved, value, defaultPaths: new Set(added.map(({ path }) => formatPath(path))) };
}
