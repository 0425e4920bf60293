import { CONDITIONS, fieldStateOf, type FormContext, unknownFactsOf } from "./field_state.ts";
import type { Field, FormFields } from "./form.ts";
import { isObject, joinPath } from "./path.ts";
import type { Json } from "../json.ts";

/** A condition that cannot be evaluated here. */
export interface UnknownCondition {
  readonly path: string;
  readonly condition: typeof CONDITIONS[number];
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
  const visitField = (field: Field, path: string, value: Json | undefined, inner: FormContext): void => {
    const state = fieldStateOf(field, inner);
    for (const condition of CONDITIONS) {
      if (typeof field[condition] === "boolean") continue;
      count++;
      const truth = {
        hidden: state.isHidden,
        disabled: state.isDisabled,
        ignore: state.isIgnored,
        optional: state.isOptional,
      }[condition];
      if (truth === undefined) unknown.push({ path, condition, facts: unknownFactsOf(field, condition, inner) });
    }
    if (field.kind === "group") visitFields(field.fields, path, value, inner);
    if (field.kind !== "list") return;
    for (const [index, row] of (Array.isArray(value) ? value : []).entries()) {
      visitField(field.item, joinPath(path, index), row, { ...inner, rows: [...inner.rows, index] });
    }
  };
  const visitFields = (fields: FormFields, path: string, values: Json | undefined, inner: FormContext): void => {
    for (const [name, field] of fields) {
      visitField(field, joinPath(path, name), isObject(values) ? values[name] : undefined, inner);
    }
  };
  visitFields(context.form.fields, "", context.inputs, context);
  return { count, unknown };
}
