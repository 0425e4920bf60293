/** What docs/cloud.md promises of HTTP is so. */

import assert from "node:assert/strict";
import { silentLog } from "../../lib/log.ts";
import hello from "../../inputs/hello-world.json" with { type: "json" };
import { readKeys } from "../../lib/server/auth.ts";
import { tick } from "../../lib/scheduler/tick.ts";
import { createHandler } from "../../lib/server/app.ts";
import { aServiceStage } from "../support/service.ts";

const FULL = "full-key-0123456789";
const READ = "read-key-0123456789";
const KEYS: Readonly<Record<string, string>> = { PW_TRIGGER_KEY: FULL, PW_READ_KEY: READ };
const GUIDE = await Deno.readTextFile(new URL("../../docs/cloud.md", import.meta.url));
const NIGHTLY = { name: "nightly", cron: "30 2 * * *", workflow: "quick" };

const ROWS = [...GUIDE.matchAll(/^\| `(GET|POST) (\/\S*)` +\| (full|reading|none) +\|/gm)]
  .map(([, method = "", path = "", key = ""]) => ({ method, path, key }));

Deno.test("docs/cloud.md lists addresses", () => assert.equal(ROWS.length, 8));

for (const { method, path, key } of ROWS) {
  Deno.test(`docs/cloud.md: ${method} ${path} is there, and opens to ${key === "none" ? "anybody" : `the ${key} key`}`, async () => {
    await using stage = await aServiceStage([NIGHTLY]);
    const service = await stage.isolate();
    await tick(service);
    const handler = createHandler({
      log: silentLog,
      open: () => Promise.resolve(service),
      keys: readKeys((name) => KEYS[name]),
    });
    const ask = async (where: string, given: string | null, how = method) => {
      const answer = await handler(
        new Request(`https://runner.example${where}`, {
          method: how,
          headers: {
            ...(given === null ? {} : { authorization: `Bearer ${given}` }),
            ...(how === "POST" ? { "content-type": "application/json" } : {}),
          },
          ...(how === "POST" ? { body: JSON.stringify({ workflow: "hello-world", inputs: hello }) } : {}),
        }),
      );
      return { status: answer.status, text: await answer.text() };
    };
    const { id } = JSON.parse((await ask("/runs", FULL, "POST")).text);
    const where = path.replace(":id", id).replace(":name", "nightly");
    assert.equal((await ask(where, null)).status, key === "none" ? 200 : 401);
    assert.equal((await ask(where, READ)).status, key === "full" ? 403 : 200);
    assert.ok([200, 202].includes((await ask(where, FULL)).status));
  });
}
