/** The form that a workflow declares: what it asks for, in declaration order. Grammar: the platform's input types. */

import type { Json } from "../json.ts";
import type { Expression } from "./expression.ts";
import type { Path } from "./path.ts";

export interface Form {
  readonly fields: Fields;
  /** What of the declaration was not understood; the rest serves. */
  readonly notes: readonly FormNote[];
}

/** By name, in declaration order. */
export type Fields = ReadonlyMap<string, Field>;

export interface FormNote {
  /** Like `slurm.partition`; empty for the whole form. */
  readonly path: string;
  readonly message: string;
}

/** Known when the form is read, or worked out from the inputs. */
export type Condition = boolean | Expression;

interface FieldBase {
  /** The platform's word for its type. */
  readonly type: string;
  readonly label: string | null;
  readonly tooltip: string | null;
  /** What the platform takes when nothing is given; `undefined` for none. */
  readonly default: Json | undefined;
  /** A default that is worked out from other inputs. */
  readonly defaultExpression: Expression | null;
  readonly optional: Condition;
  readonly hidden: Condition;
  readonly disabled: Condition;
  /** Left out of what is sent. */
  readonly ignore: Condition;
}

/** `string`, `password`, `editor`, `color-picker` and the names that a cluster's scheduler knows. */
export interface TextField extends FieldBase {
  readonly kind: "text";
  readonly isSecret: boolean;
  readonly isMultiline: boolean;
}

/** `number` and `integer`. A `step` is the slider's, and no rule for what may be sent. */
export interface NumberField extends FieldBase {
  readonly kind: "number";
  readonly isWhole: boolean;
  readonly min: number | null;
  readonly max: number | null;
  readonly step: number | null;
}

/** The platform takes false when nothing is given. */
export interface BooleanField extends FieldBase {
  readonly kind: "boolean";
}

/** `dropdown` and `multi-dropdown`. */
export interface ChoiceField extends FieldBase {
  readonly kind: "choice";
  readonly isMultiple: boolean;
  /** Never empty; `null` where the form does not tell them. */
  readonly options: readonly Option[] | null;
}

export interface Option {
  readonly label: string;
  readonly value: string | number | boolean;
}

/** `compute-clusters`: a name, a `pw://user/name` address or an object; the platform fills in the rest. */
export interface ClusterField extends FieldBase {
  readonly kind: "cluster";
  readonly allowsWorkspace: boolean;
}

/** Any other thing of the account (`storage`, `region`, `kubernetes-pods`, …), which is sent as it is given. */
export interface ResourceField extends FieldBase {
  readonly kind: "resource";
}

export interface GroupField extends FieldBase {
  readonly kind: "group";
  readonly fields: Fields;
}

/** Rows of the same fields. */
export interface ListField extends FieldBase {
  readonly kind: "list";
  readonly fields: Fields;
}

/** Words between the fields; has no value. */
export interface HeaderField extends FieldBase {
  readonly kind: "header";
  readonly text: string;
}

/** A type that this tool does not know: any value passes, and none is asked for. */
export interface UnknownField extends FieldBase {
  readonly kind: "unknown";
}

export type Field =
  | TextField
  | NumberField
  | BooleanField
  | ChoiceField
  | ClusterField
  | ResourceField
  | GroupField
  | ListField
  | HeaderField
  | UnknownField;

/** True when the platform has a value of its own where none is given. */
export function hasDefault(field: Field): boolean {
  return field.default !== undefined || field.defaultExpression !== null || field.kind === "boolean";
}

/** The field that a path leads to; `undefined` where the form has none. */
export function fieldAt(form: Form, path: Path): Field | undefined {
  let fields: Fields | undefined = form.fields;
  let field: Field | undefined;
  for (const segment of path) {
    if (typeof segment === "number") {
      if (field?.kind !== "list") return undefined;
      continue;
    }
    field = fields?.get(segment);
    fields = field?.kind === "group" || field?.kind === "list" ? field.fields : undefined;
  }
  return field;
}
