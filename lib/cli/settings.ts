/** Reads a `.env` file in the working directory, if it exists and may be read, in addition to the environment. */

import type { Context } from "./context.ts";

/** Adds the variables of `.env` to the context's environment. */
export async function withDotenv(context: Context): Promise<Context> {
  const text = await dotenvText(context);
  if (text === undefined) return context;
  const { envWithDotenv } = await import("../platform/credentials/dotenv_file.ts");
  return { ...context, env: envWithDotenv(context.env, text) };
}

/** The text of `.env`; `undefined` if it does not exist or may not be read. */
export async function dotenvText(
  { mayRead, readTextFile }: Pick<Context, "mayRead" | "readTextFile">,
): Promise<string | undefined> {
  if (!mayRead(".env")) return undefined;
  try {
    return await readTextFile(".env");
  } catch (error) {
    // Usually there is none. A virtual environment may be a directory with that name, and the file may belong to others.
    const { NotFound, IsADirectory, PermissionDenied } = Deno.errors;
    if ([NotFound, IsADirectory, PermissionDenied].some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}
