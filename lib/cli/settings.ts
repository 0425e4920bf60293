/** Reads a `.env` file in the working directory, if it exists and may be read, in addition to the environment. */

import { orNull, orUsageError } from "../os_error.ts";
import type { Context } from "./context.ts";

/** Adds the variables of `.env` to the context: the API key apart, as its source decides what it may be used for. */
export async function withDotenv(context: Context): Promise<Context> {
  const text = await dotenvText(context);
  if (text === undefined) return context;
  const { readDotenv } = await import("../platform/credentials/dotenv_file.ts");
  const { apiKey, settings } = readDotenv(text);
  const dotenvSettings = new Map([...settings].filter(([name]) => context.env(name) === undefined));
  const env = (name: string) => context.env(name) ?? dotenvSettings.get(name);
  return { ...context, dotenvKey: apiKey, dotenvSettings, env };
}

/** As messages name a variable. */
export const settingName = ({ dotenvSettings }: Pick<Context, "dotenvSettings">, name: string): string =>
  dotenvSettings?.has(name) ? `${name} of .env` : name;

/** The text of `.env`; `undefined` if it does not exist or may not be read. */
export async function dotenvText({ mayRead, readTextFile }: Context): Promise<string | undefined> {
  if (!mayRead(".env")) return undefined;
  // Usually there is none. A virtual environment may be a directory with that name, and the file may belong to others.
  const { IsADirectory, PermissionDenied } = Deno.errors;
  const reading = () => orNull(readTextFile(".env"), IsADirectory, PermissionDenied);
  return await orUsageError("read .env", reading) ?? undefined;
}
