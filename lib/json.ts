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

/** Equal values have equal texts: members are sorted by name. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(
    value,
    (_, part) => isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1)) : part,
  );
}
