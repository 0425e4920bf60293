/** What a test needs from the machine, and what becomes of it where that is missing. */

/** What some machines have beside the checkout, and no package manager installs. */
export type Extra = "../shared" | "the compile kit";

/**
 * Skips a test where something is missing, and says what in its name. Where `CI_REQUIRES_ALL` is set a skip would hide
 * a failure, so the test runs, and fails by what is missing. `CI_MAY_SKIP` names the extras, separated by commas, that
 * may be missing even there.
 *
 * @param missing What is missing; `undefined` when nothing is.
 * @param extra The extra that the test needs; none unless given.
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
