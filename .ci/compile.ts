/**
 * `deno task compile [--output FILE]` compiles this machine's binary; `deno task compile:all [--keep] [--output FOLDER]`
 * writes the files of a release: five binaries, the single file, and their SHA-256 sums. Exits with 1 when a binary is
 * missing, and then writes no sums. Binaries start faster if each is compiled on a machine that it is for: with `--keep`,
 * those that are in the folder are not compiled again.
 *
 * `COMPILE_DENO` is the path of the Deno that compiles, `BUNDLE_DENO` of the one that bundles. Deno itself reads `DENORT_BIN`, the path of this machine's
 * runtime.
 */

import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bundle, bundleProgram, bundleSingleFile, commitOfCheckout } from "./release/bundle.ts";
import { compileProgram } from "./release/code_cache.ts";
import { targetOfFile } from "./release/executable.ts";
import { licensesOf, packagesOf } from "./release/licenses.ts";
import { runScript } from "./release/run_script.ts";
import { sumsOf } from "./release/sums.ts";
import { assetName, asTarget, SINGLE_FILE, type Target, TARGETS } from "./release/targets.ts";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const BUNDLER = Deno.env.get("BUNDLE_DENO") ?? Deno.execPath();
const SUMS = "SHA256SUMS";
const LICENSES = "THIRD_PARTY_LICENSES";

async function main(args: readonly string[]): Promise<number> {
  const isAll = args[0] === "--all";
  const keeps = isAll && args[1] === "--keep";
  const [option, output, ...others] = args.slice(Number(isAll) + Number(keeps));
  const isValid = option === undefined || (option === "--output" && output !== undefined && others.length === 0);
  if (!isValid) {
    console.error("Usage: compile [--output FILE], compile:all [--keep] [--output FOLDER]");
    return 2;
  }
  if (isAll) return await compileAll(resolve(output ?? DIST), keeps);
  return await compileHere(resolve(output ?? join(DIST, executableName(Deno.build.target))));
}

interface Program {
  readonly bundle: Bundle;
  readonly deno: string;
  /** Temporary. */
  readonly folder: string;
  readonly commit: string;
}

async function compileHere(output: string): Promise<number> {
  const target = asTarget(Deno.build.target);
  if (target === undefined) {
    console.error(
      `Cannot compile for ${Deno.build.target}: no release supports it, only ${TARGETS.join(", ")}`,
    );
    return 1;
  }
  await removeIfExists(output);
  const missing = await withProgram((program) => compileEach(program, [target], () => output));
  return missing.length === 0 ? 0 : 1;
}

async function compileAll(folder: string, keeps: boolean): Promise<number> {
  const outputOf = (target: Target) => join(folder, assetName(target));
  for (const old of [join(folder, SUMS), join(folder, SINGLE_FILE), ...(keeps ? [] : TARGETS.map(outputOf))]) {
    await removeIfExists(old);
  }
  return await withProgram(async (program) => {
    const kept = await Promise.all(TARGETS.map(async (target) => await targetOfFile(outputOf(target)) === target));
    const missing = await compileEach(program, TARGETS.filter((_, index) => !kept[index]), outputOf);
    if (missing.length > 0) {
      console.error(
        `Cannot make a release: ${missing.length} of ${TARGETS.length} binaries are missing (${missing.join(", ")}), ` +
          `no ${SUMS} was written`,
      );
      return 1;
    }
    await Deno.writeTextFile(join(folder, SINGLE_FILE), await bundleSingleFile({ ...program, deno: BUNDLER }));
    const packages = await packagesOf(Deno.execPath());
    await Deno.writeTextFile(join(folder, LICENSES), await licensesOf(packages));
    await Deno.writeTextFile(join(folder, SUMS), await sumsOf(folder, [...TARGETS.map(assetName), SINGLE_FILE]));
    console.error(
      `Compiled all ${TARGETS.length} binaries and ${SINGLE_FILE}; their sums are in ${join(folder, SUMS)}`,
    );
    return 0;
  });
}

async function withProgram<T>(use: (program: Program) => Promise<T>): Promise<T> {
  const deno = Deno.env.get("COMPILE_DENO") ?? Deno.execPath();
  const folder = await Deno.makeTempDir();
  try {
    const commit = await commitOfCheckout();
    const bundle = await bundleProgram({ deno: BUNDLER, folder, commit });
    return await use({ deno, folder, commit, bundle });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns the targets that failed. Each binary is compiled in the temporary folder first, so that no partial file is left. */
async function compileEach(
  { deno, folder, commit, bundle }: Program,
  targets: readonly Target[],
  outputOf: (target: Target) => string,
): Promise<readonly Target[]> {
  const missing: Target[] = [];
  for (const target of targets) {
    const output = outputOf(target);
    try {
      const compiled = join(folder, target, executableName(target));
      await compileProgram({ deno, bundle, folder, target, output: compiled });
      await Deno.mkdir(dirname(output), { recursive: true });
      await Deno.copyFile(compiled, `${output}.part`);
      await Deno.rename(`${output}.part`, output);
      console.error(`Compiled ${output} ${commit === "" ? "" : `of ${commit} `}for ${target}`);
    } catch (error) {
      missing.push(target);
      console.error(error instanceof Error ? error.message : error);
    }
  }
  return missing;
}

function executableName(target: string): string {
  return `pw-workflow-runner${target.includes("windows") ? ".exe" : ""}`;
}

async function removeIfExists(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

if (import.meta.main) await runScript(main);
