import type { Json } from "../json.ts";
import type { FormContext } from "./field_state.ts";
import type { Field, FormFields } from "./form.ts";
import { type InputPath, valueInside } from "./path.ts";

/** A field of the form, or of a row, with its value. */
export interface VisitedField {
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
