import { isObject, type Json } from "../json.ts";
import type { Field } from "./form.ts";
import { SECRET_MASK } from "../redact.ts";

/** The message for an invalid value, like `must be a whole number: got "many"`; without the value of a secret. */
export function describeInvalid(field: Field, value: Json, { isSecret }: { readonly isSecret: boolean }): string {
  const hint = isSecret ? undefined : field.hintFor?.(value);
  return `must be ${field.allowed}: got ${isSecret ? SECRET_MASK : describeValue(value)}${
    hint === undefined ? "" : `; ${hint}`
  }`;
}

/** True for a valid value of any field but a group: also for its own default, which the web form sends unchecked. */
export function isAllowed(field: Field, value: Json): boolean {
  return field.allows(value) || (field.default !== undefined && isSame(field.default, value));
}

function isSame(left: Json, right: Json): boolean {
  return left === right || (typeof left === "object" && JSON.stringify(left) === JSON.stringify(right));
}

/** A short form of a value. */
export function describeValue(value: Json): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (isObject(value)) return "an object";
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 56)}…"`;
}
