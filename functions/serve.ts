/** The self-hosted server's entry point: `deno task serve`. */

import { runServer } from "../lib/cli/serve.ts";
import { host } from "./host.ts";

await runServer(host, async () => (await import("./schedules.ts")).schedules);
