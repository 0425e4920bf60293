/** Why this file: a `.env` in the working folder adds to the environment, where there is one and it may be read. */

import type { Context } from "./context.ts";

/** The context with what `.env` adds to its environment. */
export async function withDotenv(context: Context): Promise<Context> {
  const text = await dotenvText(context);
  if (text === undefined) return context;
  const { envWithDotenv } = await import("../platform/credentials/dotenv_file.ts");
  return { ...context, env: envWithDotenv(context.env, text) };
}

/** What `.env` says; `undefined` where there is none, or it may not be read. */
export async function dotenvText(
  { mayRead, readTextFile }: Pick<Context, "mayRead" | "readTextFile">,
): Promise<string | undefined> {
  if (!mayRead(".env")) return undefined;
  try {
    return await readTextFile(".env");
  } catch (error) {
    // Most often there is none; a virtual environment's folder may have its name; others' files are not for us.
    const { NotFound, IsADirectory, PermissionDenied } = Deno.errors;
    if ([NotFound, IsADirectory, PermissionDenied].some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}
