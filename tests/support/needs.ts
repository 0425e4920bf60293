/** Present on some machines only, and not installed by a package manager. */
export type Extra = "../shared" | "the compile kit";

/**
 * Skips a test when something is missing, and appends what is missing to its name. With `CI_REQUIRES_ALL` the test runs
 * and fails instead, because a skip would hide a failure. `CI_MAY_SKIP` lists the extras, separated by commas, that may
 * be missing even then.
 *
 * @param missing `undefined` when nothing is missing.
 * @param extra The extra that the test needs, if any.
 */
export function needing(
  name: string,
  missing: string | undefined,
  extra?: Extra,
): Pick<Deno.TestDefinition, "name" | "ignore"> {
  const isRequired = (Deno.env.get("CI_REQUIRES_ALL") ?? "") !== "" && !maySkip(extra);
  if (missing === undefined || isRequired) return { name, ignore: false };
  return { name: `${name} (${extra === undefined ? "" : `needs ${extra}: `}${missing})`, ignore: true };
}

function maySkip(extra: Extra | undefined): boolean {
  return extra !== undefined && (Deno.env.get("CI_MAY_SKIP") ?? "").split(",").includes(extra);
}

/** @returns What is missing; `undefined` when the program is installed. */
export async function programMissing(name: string): Promise<string | undefined> {
  try {
    await new Deno.Command(name, { args: ["--version"], stdin: "null", stdout: "null", stderr: "null" }).output();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `${name} is not installed`;
    throw error;
  }
}
