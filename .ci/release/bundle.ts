/**
 * Bundles the program with the parts of its packages that it uses. `deno compile` alone would embed entire packages,
 * including those of the tests, and every start would read them.
 */

const ROOT = new URL("../../", import.meta.url);
const DEADLINE_MS = 300_000;

export interface BundleOptions {
  /** Path of the Deno that bundles. */
  readonly deno: string;
  /** An empty folder. */
  readonly folder: string;
  /** Shown by `--version`; empty if unknown. */
  readonly commit: string;
}

export interface Bundle {
  /** Path of the main module; its other files are in the same folder. */
  readonly entry: string;
}

/** @throws Error with the bundler's message. */
export async function bundleProgram({ deno, folder, commit }: BundleOptions): Promise<Bundle> {
  // A generated entry point passes the commit, so that the sources are bundled unchanged.
  const entry = `${folder}/main.ts`;
  const start = JSON.stringify(new URL("lib/cli/start.ts", ROOT).href);
  await Deno.writeTextFile(
    entry,
    `import { startProgram } from ${start};
await startProgram(${JSON.stringify(commit)});
`,
  );
  // pg requires pg-native only where it is installed.
  const { success, stderr } = await new Deno.Command(deno, {
    args: [
      "bundle",
      "--quiet",
      "--frozen",
      "--code-splitting",
      "--external",
      "pg-native",
      "--outdir",
      `${folder}/program`,
      entry,
    ],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  if (!success) throw new Error(`Cannot bundle the program: ${new TextDecoder().decode(stderr).trim()}`);
  return { entry: `${folder}/program/main.js` };
}

/** The abbreviated commit, with `-dirty` if files differ from it; empty outside a git checkout. */
export async function commitOfCheckout(): Promise<string> {
  // An archive unpacked inside another repository must not show that repository's commit.
  if (await git("rev-parse", "--show-prefix") !== "") return "";
  return await git("describe", "--always", "--dirty", "--exclude=*", "--abbrev=7") ?? "";
}

/** Git's output; `undefined` if git is missing or fails. */
async function git(...args: readonly string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: [...args],
      cwd: ROOT,
      stdin: "null",
      stderr: "null",
      signal: AbortSignal.timeout(DEADLINE_MS),
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
