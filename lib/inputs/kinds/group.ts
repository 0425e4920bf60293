import { isObject } from "../../json.ts";
import type { FieldAttributes, FormFields } from "../form.ts";
import { isAlwaysShown, objectSchema } from "../schema.ts";
import { type FieldKind, JSON_PROMPT, type OwnField } from "./kind.ts";

export const GROUP: FieldKind = {
  types: /^group$/,
  read: (attributes, entry) => group(attributes, entry.fields("items")),
};

export function group(attributes: FieldAttributes, fields: FormFields): OwnField {
  return {
    kind: "group",
    fields,
    allowed: "an object",
    allows: isObject,
    textType: "other",
    prompt: JSON_PROMPT,
    schema: (context) => objectSchema(fields, { ...context, isShown: context.isShown && isAlwaysShown(attributes) }),
  };
}
