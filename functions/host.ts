/** The runtime functions that the service needs. Only this file reads the environment. */

import { systemRandom } from "../lib/system.ts";
import type { ServiceHost } from "../lib/scheduler/service.ts";

/** Deno's own. */
export const host: ServiceHost = {
  env: (name) => Deno.env.get(name),
  fetch: globalThis.fetch,
  random: systemRandom,
  readTextFile: (path) => Deno.readTextFile(path),
  runIsolated: async (call) => await (await import("../lib/cli/run_program.ts")).runIsolated(call),
  log(level, message) {
    if (level === "DEBUG") return;
    (level === "ERROR" || level === "WARNING" ? console.error : console.log)(`${level} ${message}`);
  },
};
