import { InvalidInputs } from "../errors.ts";
import { type InputPath, parsePath } from "./path.ts";

export type InputArgument =
  | { readonly type: "stdin" }
  | { readonly type: "inline"; readonly text: string }
  | { readonly type: "file"; readonly file: string }
  /** `name.path=value`, `name.path:=json`, `name.path=@file`, `name.path=@-`. */
  | { readonly type: "text" | "json" | "text-file"; readonly path: InputPath; readonly text: string }
  | { readonly type: "prompt"; readonly path: InputPath };

/**
 * Parses one `-i`. The first match wins: `-` (stdin), a leading `{` (inline JSON), `name=…` or `name:=…` (one value), a
 * file. `./` forces a file.
 */
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
  if (text === "@-") return { type: "prompt", path };
  if (text.startsWith("@")) return { type: "text-file", path, text: text.slice(1) };
  return { type: "text", path, text };
}
