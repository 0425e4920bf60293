/** The table of the HTTP API in docs/service.md. */

import assert from "node:assert/strict";
import { silentLog } from "../../lib/log.ts";
import hello from "../../inputs/hello-world.json" with { type: "json" };
import { readAccessKeys } from "../../lib/server/auth.ts";
import { tick } from "../../lib/scheduler/tick.ts";
import { createHandler } from "../../lib/server/app.ts";
import { aServiceStage } from "../support/service.ts";

const FULL = "full-key-0123456789";
const READ = "read-key-0123456789";
const KEYS: Readonly<Record<string, string>> = { PW_TRIGGER_KEY: FULL, PW_READ_KEY: READ };
const GUIDE = await Deno.readTextFile(new URL("../../docs/service.md", import.meta.url));
const NIGHTLY = { name: "nightly", cron: "30 2 * * *", workflow: "quick" };

const ROWS = [...GUIDE.matchAll(/^\| `(GET|POST) (\/\S*)` +\| (trigger|read|none) +\|/gm)]
  .map(([, method = "", path = "", key = ""]) => ({ method, path, key }));

Deno.test("docs/service.md lists every route", () => assert.equal(ROWS.length, 8));

for (const { method, path, key } of ROWS) {
  Deno.test(`docs/service.md: ${method} ${path} exists, and needs ${key === "none" ? "no key" : `the ${key} key`}`, async () => {
    await using stage = await aServiceStage([NIGHTLY]);
    const service = await stage.isolate();
    await tick(service);
    const handler = createHandler({
      log: silentLog,
      open: () => Promise.resolve(service),
      keys: readAccessKeys((name) => KEYS[name]),
    });
    const send = async (target: string, accessKey: string | null, requestMethod = method) => {
      const response = await handler(
        new Request(`https://runner.example${target}`, {
          method: requestMethod,
          headers: {
            ...(accessKey === null ? {} : { authorization: `Bearer ${accessKey}` }),
            ...(requestMethod === "POST" ? { "content-type": "application/json" } : {}),
          },
          ...(requestMethod === "POST" && /^\/runs(\?|$)/.test(target)
            ? { body: JSON.stringify({ workflow: "hello-world", inputs: hello }) }
            : {}),
        }),
      );
      return { status: response.status, text: await response.text() };
    };
    const { id } = JSON.parse((await send("/runs", FULL, "POST")).text);
    const target = path.replace(":id", id).replace(":name", "nightly");
    assert.equal((await send(target, null)).status, key === "none" ? 200 : 401);
    assert.equal((await send(target, READ)).status, key === "trigger" ? 403 : 200);
    assert.ok([200, 202].includes((await send(target, FULL)).status));
  });
}

for (const file of ["functions/Dockerfile", "docs/service.md"]) {
  Deno.test(`${file}: PW_STORE_URL names another store than the service's own, as no option overrides it`, async () => {
    const text = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
    const [, start = assert.fail()] = /^(CMD \["run", [^]*?\]|ExecStart=.*)$/m.exec(text) ?? [];
    assert.doesNotMatch(start, /--store/);
    assert.match(text, /^(ENV|Environment=.*) ?PW_STORE_URL=\S+\/schedules\.db$/m);
  });
}
