import { safeParse } from "../deps/zod.ts";
import { BadResponse } from "../errors.ts";
import { isObject, type JsonObject } from "../json.ts";
import type { HttpResponse } from "./exchange.ts";

type Schema = Parameters<typeof safeParse>[0];

/** A schema whose output is `T`. */
export type SchemaOf<T> = Schema & { readonly _zod: { readonly output: T } };

/** What a schema reads. */
export type OutputOf<S extends Schema> = S["_zod"]["output"];

/**
 * Reads a response's JSON and checks its shape.
 *
 * @throws BadResponse `Cannot list runs: runs[3].id must be a string, got number (request …)`.
 */
export function readShape<T>(schema: SchemaOf<T>, response: HttpResponse, action: string): T {
  const value = readJson(response, action);
  const result = safeParse(schema, value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path ?? [];
  const expected = issue !== undefined && "expected" in issue ? describeType(String(issue.expected)) : "something else";
  const where = path.length === 0 ? "the response" : pathText(path);
  throw badResponse(response, action, `${where} must be ${expected}, got ${typeName(valueAt(value, path))}`);
}

/**
 * Reads a response's JSON without checking its shape.
 *
 * @throws BadResponse if it is not JSON.
 */
export function readJson(response: HttpResponse, action: string): unknown {
  try {
    return JSON.parse(response.text);
  } catch {
    const problem = response.text.trim() === ""
      ? "is empty"
      : response.text.trimStart().startsWith("<")
      ? "is a web page"
      : "is not JSON";
    throw badResponse(response, action, `the response ${problem}`);
  }
}

export function badResponse(
  { status, requestId }: Pick<HttpResponse, "status" | "requestId">,
  action: string,
  reason: string,
): BadResponse {
  return new BadResponse(`Cannot ${action}: ${reason} (${status}, request ${requestId})`, {
    hint:
      "Check the host that the key names, and whether a proxy intercepts requests to it; otherwise report this as a bug",
  });
}

/** `null` for a value that is not an object. */
export function jsonObject(value: unknown): JsonObject | null {
  return isObject(value) ? value : null;
}

/** `null` for a missing, null or empty text: servers differ in what they send. */
export function nonEmpty(text: string | null | undefined): string | null {
  return text === undefined || text === null || text === "" ? null : text;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (parent, key) => typeof parent === "object" && parent !== null ? Reflect.get(parent, key) : undefined,
    value,
  );
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: "an array",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "an object",
  record: "an object",
  string: "a string",
};

function describeType(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function typeName(value: unknown): string {
  if (value === undefined) return "nothing";
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}
