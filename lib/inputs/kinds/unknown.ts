import type { FieldAttributes, ValueField } from "../form.ts";

/** A type that this version does not know: any value is valid, and none is required. */
export function unknownField(attributes: FieldAttributes): ValueField {
  return {
    ...attributes,
    kind: "value",
    allowed: "any value",
    allows: () => true,
    textType: "other",
    implied: null,
    isRequirable: false,
    secrecy: "by name",
    sample: null,
    prompt: { type: "text", isMultiline: false, format: "json" },
    schema: () => ({}),
  };
}
