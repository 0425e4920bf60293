/** The runtime functions that the service needs. Only this file reads the environment. */

import type { ServiceHost } from "../lib/scheduler/service.ts";

export const host: ServiceHost = {
  env: (name) => Deno.env.get(name),
  fetch: globalThis.fetch,
  random() {
    const [draw = 0] = crypto.getRandomValues(new Uint32Array(1));
    return draw / 2 ** 32;
  },
  readTextFile: (path) => Deno.readTextFile(path),
  log(level, message) {
    if (level === "DEBUG") return;
    (level === "ERROR" || level === "WARNING" ? console.error : console.log)(`${level} ${message}`);
  },
};
