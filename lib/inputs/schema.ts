import type { JsonObject } from "../json.ts";
import { type Field, type Form, type FormFields, hasDefault, isAlwaysShown, type SchemaContext } from "./form.ts";
import { isSecretField, secretsInDefault } from "./secrets.ts";
import { isAllowed } from "./value_check.ts";

/**
 * The form as a JSON Schema (2020-12), for editors. It accepts what a strict check accepts, except that a field with an
 * expression as a condition is never required.
 *
 * @param title The workflow's name.
 */
export function jsonSchemaOf(form: Form, title: string): JsonObject {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title,
    ...objectSchema(form.fields, { isInRow: false, isShown: true, refusesEmpty: false }),
  };
}

export function objectSchema(fields: FormFields, context: SchemaContext): JsonObject {
  const valueFields = [...fields].filter(([, field]) => field.kind !== "header");
  const required = valueFields.filter(([, field]) => isRequired(field, context)).map(([name]) => name);
  return {
    type: "object",
    properties: Object.fromEntries(valueFields.map(([name, field]) => [name, fieldSchema(name, field, context)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/** A group is required if one of its fields is. */
function isRequired(field: Field, context: SchemaContext): boolean {
  if (!context.isShown || !isAlwaysShown(field) || field.optional !== false || hasDefault(field)) return false;
  if (field.kind !== "group") return field.isRequirable;
  return [...field.fields.values()].some((inner) => isRequired(inner, context));
}

export function fieldSchema(name: string, field: Field, context: SchemaContext): JsonObject {
  const annotations: JsonObject = {
    ...(field.label === null ? {} : { title: field.label }),
    ...(field.tooltip === null ? {} : { description: field.tooltip }),
  };
  if (field.ignore === true) return { ...annotations, ...namesSchema(field) };
  const isDefaultPublic = field.default !== undefined && secretsInDefault(name, field).length === 0;
  if (isSecretField(field, name)) annotations["writeOnly"] = true;
  else if (field.default !== undefined && isDefaultPublic) annotations["default"] = field.default;
  const refusesEmpty = !context.isInRow && isRequired(field, context);
  const value = field.schema({ ...context, refusesEmpty });
  const alternatives: JsonObject[] = [];
  const isEmptyAccepted = !context.isInRow && field.kind !== "group" && !refusesEmpty;
  if (isEmptyAccepted && !isAllowed(field, "")) alternatives.push({ const: "" });
  if (field.default !== undefined && isDefaultPublic && !field.allows(field.default)) {
    alternatives.push({ const: field.default });
  }
  const mayBeHidden = field.kind !== "group" && !hasDefault(field) && !(context.isShown && isAlwaysShown(field));
  if (field.optional !== false || mayBeHidden) alternatives.push({ type: "null" });
  return alternatives.length === 0 ? { ...annotations, ...value } : { ...annotations, anyOf: [value, ...alternatives] };
}

/** What is ignored may have any value, but no unknown names. */
function namesSchema(field: Field): JsonObject {
  if (field.kind === "list") return { items: namesSchema(field.item) };
  if (field.kind !== "group") return {};
  const inner = [...field.fields].filter(([, { kind }]) => kind !== "header");
  return {
    properties: Object.fromEntries(inner.map(([name, field]) => [name, namesSchema(field)])),
    additionalProperties: false,
  };
}
