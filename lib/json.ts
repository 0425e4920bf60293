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

/** Parses JSON; a number that would be changed becomes NaN, which no check lets through. */
export function parseExactly(text: string): unknown {
  if (!mayBeInexact(text)) return JSON.parse(text);
  return JSON.parse(text, (_name, value: unknown, context?: { readonly source?: string }) => {
    return typeof value === "number" && !isExact(context?.source ?? String(value)) ? NaN : value;
  });
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
