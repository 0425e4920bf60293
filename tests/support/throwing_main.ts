/** The program with a dependency that throws, to show a user's view of a defect. */

import { runCommandLine } from "../../lib/cli/program.ts";
import { systemContext } from "../../lib/cli/system_context.ts";

const context = systemContext("");
const random = () => {
  throw new TypeError("the random source is broken");
};
Deno.exit(await runCommandLine({ ...context, random }));
