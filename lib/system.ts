/** The machine's randomness and environment, for the entry points and for the defaults of the library. */

/**
 * In [0, 1). Slugs depend on it: two processes must not draw the same numbers, so the engine takes its seed from the system.
 * Loading `crypto` instead would delay each start by some milliseconds.
 */
export const systemRandom: () => number = Math.random;

/** Reads a variable. PW_API_KEY prompts for permission if necessary; any other is optional and never prompts. */
export function systemEnv(name: string): string | undefined {
  return name === "PW_API_KEY" || mayReadEnv(name) ? Deno.env.get(name) : undefined;
}

/** Asked once, as a start reads a dozen variables. */
const MAY_READ_ALL = isGranted();

/** Whether a variable may be read without a permission prompt. */
export function mayReadEnv(name: string): boolean {
  return MAY_READ_ALL || isGranted(name);
}

/** All variables by default. Asked anew each time. */
export function isGranted(variable?: string): boolean {
  return Deno.permissions.querySync(variable === undefined ? { name: "env" } : { name: "env", variable }).state ===
    "granted";
}
