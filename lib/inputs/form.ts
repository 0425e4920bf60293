import type { Cluster } from "../cluster.ts";
import { type InputPath, type Json, type JsonObject, valueInside } from "../json.ts";
import type { Expression } from "./expression.ts";
import type { Problem } from "../problem.ts";

/** The input form that a workflow declares, with the platform's input types. */
export interface Form {
  readonly fields: FormFields;
  /** What was ignored because it could not be interpreted. */
  readonly notes: readonly FormNote[];
}

/** By name, in declaration order. */
export type FormFields = ReadonlyMap<string, Field>;

/** Its path is that of a field; empty for the form itself. */
export type FormNote = Pick<Problem, "path" | "message">;

/** Constant, or evaluated with the inputs. */
export type FieldCondition = boolean | Expression;

/** What every entry of a form may declare. */
export interface FieldAttributes {
  /** The platform's name of the type. */
  readonly type: string;
  readonly label: string | null;
  readonly tooltip: string | null;
  /** An example that the web form shows while the field is empty. */
  readonly placeholder: string | null;
  /** True if the web form starts with the default as editable text. */
  readonly prefillsDefault: boolean;
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

/** How the text of `=value` is parsed. */
export type DeclaredType = "text" | "number" | "boolean" | "other";

/** With what the kind of a field decides: see `kinds/`. */
interface FieldBase<Kind extends string> extends FieldAttributes {
  readonly kind: Kind;
  /** A noun phrase for the allowed values, like `a whole number from 1 to 8`. */
  readonly allowed: string;
  /** True for a value of the field's type, within its options or bounds. Does not check the rows of a list. */
  allows(value: Json): boolean;
  /** What to give instead of a value that is not allowed; `undefined` if nothing is similar. */
  hintFor?(value: Json): string | undefined;
  /** How `-i name=text` is read. */
  readonly textType: DeclaredType;
  /** What conditions read when there is neither a value nor a default. */
  readonly implied: Json;
  /** True if `""` is one of the options: elsewhere the platform treats it as missing. */
  readonly hasEmptyOption?: boolean;
  /** False if any value is valid and none is required. */
  readonly isRequirable: boolean;
  readonly secrecy: "always" | "by name" | "never";
  /** Shows the format of an optional value in a file to fill in. */
  readonly sample: Json;
  readonly prompt: FieldPrompt;
  /** The JSON Schema of a value. */
  schema(context: SchemaContext): JsonObject;
  /** For options that depend on another input. */
  readonly variants?: FieldVariants;
}

export interface FieldVariants {
  readonly key: Expression;
  /** The field for a value of `key`; `undefined` if the form declares none. */
  fieldFor(key: Json): Field | undefined;
}

export interface SchemaContext {
  /** In the row of a list, where an empty text is a value. */
  readonly isInRow: boolean;
  /** False inside a group or list that is or may be hidden. */
  readonly isShown: boolean;
  /** True for a field that is required outside of rows. */
  readonly refusesEmpty: boolean;
}

/** How interactive mode asks for a value. */
export type FieldPrompt =
  | { readonly type: "text"; readonly isMultiline: boolean; readonly format: "text" | "number" | "json" }
  | { readonly type: "confirm" }
  | { readonly type: "choice"; readonly isMultiple: boolean; readonly options: readonly ChoiceOption[] }
  | { readonly type: "cluster" };

export interface ChoiceOption {
  readonly label: string;
  readonly value: string | number | boolean;
}

/** A field without fields inside it. */
export type ValueField = FieldBase<"value">;

/** `compute-clusters`: a name, a `pw://user/name` address or an object; the platform adds the other members. */
export interface ClusterField extends FieldBase<"cluster"> {
  readonly allowsWorkspace: boolean;
  /** True if the web form selects a cluster by itself. */
  readonly isAutoselected: boolean;
  /** The only types of clusters that fit; `null` for any. */
  readonly providers: readonly string[] | null;
}

export interface GroupField extends FieldBase<"group"> {
  readonly fields: FormFields;
}

/** Rows that are all described by one field: a group, or a single value. */
export interface ListField extends FieldBase<"list"> {
  readonly item: Field;
  readonly min: number | null;
  readonly max: number | null;
}

/** Text between the fields, without a value. */
export type HeaderField = FieldBase<"header">;

export type Field = ValueField | ClusterField | GroupField | ListField | HeaderField;

/** True if the platform supplies a missing value. */
export function hasDefault(field: Field): boolean {
  return field.default !== undefined || field.defaultExpression !== null;
}

/** False also where a condition depends on other values. */
export function isAlwaysShown({ hidden, disabled, ignore }: FieldAttributes): boolean {
  return hidden === false && disabled === false && ignore === false;
}

/** The fields of a group, or of the rows of a list; `undefined` for any other field. */
export function fieldsInside(field: Field | undefined): FormFields | undefined {
  if (field?.kind === "list") return fieldsInside(field.item);
  return field?.kind === "group" ? field.fields : undefined;
}

/** The field at a path; `undefined` if the form has none there. */
export function fieldAt(form: Form, path: InputPath): Field | undefined {
  let fields: FormFields | undefined = form.fields;
  let field: Field | undefined;
  for (const segment of path) {
    if (typeof segment === "string") field = fields?.get(segment);
    else field = field?.kind === "list" ? field.item : undefined;
    fields = field?.kind === "group" ? field.fields : undefined;
  }
  return field;
}

/** Determines how `-i name=text` is parsed: by the type that the form declares for the path. */
export function declaredTypes(form: Form | null): (path: InputPath) => DeclaredType | undefined {
  return (path) => form === null ? undefined : fieldAt(form, path)?.textType;
}

export function hasClusterFields(form: Form): boolean {
  return allFields(form.fields.values()).some(({ kind }) => kind === "cluster");
}

/** Also those inside groups and lists. */
export function allFields(fields: Iterable<Field>): readonly Field[] {
  return [...fields].flatMap((field) => {
    const inner = field.kind === "list" ? [field.item] : field.kind === "group" ? field.fields.values() : [];
    return [field, ...allFields(inner)];
  });
}

/** What a field's conditions are evaluated with. */
export interface FormContext {
  readonly form: Form;
  /** All inputs. */
  readonly inputs: JsonObject;
  /** Row index in each list around the field, outermost first. */
  readonly rows: readonly number[];
  /** The account's clusters, for the facts of one given by name; `null` if they are unknown. */
  readonly clusters: readonly Cluster[] | null;
}

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
