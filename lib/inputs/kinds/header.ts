import type { FieldKind } from "./kind.ts";
import { unknownField } from "./unknown.ts";

/** Text between the fields, without a value. */
export const HEADER: FieldKind = {
  types: /^header$/,
  read: (attributes) => ({ ...unknownField(attributes), kind: "header", secrecy: "never" }),
};
