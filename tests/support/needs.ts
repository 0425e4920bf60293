/** What a test needs from the machine, and what becomes of it where that is missing. */

/**
 * Skips a test where something is missing, and says what in its name. Where `CI_REQUIRES_ALL` is set a skip would hide
 * a failure, so the test runs, and fails by what is missing.
 *
 * @param missing What is missing; `undefined` when nothing is.
 */
export function needing(
  name: string,
  missing: string | undefined,
): Pick<Deno.TestDefinition, "name" | "ignore"> {
  const isRequired = (Deno.env.get("CI_REQUIRES_ALL") ?? "") !== "";
  return missing === undefined || isRequired ? { name, ignore: false } : { name: `${name} (${missing})`, ignore: true };
}

/** Says what is missing when a program is not there. */
export async function programMissing(name: string): Promise<string | undefined> {
  try {
    await new Deno.Command(name, { args: ["--version"], stdin: "null", stdout: "null", stderr: "null" }).output();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `${name} is not there`;
    throw error;
  }
}
