/** Reads parts of a suite's document that may have any shape. */

import { didYouMeanOrKnown } from "../did_you_mean.ts";
import { type InputPath, isObject, type Json, type JsonObject } from "../json.ts";

/** Adds a problem of the value at the path, unless it has one already. */
export type Report = (path: InputPath, message: string, at?: "key" | "value") => void;

/** Reports problems of values below a path. */
export function within(report: Report, ...base: InputPath): Report {
  return (path, message, at) => report([...base, ...path], message, at);
}

/** A member of a list that has a name. */
export interface Named {
  readonly name: string;
  readonly value: JsonObject;
  readonly path: InputPath;
}

export function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** A value with its path below another one. */
export type Placed<T = Json> = readonly [value: T, path: InputPath];

/** One value or a list of values. */
export function itemsOf(value: Json | undefined): readonly Placed[] {
  if (Array.isArray(value)) return value.map((item, index) => [item, [index]]);
  return value === undefined ? [] : [[value, []]];
}

/** One text or a list of texts. */
export function textsOf(value: Json | undefined): readonly Placed<string>[] {
  return itemsOf(value).flatMap(([text, path]) => typeof text === "string" ? [[text, path] as const] : []);
}

export function namedIn(document: JsonObject, member: string): readonly Named[] {
  return listOf(document[member]).map((item, index) => {
    const value = objectOf(item);
    return { value, name: typeof value.name === "string" ? value.name : "", path: [member, index] };
  });
}

/** Always measured. */
export const BUILT_IN_METRICS = ["duration", "queue"] as const;

/** The names of the metrics of these cases or suites, and of those that are always measured. */
export function metricsOf(...owners: readonly JsonObject[]): readonly string[] {
  return [...owners.flatMap(({ metrics }) => Object.keys(objectOf(metrics))), ...BUILT_IN_METRICS];
}

export function environmentsOf(document: JsonObject): readonly { readonly name: string }[] {
  return Object.keys(objectOf(document.environments)).map((name) => ({ name }));
}

/** The mappings among the values of the matrix of a case. */
export function axisMappings({ matrix }: JsonObject): readonly Placed<JsonObject>[] {
  const axes = Object.entries(objectOf(matrix)).filter(([axis]) => axis !== "include" && axis !== "exclude");
  return axes.flatMap(([axis, values]) =>
    listOf(values).flatMap((value, index) => isObject(value) ? [[value, ["matrix", axis, index]] as const] : [])
  );
}

/** The names of the cases that a case needs, each with its path below `needs`. */
export function needsOf({ needs }: JsonObject): readonly Placed<string>[] {
  return itemsOf(needs).flatMap(([item, path]) => {
    const [name, below] = isObject(item) ? [item.case, [...path, "case"]] : [item, path];
    return typeof name === "string" ? [[name, below] as const] : [];
  });
}

/** `{ secret: NAME }`: the environment variable with the value of a secret. */
export function isSecretReference(value: Json): value is { secret: string } {
  return isObject(value) && Object.keys(value).length === 1 && typeof value.secret === "string" &&
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(value.secret);
}

/** Each name that is used must be one of those that are known. */
export function checkNames(
  noun: string,
  used: readonly Placed<string>[],
  known: readonly { readonly name: string }[],
  report: Report,
): void {
  const names = new Set(known.map(({ name }) => name).filter((name) => name !== ""));
  for (const [text, path] of used) {
    if (names.has(text)) continue;
    const suggestion = names.size === 0 ? "There are none" : didYouMeanOrKnown(text, [...names]);
    report(path, `no ${noun} "${text}". ${suggestion}`);
  }
}
