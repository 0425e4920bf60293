/** The inputs of a case as layers: with the values of variables, and the outputs of other runs once these have ended. */

import type { InputLayer } from "../inputs/layers.ts";
import { type InputPath, parsePath } from "../inputs/path.ts";
import { isObject, type Json, type JsonObject, valuesIn } from "../json.ts";
import { isSecretReference } from "./document.ts";
import { type Reference, referencesIn, substitute } from "./reference.ts";

/** One mapping of inputs, or one value. */
export type InputSource =
  | { readonly type: "layer"; readonly layer: InputLayer }
  | { readonly type: "object"; readonly origin: string; readonly value: JsonObject }
  | { readonly type: "value"; readonly origin: string; readonly path: string; readonly value: Json };

export interface Values {
  valueOf(reference: Reference): Json | undefined;
  /** Of an environment variable. */
  secret(name: string): string;
}

export function inputLayers(sources: readonly InputSource[], values: Values): readonly InputLayer[] {
  return sources.flatMap((source): readonly InputLayer[] => {
    if (source.type === "layer") return [source.layer];
    const { origin } = source;
    if (source.type === "value") {
      const path = parsePath(source.path) ?? [source.path];
      const value = substitute(source.value, values.valueOf);
      return [{ type: "value", origin, path, value, isUntyped: typeof value === "string", isSecret: false }];
    }
    const texts: InputLayer[] = [];
    const read = (value: Json, path: InputPath): Json => {
      if (isSecretReference(value)) {
        const text = values.secret(value.secret);
        texts.push({ type: "value", origin, path, value: text, isUntyped: true, isSecret: true });
        return text;
      }
      if (Array.isArray(value)) return value.map((item, index) => read(item, [...path, index]));
      if (isObject(value)) {
        return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, read(member, [...path, name])]));
      }
      const found = substitute(value, values.valueOf);
      // A text that comes from elsewhere takes the type that the form declares.
      if (typeof found === "string" && found !== value && /^\$\{[^}]*\}$/.test(String(value))) {
        texts.push({ type: "value", origin, path, value: found, isUntyped: true, isSecret: false });
      }
      return found;
    };
    const object = read(source.value, []);
    return [{ type: "object", origin, value: isObject(object) ? object : {}, lines: null }, ...texts];
  });
}

export function referencesOf(sources: readonly InputSource[]): readonly Reference[] {
  return valuesOf(sources).flatMap((value) => typeof value === "string" ? referencesIn(value) : []);
}

/** The environment variables with secrets that the inputs name. */
export function secretNames(sources: readonly InputSource[]): readonly string[] {
  return valuesOf(sources).flatMap((value) => isSecretReference(value) ? [value.secret] : []);
}

function valuesOf(sources: readonly InputSource[]): readonly Json[] {
  const given = sources.flatMap((source) => source.type === "layer" ? [] : [source.value]);
  return given.flatMap((value) => [...valuesIn(value)].map(([inner]) => inner));
}
