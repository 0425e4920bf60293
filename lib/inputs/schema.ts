/**
 * The form as a JSON Schema of the 2020-12 dialect, for editors. It holds inputs to what a strict check holds them to;
 * where a condition has to be worked out, it asks for nothing.
 */

import type { JsonObject } from "../json.ts";
import {
  type ChoiceField,
  type ClusterField,
  type Field,
  type Fields,
  type Form,
  hasDefault,
  type NumberField,
} from "./form.ts";
import { isSecretField, secretsInDefault } from "./secrets.ts";
import { CLUSTER_MEMBERS, CLUSTER_NAME, WORKSPACE_NAMES } from "./value_check.ts";

/** @param title The workflow's name. */
export function schemaOf(form: Form, title: string): JsonObject {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title,
    ...objectSchema(form.fields, { isInRow: false, isAsked: true }),
  };
}

interface Around {
  /** In a list's row, where an empty text is a value. */
  readonly isInRow: boolean;
  /** False in what is hidden. */
  readonly isAsked: boolean;
}

function objectSchema(fields: Fields, around: Around): JsonObject {
  const known = [...fields].filter(([, field]) => field.kind !== "header");
  const required = known.filter(([, field]) => isRequired(field, around)).map(([name]) => name);
  return {
    type: "object",
    properties: Object.fromEntries(known.map(([name, field]) => [name, fieldSchema(name, field, around)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/** A group has to be there when something in it has to. */
function isRequired(field: Field, around: Around): boolean {
  if (!around.isAsked || !isPlain(field) || field.optional !== false || hasDefault(field)) return false;
  if (field.kind === "group") return [...field.fields.values()].some((inner) => isRequired(inner, around));
  return field.kind !== "header" && field.kind !== "unknown";
}

/** Shown, whatever the inputs are. */
function isPlain({ hidden, disabled, ignore }: Field): boolean {
  return hidden === false && disabled === false && ignore === false;
}

function fieldSchema(name: string, field: Field, around: Around): JsonObject {
  const about: JsonObject = {
    ...(field.label === null ? {} : { title: field.label }),
    ...(field.tooltip === null ? {} : { description: field.tooltip }),
  };
  if (field.ignore === true) return about;
  if (isSecretField(field, name)) about["writeOnly"] = true;
  else if (field.default !== undefined && secretsInDefault(name, field).length === 0) about["default"] = field.default;
  const value = valueSchema(field, around);
  const also: JsonObject[] = [];
  const isEmptyNothing = !around.isInRow && field.kind !== "group" && !isRequired(field, around);
  if (isEmptyNothing && field.kind !== "text" && field.kind !== "unknown") also.push({ const: "" });
  if (field.optional !== false) also.push({ type: "null" });
  return also.length === 0 ? { ...about, ...value } : { ...about, anyOf: [value, ...also] };
}

function valueSchema(field: Field, around: Around): JsonObject {
  switch (field.kind) {
    case "text":
      return isEmptyMissing(field, around) ? { type: "string", minLength: 1 } : { type: "string" };
    case "number":
      return numberSchema(field);
    case "boolean":
      return { type: "boolean" };
    case "choice":
      if (field.isMultiple) return { type: "array", items: optionSchema(field) };
      return isEmptyMissing(field, around) ? { minLength: 1, ...optionSchema(field) } : optionSchema(field);
    case "cluster":
      return clusterSchema(field);
    case "resource":
      return { anyOf: [{ type: "string", minLength: 1 }, { type: ["object", "array"] }] };
    case "group":
      return objectSchema(field.fields, { ...around, isAsked: around.isAsked && isPlain(field) });
    case "list":
      return {
        type: "array",
        items: objectSchema(field.fields, { isInRow: true, isAsked: around.isAsked && isPlain(field) }),
      };
    case "header":
    case "unknown":
      return {};
  }
}

/** Outside of rows the platform takes an empty text for nothing, unless it is one of the options. */
function isEmptyMissing(field: Field, around: Around): boolean {
  if (around.isInRow || !isRequired(field, around)) return false;
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
