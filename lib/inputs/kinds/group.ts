import { isObject } from "../../json.ts";
import type { FieldAttributes, FormFields, GroupField } from "../form.ts";
import { isAlwaysShown, objectSchema } from "../schema.ts";
import { type FieldKind, JSON_PROMPT, USUAL } from "./kind.ts";

export const GROUP: FieldKind = {
  types: /^group$/,
  read: (attributes, entry) => groupField(attributes, entry.fields("items")),
};

export function groupField(attributes: FieldAttributes, fields: FormFields): GroupField {
  const group: GroupField = {
    ...attributes,
    ...USUAL,
    kind: "group",
    fields,
    allowed: "an object",
    allows: isObject,
    textType: "other",
    prompt: JSON_PROMPT,
    schema: (context) => objectSchema(fields, { ...context, isShown: context.isShown && isAlwaysShown(group) }),
  };
  return group;
}
