/**
 * Compiles the program with what the engine has compiled of it after the most common starts, so that a start does not read
 * and compile that code again. The engine takes such a code cache only from the same version with the same flags: so a
 * binary records it, and a program for another machine has none.
 */

import { dirname } from "node:path";
import { cacheOf, codeOf, SCRIPTS, SCRIPTS_MODULE } from "./binary.ts";
import type { Bundle } from "./bundle.ts";
import { compileExecutable, type ExecutableOptions } from "./executable.ts";
import { runStarts, STARTS } from "./starts.ts";

/** Replaces the main module. The code caches of one start are in the next one, which adds what it compiles. */
const RECORDER = `import{${SCRIPTS}}from"./${SCRIPTS_MODULE}";
const folder=Deno.env.get("CODE_CACHES");
if(folder)addEventListener("unload",()=>${SCRIPTS}.forEach((script,number)=>
Deno.writeFileSync(folder+\`/${cacheOf("${number}")}\`,script.createCachedData())));
await import("./main.js");
`;

export interface ProgramOptions extends Omit<ExecutableOptions, "entry" | "files"> {
  readonly bundle: Bundle;
  /** For temporary files. */
  readonly folder: string;
}

/**
 * Leaves no file at `output` on failure.
 *
 * @throws Error that explains the failure.
 */
export async function compileProgram({ bundle, folder, ...options }: ProgramOptions): Promise<void> {
  const { entry, scripts } = bundle;
  const program = dirname(entry);
  const numbers = [...Array(scripts).keys()];
  const files = numbers.flatMap((number) => [`${program}/${codeOf(number)}`, `${program}/${cacheOf(number)}`]);
  for (const number of numbers) await Deno.writeTextFile(`${program}/${cacheOf(number)}`, "");
  if (scripts > 0 && options.target === Deno.build.target) await record(program, folder, { ...options, files });
  await compileExecutable({ ...options, entry, files });
}

async function record(
  program: string,
  folder: string,
  options: Omit<ExecutableOptions, "entry">,
): Promise<void> {
  const entry = `${program}/recorder.js`;
  const output = `${folder}/recorder${Deno.build.os === "windows" ? ".exe" : ""}`;
  const caches = await Deno.makeTempDir({ dir: folder });
  await Deno.writeTextFile(entry, RECORDER);
  await runStarts(folder, STARTS, async () => {
    await compileExecutable({ ...options, entry, output });
    return {
      start: { program: output, args: [], env: { CODE_CACHES: caches } },
      result: async () => {
        for await (const { name } of Deno.readDir(caches)) {
          await Deno.copyFile(`${caches}/${name}`, `${program}/${name}`);
        }
      },
    };
  });
}
