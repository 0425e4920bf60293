import { didYouMean } from "../did_you_mean.ts";
import { isObject, type Json } from "../json.ts";
import type { ChoiceField, ChoiceOption, ClusterField, Field, NumberField } from "./form.ts";
import { SECRET_MASK } from "../redact.ts";

/**
 * Checks a value of any field but a group.
 *
 * @param isSecret True to omit the value from the message.
 * @returns Like `must be a whole number: got "many"`; `undefined` for a valid value.
 */
export function validateValue(
  field: Field,
  value: Json,
  { isSecret }: { readonly isSecret: boolean },
): string | undefined {
  return isAllowed(field, value) ? undefined : describeInvalid(field, value, { isSecret });
}

/** The message for an invalid value. */
export function describeInvalid(field: Field, value: Json, { isSecret }: { readonly isSecret: boolean }): string {
  const hint = isSecret ? undefined : hintFor(field, value);
  return `must be ${describeAllowed(field)}: got ${isSecret ? SECRET_MASK : describeValue(value)}${
    hint === undefined ? "" : `; ${hint}`
  }`;
}

/** True for a value of the field's type, within its options or bounds. Does not check the rows of a list. */
export function isAllowed(field: Field, value: Json): boolean {
  switch (field.kind) {
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number" && isInRange(field, value) && (!field.isWhole || Number.isInteger(value));
    case "boolean":
      return typeof value === "boolean";
    case "choice":
      if (!field.isMultiple) return isOption(field, value);
      return Array.isArray(value) && value.every((item) => isOption(field, item));
    case "cluster":
      return typeof value === "string" ? isClusterName(field, value) : isClusterObject(value);
    case "resource":
      return (typeof value === "string" && value !== "") || (typeof value === "object" && value !== null);
    case "group":
      return isObject(value);
    case "list":
      return Array.isArray(value);
    case "header":
    case "unknown":
      return true;
  }
}

/** A noun phrase, like `a whole number from 1 to 8`. */
export function describeAllowed(field: Field): string {
  switch (field.kind) {
    case "text":
      return "text";
    case "number":
      return `a ${field.isWhole ? "whole " : ""}number${rangeOf(field)}`;
    case "boolean":
      return "true or false";
    case "choice":
      return choicesOf(field);
    case "cluster":
      return `a cluster's name, its pw://user/name or an object with its id${
        field.allowsWorkspace ? ', or "workspace"' : ""
      }`;
    case "resource":
      return "a name or an object";
    case "group":
      return "an object";
    case "list":
      return "a list of rows";
    case "header":
    case "unknown":
      return "any value";
  }
}

/** A short form of a value. */
export function describeValue(value: Json): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (isObject(value)) return "an object";
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 56)}…"`;
}

/** Matches a name or an address that the platform resolves. */
export const CLUSTER_NAME = /^(?:pw:\/\/[^/\s]+\/[^/\s]+|[^/\s]+)$/;
export const WORKSPACE_NAMES: readonly string[] = ["workspace", "user-workspace"];
/** Members that must be text if present. */
export const CLUSTER_MEMBERS = [
  "id",
  "ip",
  "name",
  "namespace",
  "provider",
  "schedulerType",
  "type",
  "uri",
  "user",
] as const;

function isInRange({ min, max }: NumberField, value: number): boolean {
  return (min === null || value >= min) && (max === null || value <= max);
}

function isOption({ options }: ChoiceField, value: Json): boolean {
  if (options === null) return typeof value !== "object";
  return options.some((option) => option.value === value);
}

function isClusterName({ allowsWorkspace }: ClusterField, name: string): boolean {
  return CLUSTER_NAME.test(name) && (allowsWorkspace || !WORKSPACE_NAMES.includes(name));
}

/** The platform resolves the id of an object with this `$type`, and sends any other object unchanged. */
function isClusterObject(value: Json): boolean {
  if (!isObject(value)) return false;
  if (CLUSTER_MEMBERS.some((name) => value[name] !== undefined && typeof value[name] !== "string")) return false;
  const needed = value["$type"] === "computeResource" ? ["id"] : ["id", "name", "uri"];
  return needed.some((name) => typeof value[name] === "string" && value[name] !== "");
}

function rangeOf({ min, max }: NumberField): string {
  if (min !== null && max !== null) return ` from ${min} to ${max}`;
  if (min !== null) return ` of at least ${min}`;
  return max === null ? "" : ` of at most ${max}`;
}

const MAX_OPTIONS = 8;

function choicesOf({ isMultiple, options }: ChoiceField): string {
  if (options === null) return isMultiple ? "a list of the options" : "one of the options";
  const shown = options.slice(0, MAX_OPTIONS).map(({ value }) => JSON.stringify(value)).join(", ");
  const rest = options.length > MAX_OPTIONS ? `, … (${options.length} in all)` : "";
  return isMultiple ? `a list of any of ${shown}${rest}` : `one of ${shown}${rest}`;
}

function hintFor(field: Field, value: Json): string | undefined {
  switch (field.kind) {
    case "choice":
      return field.options === null ? undefined : choiceHint(field.isMultiple, field.options, value);
    case "cluster":
      if (typeof value !== "string" || field.allowsWorkspace || !WORKSPACE_NAMES.includes(value)) return undefined;
      return "this workflow does not accept the workspace";
    default:
      return undefined;
  }
}

function choiceHint(isMultiple: boolean, options: readonly ChoiceOption[], value: Json): string | undefined {
  if (isMultiple) {
    return options.some((option) => option.value === value) ? `give [${JSON.stringify(value)}]` : undefined;
  }
  const sameText = options.find((option) => String(option.value) === String(value) || option.label === value);
  if (sameText !== undefined) return `give ${JSON.stringify(sameText.value)}`;
  if (typeof value !== "string") return undefined;
  return didYouMean(value, options.map((option) => String(option.value)))?.replace(/^D/, "d");
}
