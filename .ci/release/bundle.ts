/**
 * Makes one folder of JavaScript of the program and the parts of its packages that it uses. `deno compile` alone would
 * take in whole packages, and those of the tests: each start would read them all.
 */

const ROOT = new URL("../../", import.meta.url);
const DEADLINE_MS = 300_000;

export interface BundleOptions {
  /** The Deno that bundles. */
  readonly deno: string;
  /** An empty folder to work in. */
  readonly folder: string;
  /** What `--version` shows beside the version; empty where it isn't known. */
  readonly commit: string;
}

export interface Bundle {
  /** The program's entry, its other files beside it. */
  readonly entry: string;
}

/**
 * Bundles the checkout.
 *
 * @throws Error with the bundler's words.
 */
export async function bundleProgram({ deno, folder, commit }: BundleOptions): Promise<Bundle> {
  // An entry point of its own hands over the commit, so that the sources are bundled as they are.
  const entry = `${folder}/main.ts`;
  const start = JSON.stringify(new URL("lib/cli/start.ts", ROOT).href);
  await Deno.writeTextFile(
    entry,
    `import { start } from ${start};
await start(${JSON.stringify(commit)});
`,
  );
  const { success, stderr } = await new Deno.Command(deno, {
    args: ["bundle", "--quiet", "--frozen", "--code-splitting", "--outdir", `${folder}/program`, entry],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  if (!success) throw new Error(`Cannot bundle the program: ${new TextDecoder().decode(stderr).trim()}`);
  return { entry: `${folder}/program/main.js` };
}

/** The short name of the checkout's commit, `-dirty` when files differ from it; empty outside a checkout of git. */
export async function commitOfCheckout(): Promise<string> {
  // An unpacked archive inside another repository must not show that one's commit.
  if (await git("rev-parse", "--show-prefix") !== "") return "";
  return await git("describe", "--always", "--dirty", "--exclude=*", "--abbrev=7") ?? "";
}

/** What git says; `undefined` where there is no git, or nothing to say. */
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
