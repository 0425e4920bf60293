/** The command line's entry point. */

import { start } from "./lib/cli/start.ts";

if (import.meta.main) await start("");
