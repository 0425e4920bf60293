/** Our handler as the host runs it; asked once by itself. */

import { readKeys } from "../../lib/server/auth.ts";
import { openOnce, openService } from "../../lib/scheduler/service.ts";
import { createHandler } from "../../lib/server/app.ts";
import { schedules } from "../../functions/schedules.ts";

const open = openOnce(() => openService({ schedules, kvPath: Deno.args[0] }));
const runId = createHandler({ open, keys: readKeys((name) => Deno.env.get(name)) });
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, runId);
await (await fetch(`http://127.0.0.1:${server.addr.port}/healthz`)).text();
console.log("answered");
