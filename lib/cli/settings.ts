/** What the environment says, and a `.env` in the working folder beside it. */

import type { Context } from "./context.ts";

/** Reads a variable; the file is asked for the few names that it may set, and never overrides. */
export async function settingsOf(context: Context): Promise<(name: string) => string | undefined> {
  const text = await dotenvText(context);
  if (text === undefined) return context.env;
  const { envWithDotenv } = await import("../client/dotenv_file.ts");
  return envWithDotenv(context.env, text);
}

/** A file that isn't there, or that we may not read, says nothing. */
async function dotenvText({ mayRead, readTextFile }: Context): Promise<string | undefined> {
  if (!mayRead(".env")) return undefined;
  try {
    return await readTextFile(".env");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return undefined;
    if (error instanceof Deno.errors.IsADirectory) return undefined;
    throw error;
  }
}
