/** The service's handler; sends itself one request. */

import { readAccessKeys } from "../../lib/server/auth.ts";
import { onceUnlessFailed } from "../../lib/once_unless_failed.ts";
import { openService } from "../../lib/scheduler/service.ts";
import { createHandler } from "../../lib/server/app.ts";
import { host } from "../../functions/host.ts";
import { schedules } from "../../functions/schedules.ts";

const open = onceUnlessFailed(() => openService({ host, schedules, store: `deno-kv:${Deno.args[0]}` }));
const handler = createHandler({ open, keys: readAccessKeys(host.env), log: host.log });
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
await (await fetch(`http://127.0.0.1:${server.addr.port}/healthz`)).text();
console.log("answered");
