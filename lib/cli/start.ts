/** Starts the program. `--version` alone loads no other module. */

import { versionLine } from "../version.ts";

/** @param commit The commit a binary was built from; empty in a checkout. */
export async function startProgram(commit: string): Promise<void> {
  const [first, ...others] = Deno.args;
  if ((first === "--version" || first === "-V") && others.length === 0) {
    try {
      return console.log(versionLine(commit));
    } catch {
      // The program reports an output that cannot be written.
    }
  }
  const [{ runCommandLine }, { systemContext }] = await loadProgram();
  Deno.exit(await runCommandLine(systemContext(versionLine(commit))));
}

async function loadProgram() {
  try {
    return await Promise.all([import("./program.ts"), import("./system_context.ts")]);
  } catch (error) {
    // In a checkout, its deno.json has Deno read modules when they are imported, with the permissions of the program.
    if (!(error instanceof TypeError && error.message.startsWith("Requires read access"))) throw error;
    console.error(`✗ Cannot load the program: ${error.message}`);
    console.error("  Add its folder to --allow-read=…, or start it with `deno run --no-config …`");
    Deno.exit(2);
  }
}
