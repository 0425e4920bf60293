/** Starts the program. `--version` alone loads no other module. */

import { versionLine } from "../version.ts";

/** @param commit The commit a binary was built from; empty in a checkout. */
export async function startProgram(commit: string): Promise<void> {
  const [first, ...others] = Deno.args;
  if ((first === "--version" || first === "-V") && others.length === 0) {
    console.log(versionLine(commit));
    return;
  }
  const [{ runCommandLine }, { systemContext }] = await Promise.all([
    import("./program.ts"),
    import("./system_context.ts"),
  ]);
  Deno.exit(await runCommandLine(systemContext(versionLine(commit))));
}
