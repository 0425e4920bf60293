/** Validates a request body against the contract. */

import { isObject, type Json, type JsonObject } from "../json.ts";
import { type FieldError, invalidRequest } from "./responses.ts";

export interface BodyField {
  readonly type: "string" | "boolean" | "object" | "strings";
  readonly isRequired?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly oneOf?: readonly string[];
}

/** Throws an HttpError (422) that lists every invalid or unknown member. */
export function checkBody(body: unknown, fields: Readonly<Record<string, BodyField>>): JsonObject {
  if (!isObject(body)) throw invalidRequest([{ code: "type", detail: "expected an object", pointer: "#" }]);
  const unknown = Object.keys(body).filter((name) => !Object.hasOwn(fields, name)).map((name): FieldError => ({
    code: "unexpected_property",
    detail: "unexpected property",
    pointer: pointerTo(name),
  }));
  const problems = Object.entries(fields).flatMap(([name, field]): FieldError[] => {
    const problem = Object.hasOwn(body, name) ? problemOf(body[name], field) : field.isRequired ? REQUIRED : null;
    return problem === null ? [] : [{ ...problem, pointer: pointerTo(name) }];
  });
  const all = [...unknown, ...problems];
  if (all.length > 0) throw invalidRequest(all);
  return body;
}

function pointerTo(name: string): string {
  return `#/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

interface FieldProblem {
  readonly code: string;
  readonly detail: string;
}

const REQUIRED: FieldProblem = { code: "required", detail: "expected this property to be present" };

function problemOf(value: Json | undefined, field: BodyField): FieldProblem | null {
  if (!HAS_TYPE[field.type](value)) {
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

const HAS_TYPE: Readonly<Record<BodyField["type"], (value: Json | undefined) => boolean>> = {
  object: isObject,
  strings: (value) => value === null || (Array.isArray(value) && value.every((item) => typeof item === "string")),
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
};
