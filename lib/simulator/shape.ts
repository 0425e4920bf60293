/** Reads values of unknown shape from YAML and JSON. */

import { isObject, type Json, type JsonObject } from "../json.ts";

/** Returns the value if it is an object, an empty object otherwise. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A list of strings; a single string counts as a list of one. */
export function stringsOf(value: Json | undefined): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** The members with these names, if present. */
export function pick(from: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => from[name] === undefined ? [] : [[name, from[name]]]));
}
