import { isObject, type JsonObject } from "../../json.ts";
import { counted } from "../../text.ts";
import { isAlwaysShown } from "../form.ts";
import { fieldSchema, objectSchema } from "../schema.ts";
import { CHOICE } from "./choice.ts";
import { CLUSTER } from "./cluster.ts";
import type { FieldKind } from "./kind.ts";

/** `string`, `password`, `editor`, `color-picker`, and names defined by a cluster's scheduler. */
const TEXT: FieldKind = {
  types: /^(?:string|password|editor|color-picker|slurm-(?:accounts|partitions|qos))$/,
  read: (attributes, entry) => ({
    allowed: "text",
    allows: (value) => typeof value === "string",
    hintFor: (value) => typeof value === "number" || typeof value === "boolean" ? "put it in quotes" : undefined,
    textType: "text",
    implied: "",
    secrecy: attributes.type === "password" ? "always" : "by name",
    sample: "",
    prompt: {
      type: "text",
      isMultiline: attributes.type === "editor" || (attributes.type === "string" && entry.get("textarea") === true),
      format: "text",
    },
    schema: ({ refusesEmpty }) => ({ type: "string", ...(refusesEmpty ? { minLength: 1 } : {}) }),
  }),
};

/** `number` and `integer`. `step` is for the slider only: other values are valid, too. */
const NUMBER: FieldKind = {
  types: /^(?:number|integer)$/,
  read(attributes, entry) {
    const isWhole = attributes.type === "integer";
    const min = entry.number("min");
    const max = entry.number("max");
    const isInRange = (value: number) => (min === null || value >= min) && (max === null || value <= max);
    return {
      allowed: `a ${isWhole ? "whole " : ""}number${rangeOf(min, max)}`,
      allows: (value) => typeof value === "number" && isInRange(value) && (!isWhole || Number.isInteger(value)),
      textType: "number",
      prompt: { type: "text", isMultiline: false, format: "number" },
      schema: () => ({
        type: isWhole ? "integer" : "number",
        ...(min === null ? {} : { minimum: min }),
        ...(max === null ? {} : { maximum: max }),
      }),
    };
  },
};

function rangeOf(min: number | null, max: number | null): string {
  if (min !== null && max !== null) return ` from ${min} to ${max}`;
  if (min !== null) return ` of at least ${min}`;
  return max === null ? "" : ` of at most ${max}`;
}

/** The platform uses false for a missing value. */
const BOOLEAN: FieldKind = {
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

/** Any other resource of the account, which is sent unchanged. */
const RESOURCE: FieldKind = {
  types:
    /^(?:compute-resources|instance-type|region|zone|storage|bucket|storage-image|organization-groups|file|kubernetes-.*)$/,
  read: () => ({
    allowed: "a name or an object",
    allows: (value) => (typeof value === "string" && value !== "") || (typeof value === "object" && value !== null),
    textType: "text",
    schema: (): JsonObject => ({ anyOf: [{ type: "string", minLength: 1 }, { type: ["object", "array"] }] }),
  }),
};

const GROUP: FieldKind = {
  types: /^group$/,
  read(attributes, entry) {
    const fields = entry.fields("items");
    return {
      kind: "group",
      fields,
      allowed: "an object",
      allows: isObject,
      schema: (context) => objectSchema(fields, { ...context, isShown: context.isShown && isAlwaysShown(attributes) }),
    };
  },
};

const LIST: FieldKind = {
  types: /^list$/,
  read(attributes, entry) {
    const item = entry.field("template");
    const min = entry.number("min");
    const max = entry.number("max");
    return {
      kind: "list",
      item,
      min,
      max,
      allowed: `a list of ${
        item.kind === "group" ? amountOf("row", min, max) : `${amountOf("item", min, max)}, each ${item.allowed}`
      }`,
      allows: Array.isArray,
      // Of single values: a group has fields of its own.
      secrecy: item.secrecy,
      implied: [],
      sample: [],
      schema: (context) => ({
        type: "array",
        ...(min === null ? {} : { minItems: min }),
        ...(max === null ? {} : { maxItems: max }),
        items: fieldSchema("", item, {
          isInRow: true,
          isShown: context.isShown && isAlwaysShown(attributes),
          refusesEmpty: false,
        }),
      }),
    };
  },
};

function amountOf(noun: string, min: number | null, max: number | null): string {
  if (min !== null && max !== null) return min === max ? counted(min, noun) : `${min} to ${counted(max, noun)}`;
  if (min !== null) return `at least ${counted(min, noun)}`;
  return max === null ? `${noun}s` : `at most ${counted(max, noun)}`;
}

const ANYTHING = { allowed: "any value", allows: () => true, isRequirable: false, schema: () => ({}) } as const;

/** Text between the fields, without a value. */
const HEADER: FieldKind = { types: /^header$/, read: () => ({ ...ANYTHING, kind: "header" }) };

/** A type that this version does not know: any value is valid, and none is required. */
const UNKNOWN: Pick<FieldKind, "read"> = {
  read({ type }, { note }) {
    note(type === "" ? "has no type, so it is not checked" : `has the unknown type ${type}, so it is not checked`);
    return { ...ANYTHING, secrecy: "by name" };
  },
};

/** A new kind is a line here. */
const FIELD_KINDS: readonly FieldKind[] = [TEXT, NUMBER, BOOLEAN, CHOICE, CLUSTER, RESOURCE, GROUP, LIST, HEADER];

/** @param type As the platform names it. */
export function kindOf(type: string): Pick<FieldKind, "read"> {
  return FIELD_KINDS.find(({ types }) => types.test(type)) ?? UNKNOWN;
}
