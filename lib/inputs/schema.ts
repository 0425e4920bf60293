import type { JsonObject } from "../json.ts";
import {
  type ChoiceField,
  type ClusterField,
  type Field,
  type Form,
  type FormFields,
  hasDefault,
  type NumberField,
} from "./form.ts";
import { isSecretField, secretsInDefault } from "./secrets.ts";
import { CLUSTER_MEMBERS, CLUSTER_NAME, WORKSPACE_NAMES } from "./value_check.ts";

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
    ...objectSchema(form.fields, { isInRow: false, isShown: true }),
  };
}

interface SchemaContext {
  /** In the row of a list, where an empty text is a value. */
  readonly isInRow: boolean;
  /** False inside a group or list that is or may be hidden. */
  readonly isShown: boolean;
}

function objectSchema(fields: FormFields, context: SchemaContext): JsonObject {
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
  if (field.kind === "group") return [...field.fields.values()].some((inner) => isRequired(inner, context));
  return field.kind !== "header" && field.kind !== "unknown";
}

function isAlwaysShown({ hidden, disabled, ignore }: Field): boolean {
  return hidden === false && disabled === false && ignore === false;
}

function fieldSchema(name: string, field: Field, context: SchemaContext): JsonObject {
  const annotations: JsonObject = {
    ...(field.label === null ? {} : { title: field.label }),
    ...(field.tooltip === null ? {} : { description: field.tooltip }),
  };
  if (field.ignore === true) return annotations;
  if (isSecretField(field, name)) annotations["writeOnly"] = true;
  else if (field.default !== undefined && secretsInDefault(name, field).length === 0) {
    annotations["default"] = field.default;
  }
  const value = valueSchema(field, context);
  const alternatives: JsonObject[] = [];
  const isEmptyAccepted = !context.isInRow && field.kind !== "group" && !isRequired(field, context);
  if (isEmptyAccepted && field.kind !== "text" && field.kind !== "unknown") alternatives.push({ const: "" });
  if (field.optional !== false) alternatives.push({ type: "null" });
  return alternatives.length === 0 ? { ...annotations, ...value } : { ...annotations, anyOf: [value, ...alternatives] };
}

function valueSchema(field: Field, context: SchemaContext): JsonObject {
  switch (field.kind) {
    case "text":
      return isEmptyMissing(field, context) ? { type: "string", minLength: 1 } : { type: "string" };
    case "number":
      return numberSchema(field);
    case "boolean":
      return { type: "boolean" };
    case "choice":
      if (field.isMultiple) return { type: "array", items: optionSchema(field) };
      return isEmptyMissing(field, context) ? { minLength: 1, ...optionSchema(field) } : optionSchema(field);
    case "cluster":
      return clusterSchema(field);
    case "resource":
      return { anyOf: [{ type: "string", minLength: 1 }, { type: ["object", "array"] }] };
    case "group":
      return objectSchema(field.fields, { ...context, isShown: context.isShown && isAlwaysShown(field) });
    case "list":
      return {
        type: "array",
        items: objectSchema(field.fields, { isInRow: true, isShown: context.isShown && isAlwaysShown(field) }),
      };
    case "header":
    case "unknown":
      return {};
  }
}

/** Outside of rows, the platform treats an empty text as missing, unless it is one of the options. */
function isEmptyMissing(field: Field, context: SchemaContext): boolean {
  if (context.isInRow || !isRequired(field, context)) return false;
  return field.kind !== "choice" || field.options === null;
}

function numberSchema({ isWhole, min, max }: NumberField): JsonObject {
  return {
    type: isWhole ? "integer" : "number",
    ...(min === null ? {} : { minimum: min }),
    ...(max === null ? {} : { maximum: max }),
  };
}

function optionSchema({ options }: ChoiceField): JsonObject {
  if (options === null) return { type: ["string", "number", "boolean"] };
  return { enum: options.map(({ value }) => value) };
}

function clusterSchema({ allowsWorkspace }: ClusterField): JsonObject {
  const name: JsonObject = { type: "string", pattern: CLUSTER_NAME.source };
  return {
    anyOf: [
      allowsWorkspace ? name : { ...name, not: { enum: [...WORKSPACE_NAMES] } },
      {
        type: "object",
        properties: Object.fromEntries(CLUSTER_MEMBERS.map((member) => [member, { type: "string" }])),
        if: { properties: { $type: { const: "computeResource" } }, required: ["$type"] },
        then: has("id"),
        else: { anyOf: [has("id"), has("name"), has("uri")] },
      },
    ],
  };
}

function has(member: string): JsonObject {
  return { properties: { [member]: { type: "string", minLength: 1 } }, required: [member] };
}
