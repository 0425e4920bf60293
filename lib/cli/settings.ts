/** Reads a `.env` file in the working directory, if it exists and may be read, in addition to the environment. */

import { orNull } from "../os_error.ts";
import type { Context } from "./context.ts";

/** Adds the variables of `.env` to the context: the API key apart, as its source decides what it may be used for. */
export async function withDotenv(context: Context): Promise<Context> {
  const text = await dotenvText(context);
  if (text === undefined) return context;
  const { readDotenv } = await import("../platform/credentials/dotenv_file.ts");
  const { apiKey, settings } = readDotenv(text);
  return { ...context, dotenvKey: apiKey, env: (name) => context.env(name) ?? settings.get(name) };
}

/** The text of `.env`; `undefined` if it does not exist or may not be read. */
export async function dotenvText({ mayRead, readTextFile }: Context): Promise<string | undefined> {
  if (!mayRead(".env")) return undefined;
  // Usually there is none. A virtual environment may be a directory with that name, and the file may belong to others.
  const { IsADirectory, PermissionDenied } = Deno.errors;
  return await orNull(readTextFile(".env"), IsADirectory, PermissionDenied) ?? undefined;
}
