import type { Json } from "../json.ts";
import type { Expression } from "./expression.ts";
import type { InputPath } from "./path.ts";

/** The input form that a workflow declares, with the platform's input types. */
export interface Form {
  readonly fields: FormFields;
  /** What was ignored because it could not be interpreted. */
  readonly notes: readonly FormNote[];
}

/** By name, in declaration order. */
export type FormFields = ReadonlyMap<string, Field>;

export interface FormNote {
  /** Like `slurm.partition`; empty for the form itself. */
  readonly path: string;
  readonly message: string;
}

/** Constant, or evaluated with the inputs. */
export type FieldCondition = boolean | Expression;

interface FieldBase {
  /** The platform's name of the type. */
  readonly type: string;
  readonly label: string | null;
  readonly tooltip: string | null;
  /** The value that the platform uses for a missing one; `undefined` for none. */
  readonly default: Json | undefined;
  /** A default that is computed from other inputs. */
  readonly defaultExpression: Expression | null;
  readonly optional: FieldCondition;
  readonly hidden: FieldCondition;
  readonly disabled: FieldCondition;
  /** If true, the field is not sent. */
  readonly ignore: FieldCondition;
}

/** `string`, `password`, `editor`, `color-picker`, and names defined by a cluster's scheduler. */
export interface TextField extends FieldBase {
  readonly kind: "text";
  readonly isSecret: boolean;
  readonly isMultiline: boolean;
}

/** `number` and `integer`. `step` is for the slider only: other values are valid, too. */
export interface NumberField extends FieldBase {
  readonly kind: "number";
  readonly isWhole: boolean;
  readonly min: number | null;
  readonly max: number | null;
  readonly step: number | null;
}

/** The platform uses false for a missing value. */
export interface BooleanField extends FieldBase {
  readonly kind: "boolean";
}

/** `dropdown` and `multi-dropdown`. */
export interface ChoiceField extends FieldBase {
  readonly kind: "choice";
  readonly isMultiple: boolean;
  /** Never empty; `null` if the form does not list them. */
  readonly options: readonly ChoiceOption[] | null;
}

export interface ChoiceOption {
  readonly label: string;
  readonly value: string | number | boolean;
}

/** `compute-clusters`: a name, a `pw://user/name` address or an object; the platform adds the other members. */
export interface ClusterField extends FieldBase {
  readonly kind: "cluster";
  readonly allowsWorkspace: boolean;
}

/** Any other resource of the account (`storage`, `region`, `kubernetes-pods`, …), which is sent unchanged. */
export interface ResourceField extends FieldBase {
  readonly kind: "resource";
}

export interface GroupField extends FieldBase {
  readonly kind: "group";
  readonly fields: FormFields;
}

/** Rows that all have the same fields. */
export interface ListField extends FieldBase {
  readonly kind: "list";
  readonly fields: FormFields;
}

/** Text between the fields, without a value. */
export interface HeaderField extends FieldBase {
  readonly kind: "header";
  readonly text: string;
}

/** A type that this version does not know: any value is valid, and none is required. */
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

/** True if the platform supplies a missing value. */
export function hasDefault(field: Field): boolean {
  return field.default !== undefined || field.defaultExpression !== null || field.kind === "boolean";
}

/** The field at a path; `undefined` if the form has none there. */
export function fieldAt(form: Form, path: InputPath): Field | undefined {
  let fields: FormFields | undefined = form.fields;
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
