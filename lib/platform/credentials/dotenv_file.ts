/**
 * What a `.env` file may say. It lies in the working folder, which may be somebody else's: so it can name a key, but not
 * where a key goes or whose it is. Imported only where there is such a file.
 */

import { parse } from "../../deps/dotenv.ts";

export const DOTENV_NAMES = ["PW_API_KEY", "PW_TIMEOUT", "PW_LOG_LEVEL"] as const;

/** The environment with what the file adds; what is set already is never overridden. */
export function envWithDotenv(
  env: (name: string) => string | undefined,
  text: string,
): (name: string) => string | undefined {
  const values = parse(text);
  const added = new Map<string, string | undefined>(DOTENV_NAMES.map((name) => [name, values[name]]));
  return (name) => env(name) ?? added.get(name);
}

/** Which of our names a file holds, and which others of ours it holds in vain. */
export function namesInDotenv(text: string): { readonly read: readonly string[]; readonly ignored: readonly string[] } {
  const known: readonly string[] = DOTENV_NAMES;
  const names = Object.keys(parse(text));
  return {
    read: names.filter((name) => known.includes(name)),
    ignored: names.filter((name) => name.startsWith("PW_") && !known.includes(name)),
  };
}
