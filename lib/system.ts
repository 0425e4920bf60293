/** The machine's randomness and environment, for the entry points and for the defaults of the library. */

/** In [0, 1). Slugs depend on it: two processes must not draw the same numbers. */
export function systemRandom(): number {
  const [draw = 0] = crypto.getRandomValues(new Uint32Array(1));
  return draw / 2 ** 32;
}

/** Reads a variable. PW_API_KEY prompts for permission if necessary; any other is optional and never prompts. */
export function systemEnv(name: string): string | undefined {
  return name === "PW_API_KEY" || mayReadEnv(name) ? Deno.env.get(name) : undefined;
}

/** Whether a variable may be read without a permission prompt. */
export function mayReadEnv(name: string): boolean {
  return Deno.permissions.querySync({ name: "env", variable: name }).state === "granted";
}
