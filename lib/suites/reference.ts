/** References in values: `${NAME}` of the environment, `${cases.A.outputs.main.x}` and `${setup.A.outputs.main.x}` of a run. */

import { type InputPath, parsePath } from "../inputs/path.ts";
import { isObject, type Json } from "../json.ts";

export type Reference =
  | { readonly type: "variable"; readonly name: string }
  | { readonly type: "output"; readonly of: "cases" | "setup"; readonly name: string; readonly path: InputPath }
  | { readonly type: "matrix"; readonly name: string }
  | { readonly type: "invalid"; readonly text: string };

/** `$$` is a dollar sign. */
const REFERENCE = /\$\$|\$\{([^}]*)(\}?)/g;

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
  if (typeof value === "string") return substituteText(value, valueOf);
  if (Array.isArray(value)) return value.map((item) => substitute(item, valueOf));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, substitute(member, valueOf)]));
}

function substituteText(text: string, valueOf: (reference: Reference) => Json | undefined): Json {
  const [whole] = referencesIn(text);
  if (whole !== undefined && /^\$\{[^}]*\}$/.test(text)) return valueOf(whole) ?? text;
  return text.replace(REFERENCE, (...match) => {
    if (match[0] === "$$") return "$";
    const found = valueOf(parseReference(match));
    return found === undefined ? match[0] : typeof found === "string" ? found : JSON.stringify(found);
  });
}
