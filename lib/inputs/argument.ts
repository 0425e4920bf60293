/** What one `-i` says: stdin, inline JSON, one value, or a file. Pure. */

import { InvalidInputs } from "../errors.ts";
import { parsePath, type Path } from "./path.ts";

export type InputArgument =
  | { readonly type: "stdin" }
  | { readonly type: "inline"; readonly text: string }
  | { readonly type: "file"; readonly file: string }
  /** `name.path=value`, `name.path:=json`, `name.path=@file`, `name.path=@-`. */
  | { readonly type: "text" | "json" | "text-file"; readonly path: Path; readonly text: string }
  | { readonly type: "asked"; readonly path: Path };

/** The first of these that fits: `-`, a leading `{`, `name=…` or `name:=…`, a file. `./` forces a file. */
export function parseArgument(argument: string, origin: string): InputArgument {
  if (argument === "-") return { type: "stdin" };
  if (/^\s*\{/.test(argument)) return { type: "inline", text: argument };
  const match = /^((?:\["(?:[^"\\]|\\.)*"\]|[\w.[\]-])+?)(:?=)([^]*)$/.exec(argument);
  if (match === null) return { type: "file", file: argument };
  const [, name = "", operator, text = ""] = match;
  const path = parsePath(name);
  if (path === undefined) {
    throw new InvalidInputs(`Cannot read ${origin}: "${name}" is not a path like slurm.partition or rows[0].name`, [
      { origin, path: name, message: "is not a path" },
    ]);
  }
  if (operator === ":=") return { type: "json", path, text };
  if (text === "@-") return { type: "asked", path };
  if (text.startsWith("@")) return { type: "text-file", path, text: text.slice(1) };
  return { type: "text", path, text };
}
