import assert from "node:assert/strict";
import { askHealth, askWorkspace } from "../../lib/platform/host_check.ts";
import { createHttp, type Http } from "../../lib/platform/http.ts";
import { silentLog } from "../../lib/log.ts";
import { Secret } from "../../lib/secret.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { httpServer } from "./support/servers.ts";

const clock = virtualClock();

function httpOf(baseUrl: string, authorization: Secret | null = null): Http {
  const parts = { clock, fetch, random: () => 0.5, log: silentLog, userAgent: "test" };
  return createHttp({ ...parts, credential: { baseUrl, authorization } });
}

for (const skewMs of [0, 90_000, -600_000]) {
  Deno.test(`a clock that is ${skewMs / 1_000} s ahead is seen in the platform's answer, without a key`, async () => {
    await using simulator = await startSimulator({ clock, behavior: { clockSkewMs: skewMs } });
    const { state, clockAheadMs } = await askHealth(httpOf(simulator.url), {});
    assert.equal(state, "well");
    assert.ok(Math.abs((clockAheadMs ?? NaN) - skewMs) <= 500, `${clockAheadMs}`);
  });
}

for (
  const [what, answer, state] of [
    ["raw text", () => new Response("OK\n"), "well"],
    ["JSON", () => Response.json("OK"), "well"],
    ["a sign-in page", () => new Response("<html>Sign in</html>"), "foreign"],
    ["404", () => new Response("not found", { status: 404 }), "unknown"],
  ] as const
) {
  Deno.test(`an answer that is ${what} is ${state}`, async () => {
    await using server = httpServer(answer);
    assert.equal((await askHealth(httpOf(server.url), {})).state, state);
    assert.deepEqual(server.received, ["GET /healthzz"]);
    assert.equal(server.headers[0]?.has("authorization"), false);
  });
}

Deno.test("a host that is not well is asked once, and its error told", async () => {
  await using server = httpServer(() => new Response("", { status: 503 }));
  await assert.rejects(askHealth(httpOf(server.url), {}), { name: "Unavailable", message: /^Cannot reach http.*503/ });
  assert.equal(server.received.length, 1);
});

Deno.test("a host that is not there is told as what it is", async () => {
  const server = httpServer(() => new Response());
  await server[Symbol.asyncDispose]();
  await assert.rejects(askHealth(httpOf(server.url), {}), { name: "Unreachable", message: /was refused/ });
});

for (const word of ["Running", "Off", "Starting"] as const) {
  Deno.test(`a workspace that is ${word} is told so`, async () => {
    await using simulator = await startSimulator({ clock, behavior: { workspace: word } });
    const http = httpOf(simulator.url, new Secret(`Basic ${btoa(`${simulator.key}:`)}`));
    assert.deepEqual(await askWorkspace(http, {}), { status: word, details: null, home: null });
  });
}

Deno.test("a workspace's home is told where the server tells it", async () => {
  const homeStorage = { size: 100, used: 60, available: 40 };
  await using server = httpServer(() => Response.json({ status: "Running", details: "since noon", homeStorage }));
  assert.deepEqual(await askWorkspace(httpOf(server.url), {}), {
    status: "Running",
    details: "since noon",
    home: { sizeBytes: 100, availableBytes: 40 },
  });
});

Deno.test("a server without such a route tells nothing of a workspace", async () => {
  await using server = httpServer(() => new Response(null, { status: 404 }));
  assert.equal(await askWorkspace(httpOf(server.url), {}), null);
});
