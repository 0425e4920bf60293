/** JSON values, and paths in them. */

/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A JSON value that is an object. */
export type JsonObject = { [key: string]: Json };

/** Only for values that were parsed from JSON or YAML: then the members of an object are JSON, too. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `undefined` for a text that is not JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value itself and all values inside it, each with its path. */
export function* valuesIn(value: Json, path: readonly (string | number)[] = []): Generator<[Json, typeof path]> {
  yield [value, path];
  const members = Array.isArray(value) ? value.entries() : isObject(value) ? Object.entries(value) : [];
  for (const [name, member] of members) yield* valuesIn(member, [...path, name]);
}

/** The values of an object that have no values inside them, each with its path. */
export function leavesOf(value: JsonObject): [Json, InputPath][] {
  return [...valuesIn(value)].filter(([leaf, path]) =>
    path.length > 0 && (typeof leaf !== "object" || leaf === null || Object.keys(leaf).length === 0)
  );
}

/** The position of the next quote in a JSON text that is not escaped; -1 if there is none. */
export function nextQuote(text: string, from: number): number {
  let quote = text.indexOf('"', from);
  while (quote !== -1 && isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote;
}

/** Whether a character of a JSON text follows an odd number of backslashes. */
export function isEscaped(text: string, index: number): boolean {
  let start = index;
  while (text[start - 1] === "\\") start--;
  return (index - start) % 2 === 1;
}

/** Freezes a value and all values inside it. */
export function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

/** Equal values have equal texts: members are sorted by name. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(
    value,
    (_, part) => isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1)) : part,
  );
}

/** Whether the text of a number is still the same number when it is printed again. */
export function isExact(source: string): boolean {
  const value = Number(source);
  if (source.trim() === "" || !Number.isFinite(value)) return false;
  if (/^\s*0[box]/i.test(source)) return Number.isSafeInteger(value);
  const decimal = decimalOf(source);
  return decimal !== undefined && decimal === decimalOf(String(value));
}

/** Whether a text has numbers that might not be: finding them all would take long in a large file. */
export function mayBeInexact(text: string): boolean {
  return /\d[\d.]{15}|\d[eE][+-]?\d{3}/.test(text);
}

/** Parses JSON; a number that would be changed becomes NaN, which no check lets through, or another value. */
export function parseExactly(text: string, valueOf: (source: string) => unknown = () => NaN): unknown {
  if (!mayBeInexact(text)) return JSON.parse(text);
  return JSON.parse(text, (_name, value: unknown, { source = String(value) }: { readonly source?: string } = {}) => {
    return typeof value === "number" && !isExact(source) ? valueOf(source) : value;
  });
}

/** Parses an output; an integer that would be changed stays a text. `undefined` for a text that is not JSON. */
export function parseOutput(text: string): Json | undefined {
  // Of other numbers, programs write more digits than have a meaning.
  const valueOf = (source: string) => /^-?\d+$/.test(source) ? source : Number(source);
  const json = parseJson(text);
  return json === undefined || !mayBeInexact(text) ? json : parseExactly(text, valueOf) as Json;
}

/** Sign, digits without zeros at either end, and exponent; `undefined` for any other text. */
function decimalOf(text: string): string | undefined {
  const match = /^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const scale = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign === "-" ? "-" : ""}${significant}e${scale}`;
}

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
