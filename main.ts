/** The program's door. `--version` alone loads nothing else. */

import { VERSION_LINE } from "./lib/version.ts";

if (import.meta.main) {
  const [first, ...others] = Deno.args;
  if ((first === "--version" || first === "-V") && others.length === 0) {
    console.log(VERSION_LINE);
  } else {
    const [{ main }, { systemContext }] = await Promise.all([
      import("./lib/cli/program.ts"),
      import("./lib/cli/system_context.ts"),
    ]);
    Deno.exit(await main(systemContext()));
  }
}
