/** Access keys, also as a browser's password. */

import assert from "node:assert/strict";
import { silentLog } from "../../lib/log.ts";
import { accessOf, readAccessKeys } from "../../lib/server/auth.ts";
import { createHandler } from "../../lib/server/app.ts";
import { browserMissing, openBrowser } from "../support/browser.ts";
import { needing } from "../support/needs.ts";
import { aServiceStage } from "../support/service.ts";

const FULL = "full-key-0123456789";
const READ = "read-key-0123456789";
const KEYS: Readonly<Record<string, string>> = { PW_TRIGGER_KEY: FULL, PW_READ_KEY: READ };

Deno.test({
  ...needing("a browser prompts for a password, and the read key opens the page", await browserMissing()),
  // The browser's processes end shortly after it is closed.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using stage = await aServiceStage([]);
    const service = await stage.isolate();
    const handler = createHandler({
      log: silentLog,
      open: () => Promise.resolve(service),
      keys: readAccessKeys((name) => KEYS[name]),
    });
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
    const url = `http://127.0.0.1:${server.addr.port}/`;
    await using browser = await openBrowser();
    const statusWith = async (password: string) => {
      const context = await browser.newContext({ httpCredentials: { username: "any", password } });
      const page = await context.newPage();
      const response = await page.goto(url);
      const heading = await page.locator("h1").count();
      await context.close();
      return [response?.status(), heading];
    };
    assert.deepEqual(await statusWith(READ), [200, 1]);
    assert.deepEqual(await statusWith("wrong-key-0123456789"), [401, 0]);
  },
});

for (
  const [client, accept, challenge] of [
    ["a browser", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", /^Basic realm="[^"]+"$/],
    ["a program", "*/*", /^Bearer realm="[^"]+"$/],
  ] as const
) {
  Deno.test(`${client} without a key gets its authentication scheme`, async () => {
    await using stage = await aServiceStage([]);
    const service = await stage.isolate();
    const handler = createHandler({
      log: silentLog,
      open: () => Promise.resolve(service),
      keys: readAccessKeys((name) => KEYS[name]),
    });
    const response = await handler(new Request("https://runner.example/", { headers: { accept } }));
    await response.body?.cancel();
    assert.equal(response.status, 401);
    assert.match(response.headers.get("www-authenticate") ?? "", challenge);
  });
}

for (
  const [what, full, read, problem] of [
    ["a missing trigger key", "", READ, /PW_TRIGGER_KEY is not set/],
    ["a short trigger key", "short", "", /PW_TRIGGER_KEY is shorter/],
    ["a short read key", FULL, "short", /PW_READ_KEY is shorter/],
    ["a trigger key with a space", "full key 0123456789", "", /PW_TRIGGER_KEY contains a space/],
    ["a read key that is not ASCII", FULL, "r\u00e9ad-key-0123456789", /PW_READ_KEY contains/],
    ["a pair of short keys", "short", "brief", /^PW_TRIGGER_KEY is shorter .*; PW_READ_KEY is shorter [^;]*$/],
    ["one key for both", FULL, FULL, /PW_READ_KEY is the same/],
  ] as const
) {
  Deno.test(`${what} is rejected, and not printed`, () => {
    const keys = readAccessKeys((name) => ({ PW_TRIGGER_KEY: full, PW_READ_KEY: read })[name]);
    assert.ok(typeof keys === "string");
    assert.match(keys, problem);
    assert.ok(!keys.includes(FULL) && !keys.includes("short "));
  });
}

const requestWith = (authorization: string) => new Request("https://runner.example/", { headers: { authorization } });

Deno.test("several spaces may separate a key from its scheme", async () => {
  const request = new Request("https://runner.example/", { headers: { authorization: `Bearer  ${FULL}` } });
  assert.equal(await accessOf(request, { full: FULL, read: READ }), "full");
});

Deno.test("without a read key, an empty key has no access", async () => {
  for (const authorization of ["", "Bearer", "Bearer ", `Basic ${btoa("any:")}`]) {
    assert.equal(await accessOf(requestWith(authorization), { full: FULL, read: null }), "none");
  }
});

Deno.test("a key whose digest ends like that of the right one has no access", async () => {
  const lastByteOf = async (key: string) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key))).at(-1);
  const wanted = await lastByteOf(FULL);
  let number = 0;
  while (await lastByteOf(`other-key-${number}`) !== wanted) number++;
  assert.equal(await accessOf(requestWith(`Bearer other-key-${number}`), { full: FULL, read: READ }), "none");
});
