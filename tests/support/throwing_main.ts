/** The program with a dependency that breaks: a defect of ours, as a user would meet it. */

import { main } from "../../lib/cli/program.ts";
import { systemContext } from "../../lib/cli/system_context.ts";

const context = systemContext("");
const random = () => {
  throw new TypeError("the dice are broken");
};
Deno.exit(await main({ ...context, random }));
