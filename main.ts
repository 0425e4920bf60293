import { start } from "./lib/cli/start.ts";

if (import.meta.main) await start("");
