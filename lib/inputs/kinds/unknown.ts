import type { FieldAttributes, ValueField } from "../form.ts";
import { JSON_PROMPT, USUAL } from "./kind.ts";

/** A type that this version does not know: any value is valid, and none is required. */
export function unknownField(attributes: FieldAttributes): ValueField {
  return {
    ...attributes,
    ...USUAL,
    kind: "value",
    allowed: "any value",
    allows: () => true,
    textType: "other",
    isRequirable: false,
    secrecy: "by name",
    prompt: JSON_PROMPT,
    schema: () => ({}),
  };
}
