import { startProgram } from "./lib/cli/start.ts";

if (import.meta.main) await startProgram("");
