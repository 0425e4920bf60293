/**
 * Reads a `.env` file. The working folder may belong to someone else, so the file may set a key, but not the host it is
 * sent to or the identity it belongs to. Imported only if the file exists.
 */

import { parse } from "../../deps/dotenv.ts";

export const DOTENV_NAMES = ["PW_API_KEY", "PW_TIMEOUT", "PW_LOG_LEVEL"] as const;

/** The environment plus the file's variables; a variable of the environment is never overridden. */
export function envWithDotenv(
  env: (name: string) => string | undefined,
  text: string,
): (name: string) => string | undefined {
  const values = parse(text);
  const added = new Map<string, string | undefined>(DOTENV_NAMES.map((name) => [name, values[name]]));
  return (name) => env(name) ?? added.get(name);
}

/** Our variables that a file sets, and those among them that have no effect there. */
export function namesInDotenv(text: string): { readonly read: readonly string[]; readonly ignored: readonly string[] } {
  const allowed: readonly string[] = DOTENV_NAMES;
  const names = Object.keys(parse(text));
  return {
    read: names.filter((name) => allowed.includes(name)),
    ignored: names.filter((name) => name.startsWith("PW_") && !allowed.includes(name)),
  };
}
