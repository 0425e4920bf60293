/**
 * Bundles the program with the parts of its packages that it uses. `deno compile` alone would embed entire packages,
 * including those of the tests, and every start would read them.
 */

import { basename } from "node:path";
import { gzipBase64 } from "../../lib/base64.ts";
import { callsOfStarts, compileStartsEagerly } from "./eager.ts";
import { mergeFiles } from "./merge.ts";

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

/** Older bundlers take the builds for Node even with `--platform browser`. */
const MIN_VERSION = 2.09;

/** The version of a Deno as a number whose fraction is the minor version in two digits, like 2.09. */
async function versionOf(deno: string): Promise<number> {
  const { stdout } = await new Deno.Command(deno, { args: ["--version"], stdin: "null", stderr: "null" }).output();
  const [, major = "", minor = ""] = /^deno (\d+)\.(\d+)/.exec(new TextDecoder().decode(stdout)) ?? [];
  return Number(`${major}.${minor.padStart(2, "0")}`);
}

/**
 * As several files, of which a start reads only those it needs.
 *
 * @throws Error with the bundler's message.
 */
export async function bundleProgram({ deno, folder, commit }: BundleOptions): Promise<Bundle> {
  const program = `${folder}/program`;
  const [entry, split] = [await writeEntry(folder, commit), ["--code-splitting", "--outdir", program]];
  if (await versionOf(deno) < MIN_VERSION) {
    // The program is the same, but starts slower.
    await bundle(deno, entry, split);
    return { entry: `${program}/main.js` };
  }
  await bundle(deno, entry, [...PROGRAM, ...split]);
  const adapters = Object.fromEntries(APART.map((name) => [name, `import("./${name}.js")`]));
  const files: string[] = [];
  for await (const { name } of Deno.readDir(program)) files.push(`${program}/${name}`);
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(file)));
  const linked = linkAdapters(texts, adapters);
  await Promise.all(files.map((file, index) => Deno.writeTextFile(file, linked[index] ?? "")));
  for (const name of APART) await bundleAdapter(deno, name, `${program}/${name}.js`);
  const bundled = { deno, folder, entry: `${program}/main.js` };
  const starts = (await callsOfStarts(bundled)).map((calls) => new Set([...calls.keys()].map((url) => basename(url))));
  await mergeFiles(program, starts, async (entry, output, external) => {
    const others = external.flatMap((name) => ["--external", name]);
    await bundle(deno, entry, [...PROGRAM, ...others, "--output", output]);
  });
  for await (const { name } of Deno.readDir(program)) {
    const file = `${program}/${name}`;
    await Deno.writeTextFile(file, asciiOnly(await Deno.readTextFile(file)));
  }
  await compileStartsEagerly(bundled);
  return { entry: bundled.entry };
}

/**
 * As one file, which `deno run URL` starts with one download.
 *
 * @returns Its text.
 * @throws Error with the bundler's message, if a start would load more than the file, or fails.
 */
export async function bundleSingleFile({ deno, folder, commit }: BundleOptions): Promise<string> {
  if (await versionOf(deno) < MIN_VERSION) {
    throw new Error(`Cannot bundle one file with this Deno: its bundler takes packages' builds for Node; use Deno 2.9`);
  }
  const output = `${folder}/program.js`;
  await bundle(deno, await writeEntry(folder, commit), [...PROGRAM, "--output", output]);
  const adapters = Object.fromEntries(APART.map((name) => [name, `importPacked("${name}")`]));
  const [program = ""] = linkAdapters([await Deno.readTextFile(output)], adapters);
  const hoisted = /(?:^|[;}])import[\s"{*][^;]*from\s*"[^"]+"/m.exec(program)?.[0];
  if (hoisted !== undefined) throw new Error(`Cannot bundle one file: every start would load ${hoisted}`);
  const packed = await Promise.all(APART.map(async (name) => {
    const file = `${folder}/${name}.js`;
    await bundleAdapter(deno, name, file);
    // `createRequire()`, with which CommonJS code gets `node:` modules, takes only URLs of files.
    return `${name}:"${await gzipBase64((await Deno.readTextFile(file)).replaceAll("import.meta.url", '"file:///"'))}"`;
  }));
  const code = asciiOnly(`var PACKED={${packed.join()}};\n${IMPORT_PACKED}\n${program}`);
  await Deno.writeTextFile(output, code);
  await compileStartsEagerly({ deno, folder, entry: output });
  return await Deno.readTextFile(output);
}

/** Every start reads and hashes the file: what few of them need is compressed. */
const IMPORT_PACKED = `async function importPacked(name){` +
  `let gzip=await(await fetch("data:;base64,"+PACKED[name])).blob();` +
  `let code=await new Response(gzip.stream().pipeThrough(new DecompressionStream("gzip"))).text();` +
  `return import("data:text/javascript;charset=utf-8,"+encodeURIComponent(code))}`;

/** One other character makes the engine keep the entire file with two bytes per character, which every start would decode. */
function asciiOnly(code: string): string {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Replaces the imports of the adapters that are bundled apart by these expressions. */
function linkAdapters(texts: readonly string[], expressions: Readonly<Record<string, string>>): readonly string[] {
  let linked = texts;
  for (const [name, expression] of Object.entries(expressions)) {
    const imported = new RegExp(`import\\("[./]+/deps/${name}\\.ts"\\)`, "g");
    if (!linked.some((text) => imported.test(text))) {
      throw new Error(`Cannot bundle the program: it does not import ${name} dynamically`);
    }
    linked = linked.map((text) => text.replaceAll(imported, expression));
  }
  return linked;
}

async function bundleAdapter(deno: string, name: string, output: string): Promise<void> {
  await bundle(deno, new URL(`lib/deps/${name}.ts`, ROOT).href, [MINIFY, "--output", output]);
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
