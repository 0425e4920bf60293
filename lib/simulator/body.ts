/** Holding a request's body to the contract: no unknown member, and each known one of its type. */

import type { Json, JsonObject } from "../json.ts";
import { type FieldFault, invalid } from "./answers.ts";
import { isObject } from "./shape.ts";

export interface Field {
  readonly type: "string" | "boolean" | "object" | "strings";
  readonly isRequired?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly oneOf?: readonly string[];
}

/** Throws a Refusal of 422 with everything that is wrong. */
export function checkBody(body: unknown, fields: Readonly<Record<string, Field>>): JsonObject {
  if (!isObject(body)) throw invalid([{ code: "type", detail: "expected an object", pointer: "#" }]);
  const unknown = Object.keys(body).filter((name) => !Object.hasOwn(fields, name)).map((name): FieldFault => ({
    code: "unexpected_property",
    detail: "unexpected property",
    pointer: pointerTo(name),
  }));
  const wrong = Object.entries(fields).flatMap(([name, field]): FieldFault[] => {
    const found = Object.hasOwn(body, name) ? faultOf(body[name], field) : field.isRequired ? REQUIRED : null;
    return found === null ? [] : [{ ...found, pointer: pointerTo(name) }];
  });
  const all = [...unknown, ...wrong];
  if (all.length > 0) throw invalid(all);
  return body;
}

export function pointerTo(name: string): string {
  return `#/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

interface Finding {
  readonly code: string;
  readonly detail: string;
}

const REQUIRED: Finding = { code: "required", detail: "expected this property to be present" };

function faultOf(value: Json | undefined, field: Field): Finding | null {
  if (!hasType(value, field.type)) {
    return { code: "type", detail: `expected ${field.type === "strings" ? "an array of strings" : field.type}` };
  }
  if (typeof value !== "string") return null;
  const { minLength = 0, maxLength = Infinity, oneOf } = field;
  if (value.length < minLength) return { code: "min_length", detail: `expected length >= ${minLength}` };
  if (value.length > maxLength) return { code: "max_length", detail: `expected length <= ${maxLength}` };
  if (oneOf !== undefined && !oneOf.includes(value)) {
    return { code: "enum", detail: `expected one of ${oneOf.join(", ")}` };
  }
  return null;
}

function hasType(value: Json | undefined, type: Field["type"]): boolean {
  switch (type) {
    case "object":
      return isObject(value);
    case "strings":
      return value === null || (Array.isArray(value) && value.every((item) => typeof item === "string"));
    case "string":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
    default:
      return type satisfies never;
  }
}
