import { type FieldKind, JSON_PROMPT } from "./kind.ts";

/** A type that this version does not know: any value is valid, and none is required. */
export const UNKNOWN: Pick<FieldKind, "read"> = {
  read({ type }, { note }) {
    note(type === "" ? "has no type, so it is not checked" : `has the unknown type ${type}, so it is not checked`);
    return { ...ANYTHING, secrecy: "by name" };
  },
};

/** Text between the fields, without a value. */
export const HEADER: FieldKind = { types: /^header$/, read: () => ({ ...ANYTHING, kind: "header" }) };

const ANYTHING = {
  allowed: "any value",
  allows: () => true,
  textType: "other",
  isRequirable: false,
  prompt: JSON_PROMPT,
  schema: () => ({}),
} as const;
