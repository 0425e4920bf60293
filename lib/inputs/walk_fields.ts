import type { Json } from "../json.ts";
import { CONDITIONS, type FormContext, unknownFactsOf } from "./field_state.ts";
import type { Field, FormFields } from "./form.ts";
import { formatPath, type InputPath, valueInside } from "./path.ts";

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
 */
export function walkFields(context: FormContext, enter: (visited: VisitedField) => boolean): void {
  const visit = (field: Field, path: InputPath, value: Json | undefined, inner: FormContext): void => {
    if (!enter({ field, path, value, context: inner })) return;
    if (field.kind === "group") visitAll(field.fields, path, value, inner);
    if (field.kind !== "list" || !Array.isArray(value)) return;
    for (const [index, row] of value.entries()) {
      visit(field.item, [...path, index], row, { ...inner, rows: [...inner.rows, index] });
    }
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
