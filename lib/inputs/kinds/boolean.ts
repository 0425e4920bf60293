import type { FieldKind } from "./kind.ts";

/** The platform uses false for a missing value. */
export const BOOLEAN: FieldKind = {
  types: /^boolean$/,
  read: (attributes) => ({
    default: attributes.default ?? (attributes.defaultExpression === null ? false : undefined),
    allowed: "true or false",
    allows: (value) => typeof value === "boolean",
    textType: "boolean",
    implied: false,
    sample: false,
    prompt: { type: "confirm" },
    schema: () => ({ type: "boolean" }),
  }),
};
