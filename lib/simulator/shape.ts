/** Reads values of unknown shape from YAML and JSON, and makes ids of the platform's form. */

import { parse } from "../deps/yaml.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";

/** The content of a workflow file; `undefined` if it is not a YAML mapping. */
export function parseWorkflow(text: string): JsonObject | undefined {
  try {
    const yaml: unknown = parse(text, { logLevel: "error" });
    return isObject(yaml) ? yaml : undefined;
  } catch (error) {
    // The parser reads the environment.
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined; // Not YAML.
  }
}

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

/** An object id like the platform's: 24 hex digits, of which the first eight are the time of creation in seconds. */
export function newId(nowMs: number, random: () => number): string {
  const seconds = Math.floor(nowMs / 1_000).toString(16).padStart(8, "0");
  return seconds.slice(-8) + Array.from({ length: 16 }, () => Math.floor(random() * 16).toString(16)).join("");
}
