/**
 * Bundles the program with the parts of its packages that it uses. `deno compile` alone would embed entire packages,
 * including those of the tests, and every start would read them.
 */

import { filesOfBinary } from "./binary.ts";
import { compileStartsEagerly } from "./eager.ts";
import { assertAcyclic, type Part, partOf, type Program } from "./link.ts";
import { singleFileOf } from "./single_file.ts";

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
  /** Path of the main module; its other modules are in the same folder. */
  readonly entry: string;
  /** How many scripts are in this folder, too. */
  readonly scripts: number;
}

/**
 * Packages whose build for Node is used, by the names of their adapters. Of all others the build for browsers is used: it
 * is an ES module, while those for Node are CommonJS, which needs `node:module` at every start. These packages import
 * `node:` modules themselves. A bundler hoists that to every start of a single file; so they are bundled apart, and the
 * program imports them dynamically.
 */
const APART = ["clack", "pg"] as const;

/** Half as many bytes are read and compiled at every start. Older bundlers break `require()` of `node:` modules. */
const MINIFY = "--minify";

const PROGRAM = [
  ...[MINIFY, "--platform", "browser", "--external", "node:*"],
  ...APART.flatMap((name) => ["--external", `*/deps/${name}.ts`]),
];

/** The bundler of Deno 2.4 fails where deno.json has modules load when they are imported. */
const WITHOUT_CONFIG = ["--no-config", "--frozen", "--lock=deno.lock"];

/** Older bundlers take the builds for Node even with `--platform browser`. The fraction is the minor version in two digits. */
const MIN_VERSION = 2.09;

async function isOld(deno: string): Promise<boolean> {
  const { stdout } = await new Deno.Command(deno, { args: ["--version"], stdin: "null", stderr: "null" }).output();
  const [, major = "", minor = ""] = /^deno (\d+)\.(\d+)/.exec(new TextDecoder().decode(stdout)) ?? [];
  return Number(`${major}.${minor.padStart(2, "0")}`) < MIN_VERSION;
}

/**
 * As several files, of which a start reads only those it needs.
 *
 * @throws Error with the bundler's message.
 */
export async function bundleProgram(options: BundleOptions): Promise<Bundle> {
  if (await isOld(options.deno)) {
    // The program is the same, but starts slower.
    return { entry: `${await split(options, [])}/main.js`, scripts: 0 };
  }
  const folder = await Deno.makeTempDir({ dir: options.folder });
  const { texts, scripts } = filesOfBinary(await bundleParts(options));
  for (const [name, text] of texts) await Deno.writeTextFile(`${folder}/${name}`, text);
  return { entry: `${folder}/main.js`, scripts };
}

/**
 * As one file, which `deno run URL` starts with one download.
 *
 * @returns Its text.
 * @throws Error with the bundler's message, if a start would load more than the file, or fails.
 */
export async function bundleSingleFile(options: BundleOptions): Promise<string> {
  if (await isOld(options.deno)) {
    throw new Error(`Cannot bundle one file with this Deno: its bundler takes packages' builds for Node; use Deno 2.9`);
  }
  return await singleFileOf(await bundleParts(options));
}

async function bundleParts(options: BundleOptions): Promise<Program> {
  const program = await split(options, PROGRAM);
  const names = await Array.fromAsync(Deno.readDir(program), ({ name }) => name);
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(`${program}/${name}`)));
  for (const [index, text] of linkAdapters(texts).entries()) {
    await Deno.writeTextFile(`${program}/${names[index]}`, asciiOnly(text));
  }
  const modules = new Map<string, string>();
  for (const name of APART) {
    const file = `${program}/${name}.js`;
    await bundle(options.deno, new URL(`lib/deps/${name}.ts`, ROOT).href, [MINIFY, "--output", file]);
    modules.set(`${name}.js`, asciiOnly(await Deno.readTextFile(file)));
  }
  const entry = `${program}/main.js`;
  const loaded = await compileStartsEagerly({ deno: options.deno, folder: options.folder, entry });
  const parts = new Map<string, Part>();
  for (const name of names.sort()) {
    if (name !== "main.js") parts.set(name, partOf(await Deno.readTextFile(`${program}/${name}`)));
  }
  assertAcyclic(parts);
  return { main: partOf(await Deno.readTextFile(entry), "async "), parts, modules, loaded };
}

/** One other character makes the engine keep the entire file with two bytes per character, which every start would decode. */
function asciiOnly(code: string): string {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Replaces the imports of the adapters that are bundled apart. */
function linkAdapters(texts: readonly string[]): readonly string[] {
  let linked = texts;
  for (const name of APART) {
    const imported = new RegExp(`import\\("[./]+/deps/${name}\\.ts"\\)`, "g");
    if (!linked.some((text) => imported.test(text))) {
      throw new Error(`Cannot bundle the program: it does not import ${name} dynamically`);
    }
    linked = linked.map((text) => text.replaceAll(imported, `import("./${name}.js")`));
  }
  return linked;
}

/** @returns The path of a folder with the bundle. */
async function split({ deno, folder, commit }: BundleOptions, args: readonly string[]): Promise<string> {
  const output = await Deno.makeTempDir({ dir: folder });
  await bundle(deno, await writeEntry(folder, commit), [...args, "--code-splitting", "--outdir", output]);
  return output;
}

/** Writes a main module that passes the commit, so that the sources are bundled unchanged. */
async function writeEntry(folder: string, commit: string): Promise<string> {
  const entry = `${folder}/main.ts`;
  const start = JSON.stringify(new URL("lib/cli/start.ts", ROOT).href);
  await Deno.writeTextFile(
    entry,
    `import { startProgram } from ${start};
await startProgram(${JSON.stringify(commit)});
`,
  );
  return entry;
}

/** @throws Error with the bundler's message. */
async function bundle(deno: string, entry: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(deno, {
    // pg requires pg-native only where it is installed.
    args: ["bundle", "--quiet", ...WITHOUT_CONFIG, "--external", "pg-native", ...args, entry],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  if (!success) throw new Error(`Cannot bundle ${entry}: ${new TextDecoder().decode(stderr).trim()}`);
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
