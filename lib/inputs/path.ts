/** Paths into inputs, like `slurm.partition` or `cases[2].name`. */

import type { Json, JsonObject } from "../model.ts";

export type Path = readonly (string | number)[];

/** Names that would reach into an object's own machinery. */
const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Reads `a.b[0].c`; `undefined` when it can't be read. */
export function parsePath(text: string): Path | undefined {
  const path: (string | number)[] = [];
  for (const part of text.split(".")) {
    const match = /^([\w-]+)((?:\[\d+\])*)$/.exec(part);
    if (match === null) return undefined;
    const [, name = "", indices = ""] = match;
    path.push(name, ...[...indices.matchAll(/\d+/g)].map(([digits]) => Number(digits)));
  }
  return path;
}

/** Writes a path as {@link parsePath} reads it; a name that it could not read stands in quotes. */
export function formatPath(path: Path): string {
  let text = "";
  for (const segment of path) {
    if (typeof segment === "number") text += `[${segment}]`;
    else if (/^[\w-]+$/.test(segment)) text += text === "" ? segment : `.${segment}`;
    else text += `[${JSON.stringify(segment)}]`;
  }
  return text;
}

export function isForbidden(name: string | number): boolean {
  return typeof name === "string" && FORBIDDEN.has(name);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path; `undefined` where there is none. */
export function valueAt(value: Json, path: Path): Json | undefined {
  let found: Json | undefined = value;
  for (const segment of path) {
    if (typeof segment === "number") found = Array.isArray(found) ? found[segment] : undefined;
    else found = isObject(found) && Object.hasOwn(found, segment) ? found[segment] : undefined;
    if (found === undefined) return undefined;
  }
  return found;
}
