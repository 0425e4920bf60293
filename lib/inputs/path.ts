/** Paths into inputs, like `slurm.partition` or `cases[2].name`. */

import type { Json, JsonObject } from "../json.ts";

/** Where a value stands. */
export type Path = readonly (string | number)[];

/** Names that would reach into an object's own machinery. */
const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

const QUOTED = String.raw`"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"`;
const WHOLE = new RegExp(String.raw`^(?:[\w-]+|\[${QUOTED}\])(?:\.[\w-]+|\[\d+\]|\[${QUOTED}\])*$`);
const SEGMENTS = new RegExp(String.raw`\[(\d+)\]|\[(${QUOTED})\]|([\w-]+)`, "g");

/** Reads `a.b[0].c` and `a["odd name"]`; `undefined` when it can't be read. */
export function parsePath(text: string): Path | undefined {
  if (!WHOLE.test(text)) return undefined;
  return [...text.matchAll(SEGMENTS)].map(([, index, quoted, name]) => {
    if (index !== undefined) return Number(index);
    return name ?? String(JSON.parse(quoted ?? '""'));
  });
}

/** Writes a path as {@link parsePath} reads it; a name of other than letters, digits, - and _ stands in quotes. */
export function formatPath(path: Path): string {
  return path.reduce<string>(joinPath, "");
}

/** The path of what is one step inside. */
export function joinPath(text: string, segment: string | number): string {
  if (typeof segment === "number") return `${text}[${segment}]`;
  if (!/^[\w-]+$/.test(segment)) return `${text}[${JSON.stringify(segment)}]`;
  return text === "" ? segment : `${text}.${segment}`;
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
