import { isObject, type Json } from "./json.ts";

/** Keys and indexes, written like `slurm.partition` or `cases[2].name`. */
export type InputPath = readonly (string | number)[];

/** Names that would change an object's prototype. */
const RESERVED: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

const QUOTED = String.raw`"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"`;
const COMPLETE = new RegExp(String.raw`^(?:[\w-]+|\[${QUOTED}\])(?:\.[\w-]+|\[\d+\]|\[${QUOTED}\])*$`);
const SEGMENTS = new RegExp(String.raw`\[(\d+)\]|\[(${QUOTED})\]|([\w-]+)`, "g");

/** Parses `a.b[0].c` and `a["odd name"]`; `undefined` for an invalid path. */
export function parsePath(text: string): InputPath | undefined {
  if (!COMPLETE.test(text)) return undefined;
  return [...text.matchAll(SEGMENTS)].map(([, index, quoted, name]) => {
    if (index !== undefined) return Number(index);
    return name ?? String(JSON.parse(quoted ?? '""'));
  });
}

/** The inverse of {@link parsePath}; a name with characters other than letters, digits, - and _ is quoted. */
export function formatPath(path: InputPath): string {
  return path.reduce<string>(joinPath, "");
}

/** Appends a segment to a formatted path. */
export function joinPath(text: string, segment: string | number): string {
  if (typeof segment === "number") return `${text}[${segment}]`;
  if (!/^[\w-]+$/.test(segment)) return `${text}[${JSON.stringify(segment)}]`;
  return text === "" ? segment : `${text}.${segment}`;
}

/** Whether a formatted path is below that of a container. */
export function isInside(path: string, container: string): boolean {
  return container === "" || (path.startsWith(container) && /^[.[]/.test(path.slice(container.length)));
}

export function isReserved(name: string | number): boolean {
  return typeof name === "string" && RESERVED.has(name);
}

/** The value at a path; `undefined` if there is none. */
export function valueAt(value: Json, path: InputPath): Json | undefined {
  let found: Json | undefined = value;
  for (const segment of path) {
    found = valueInside(found, segment);
    if (found === undefined) return undefined;
  }
  return found;
}

/** The member of an object or the item of a list; `undefined` if there is none. */
export function valueInside(value: Json, segment: string | number): Json | undefined {
  if (typeof segment === "number") return Array.isArray(value) ? value[segment] : undefined;
  return isObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
}
