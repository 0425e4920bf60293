import type { Json } from "../../json.ts";
import type { Field, FieldAttributes, FormFields } from "../form.ts";

/** What most kinds have in common: also that a value may have any shape. */
const USUAL = {
  kind: "value",
  textType: "other",
  implied: null,
  isRequirable: true,
  secrecy: "never",
  sample: null,
  prompt: { type: "text", isMultiline: false, format: "json" },
} as const;

/** What a kind decides of a field: not what the entry declares, and of what is usual only what differs. */
export type OwnField = OwnPart<Field>;

type OwnPart<F extends Field> = F extends { readonly kind: "value" }
  ? Partial<F> & Omit<F, keyof FieldAttributes | keyof typeof USUAL>
  : Partial<F> & Omit<F, keyof FieldAttributes | Exclude<keyof typeof USUAL, "kind">>;

export function completeField(attributes: FieldAttributes, own: OwnField): Field {
  return { ...attributes, ...USUAL, ...own };
}

/** How one kind of field is read from a workflow file. */
export interface FieldKind {
  /** Matches the platform's names of its types. */
  readonly types: RegExp;
  read(attributes: FieldAttributes, entry: FieldEntry): OwnField;
}

/** An entry of the form, as the workflow file declares it. */
export interface FieldEntry {
  get(name: string): Json | undefined;
  text(name: string): string | null;
  number(name: string): number | null;
  /** False for an expression, which only the platform can evaluate. */
  isFalse(name: string): boolean;
  /** The fields that a member declares. */
  fields(name: string): FormFields;
  /** The field that a member declares: a group for a map of fields. */
  field(name: string): Field;
  /** Records what could not be interpreted. */
  note(message: string): void;
}
