/**
 * Reads JSON values, and checks their shapes. By hand: loading zod takes as long as all that a command does before its first
 * request.
 */

import { formatPath, type InputPath, isObject } from "../json.ts";

/**
 * Reads the value at a path of a response.
 *
 * @throws Mismatch
 */
export type Shape<T> = (value: unknown, path: InputPath) => T;

/** A value has another shape: the message is like `runs[3].id must be a string, got number`. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";

  constructor(path: InputPath, expected: string, value: unknown) {
    const where = path.length === 0 ? "the response" : formatPath(path);
    super(`${where} must be ${expected}, got ${typeName(value)}`);
  }
}

function typeName(value: unknown): string {
  if (value === undefined) return "nothing";
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function shapeOf<T>(expected: string, is: (value: unknown) => value is T): Shape<T> {
  return (value, path) => {
    if (is(value)) return value;
    throw new Mismatch(path, expected, value);
  };
}

export const TEXT = shapeOf("a string", (value) => typeof value === "string");
export const NUMBER = shapeOf("a number", (value): value is number => Number.isFinite(value));
export const BOOLEAN = shapeOf("true or false", (value) => typeof value === "boolean");
const OBJECT = shapeOf("an object", isObject);
const LIST = shapeOf("an array", (value): value is readonly unknown[] => Array.isArray(value));

/** `null` for what is missing or null: servers differ in what they send. */
export function optional<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => value === undefined || value === null ? null : shape(value, path);
}

/** `null` also for an empty text. */
export const OPTIONAL_TEXT: Shape<string | null> = (value, path) => optional(TEXT)(value, path) || null;

/** Empty for what is missing or null. */
export function listOf<T>(shape: Shape<T>): Shape<T[]> {
  return (value, path) => optional(LIST)(value, path)?.map((item, index) => shape(item, [...path, index])) ?? [];
}

/** Reads the members of an object by name, each with its shape. */
export function membersOf(value: unknown, path: InputPath): <T>(name: string, shape: Shape<T>) => T {
  const object = OBJECT(value, path);
  return (name, shape) => shape(object[name], [...path, name]);
}
