/** The self-hosted server's entry point: `deno task serve`. */

import { serve } from "../lib/cli/serve.ts";
import { host } from "./host.ts";

await serve(host, async () => (await import("./schedules.ts")).schedules);
