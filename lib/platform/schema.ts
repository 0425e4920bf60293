/** An answer's text as the shape that it must have; what doesn't fit is told by its path. */

import { safeParse } from "../deps/zod.ts";
import { BadResponse } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { Answer } from "./http.ts";

type Schema = Parameters<typeof safeParse>[0];

/** Any of them that reads to `T`. */
export type SchemaOf<T> = Schema & { readonly _zod: { readonly output: T } };

/**
 * Reads an answer's JSON.
 *
 * @throws BadResponse `Cannot list runs: runs[3].id must be a string, got number (request …)`.
 */
export function readShape<T>(schema: SchemaOf<T>, answer: Answer, act: string): T {
  const value = readJson(answer, act);
  const result = safeParse(schema, value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path ?? [];
  const expected = issue !== undefined && "expected" in issue ? formatRunId(String(issue.expected)) : "something else";
  const where = path.length === 0 ? "the answer" : pathText(path);
  throw badAnswer(answer, act, `${where} must be ${expected}, got ${typeName(valueAt(value, path))}`);
}

/**
 * Reads an answer's JSON without asking for a shape.
 *
 * @throws BadResponse when it is no JSON.
 */
export function readJson(answer: Answer, act: string): unknown {
  try {
    return JSON.parse(answer.text);
  } catch {
    const what = answer.text.trim() === ""
      ? "is empty"
      : answer.text.trimStart().startsWith("<")
      ? "is a web page"
      : "is not JSON";
    throw badAnswer(answer, act, `the answer ${what}`);
  }
}

export function badAnswer(
  { status, requestId }: Pick<Answer, "status" | "requestId">,
  act: string,
  why: string,
): BadResponse {
  return new BadResponse(`Cannot ${act}: ${why} (${status}, request ${requestId})`, {
    hint: "Check the host that the key names, and whether a proxy stands before it; if both are right, report this",
  });
}

/** An object that JSON held; `null` for anything else. */
export function jsonObject(value: unknown): JsonObject | null {
  return isJsonObject(value) ? value : null;
}

/** Text that says something: servers leave a field out, or send `null` or nothing in it. */
export function said(text: string | null | undefined): string | null {
  return text === undefined || text === null || text === "" ? null : text;
}

/** What has been parsed from JSON and is an object holds JSON. */
function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined,
    value,
  );
}

const NAMES: Readonly<Record<string, string>> = {
  array: "an array",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "an object",
  record: "an object",
  string: "a string",
};

function formatRunId(expected: string): string {
  return NAMES[expected] ?? expected;
}

function typeName(value: unknown): string {
  if (value === undefined) return "nothing";
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}
