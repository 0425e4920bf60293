/**
 * References in values: `${NAME}` of the environment, `${cases.A.outputs.main.x}` and `${setup.A.outputs.main.x}` of a run.
 * The inputs of a case become layers with the values of variables, and with the outputs of other runs once these have ended.
 */

import type { InputLayer } from "../inputs/merge.ts";
import { type InputPath, isObject, type Json, parsePath, valuesIn } from "../json.ts";
import { isSecretReference } from "./document.ts";

export type Reference =
  | { readonly type: "variable"; readonly name: string }
  | { readonly type: "output"; readonly of: "cases" | "setup"; readonly name: string; readonly path: InputPath }
  | { readonly type: "matrix"; readonly name: string }
  | { readonly type: "invalid"; readonly text: string };

/** Before a brace, `$$` is a dollar sign: elsewhere it is a part of the text, like the process id in a command. */
const REFERENCE = /\$\$(?=\$*\{)|\$\{([^}]*)(\}?)/g;

export function referencesIn(text: string): readonly Reference[] {
  return [...text.matchAll(REFERENCE)].flatMap((match) => match[0] === "$$" ? [] : [parseReference(match)]);
}

function parseReference([whole, body = "", end]: RegExpExecArray | RegExpMatchArray): Reference {
  if (end !== "}") return { type: "invalid", text: whole };
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(body)) return { type: "variable", name: body };
  const matrix = /^matrix\.(.+)$/.exec(body)?.[1];
  if (matrix !== undefined) return { type: "matrix", name: matrix };
  const [, of, name = "", rest = ""] = /^(cases|setup)\.(.+?)\.outputs\.(.+)$/.exec(body) ?? [];
  const path = parsePath(rest);
  if ((of !== "cases" && of !== "setup") || path === undefined) return { type: "invalid", text: whole };
  return { type: "output", of, name, path };
}

/** Replaces the references in all texts of a value, except in names. A text that is one reference becomes its value. */
export function substitute(value: Json, valueOf: (reference: Reference) => Json | undefined): Json {
  if (typeof value !== "string") return mapInside(value, (member) => substitute(member, valueOf));
  const [whole] = referencesIn(value);
  if (whole !== undefined && /^\$\{[^}]*\}$/.test(value)) {
    const found = valueOf(whole);
    return found === undefined ? value : found;
  }
  return value.replace(REFERENCE, (...match) => {
    if (match[0] === "$$") return "$";
    const found = valueOf(parseReference(match));
    return found === undefined ? match[0] : typeof found === "string" ? found : JSON.stringify(found);
  });
}

/** With other members or items; a value without any is the same. */
function mapInside(value: Json, map: (member: Json, segment: string | number) => Json): Json {
  if (Array.isArray(value)) return value.map(map);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, map(member, name)]));
}

export interface Values {
  valueOf(reference: Reference): Json | undefined;
  /** Of an environment variable. */
  secret(name: string): string;
}

/** Only the values of the suite itself may have references: they have no lines of their own. */
export function isOfFile({ lines }: InputLayer): boolean {
  return lines !== null;
}

export function inputLayers(layers: readonly InputLayer[], values: Values): readonly InputLayer[] {
  return layers.flatMap((layer): readonly InputLayer[] => {
    if (isOfFile(layer)) return [layer];
    const texts: InputLayer[] = [];
    const read = (value: Json, path: InputPath): Json => {
      if (isSecretReference(value)) {
        const text = values.secret(value.secret);
        texts.push({ ...layer, path, value: text, isUntyped: true, isSecret: true });
        return text;
      }
      if (typeof value !== "string") return mapInside(value, (member, segment) => read(member, [...path, segment]));
      const found = substitute(value, values.valueOf);
      // A text that comes from elsewhere takes the type that the form declares.
      if (typeof found === "string" && found !== value && /^\$\{[^}]*\}$/.test(value)) {
        texts.push({ ...layer, path, value: found, isUntyped: true });
      }
      return found;
    };
    const value = read(layer.value, layer.path);
    // One value is that of a matrix.
    const isUntyped = layer.path.length > 0 && typeof value === "string";
    return [{ ...layer, value, isUntyped }, ...texts];
  });
}

export function referencesOf(layers: readonly InputLayer[]): readonly Reference[] {
  return valuesOf(layers).flatMap((value) => typeof value === "string" ? referencesIn(value) : []);
}

/** The environment variables with secrets that the inputs name. */
export function secretNames(layers: readonly InputLayer[]): readonly string[] {
  return valuesOf(layers).flatMap((value) => isSecretReference(value) ? [value.secret] : []);
}

function valuesOf(layers: readonly InputLayer[]): readonly Json[] {
  return layers.flatMap((layer) => isOfFile(layer) ? [] : [...valuesIn(layer.value)].map(([value]) => value));
}
