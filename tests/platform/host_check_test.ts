import assert from "node:assert/strict";
import { checkHealth, getWorkspaceStatus } from "../../lib/platform/host_check.ts";
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
  Deno.test(`a clock skew of ${skewMs / 1_000} s is measured from the response, without a key`, async () => {
    await using simulator = await startSimulator({ clock, behavior: { clockSkewMs: skewMs } });
    const { state, clockAheadMs } = await checkHealth(httpOf(simulator.url), {});
    assert.equal(state, "ok");
    assert.ok(Math.abs((clockAheadMs ?? NaN) - skewMs) <= 500, `${clockAheadMs}`);
  });
}

for (
  const [what, response, state] of [
    ["raw text", () => new Response("OK\n"), "ok"],
    ["JSON", () => Response.json("OK"), "ok"],
    ["a sign-in page", () => new Response("<html>Sign in</html>"), "foreign"],
    ["404", () => new Response("not found", { status: 404 }), "unknown"],
  ] as const
) {
  Deno.test(`a health response of ${what} is ${state}`, async () => {
    await using server = httpServer(response);
    assert.equal((await checkHealth(httpOf(server.url), {})).state, state);
    assert.deepEqual(server.received, ["GET /healthzz"]);
    assert.equal(server.headers[0]?.has("authorization"), false);
  });
}

Deno.test("an unhealthy host is requested once, and its error thrown", async () => {
  await using server = httpServer(() => new Response("", { status: 503 }));
  await assert.rejects(checkHealth(httpOf(server.url), {}), {
    name: "Unavailable",
    message: /^Cannot reach http.*503/,
  });
  assert.equal(server.received.length, 1);
});

Deno.test("an unreachable host is reported as such", async () => {
  const server = httpServer(() => new Response());
  await server[Symbol.asyncDispose]();
  await assert.rejects(checkHealth(httpOf(server.url), {}), { name: "Unreachable", message: /was refused/ });
});

for (const status of ["Running", "Off", "Starting"] as const) {
  Deno.test(`the status of a workspace that is ${status} is returned`, async () => {
    await using simulator = await startSimulator({ clock, behavior: { workspace: status } });
    const http = httpOf(simulator.url, new Secret(`Basic ${btoa(`${simulator.key}:`)}`));
    assert.deepEqual(await getWorkspaceStatus(http, {}), { status, details: null, home: null });
  });
}

Deno.test("the size of a workspace's home is returned if the server reports it", async () => {
  const homeStorage = { size: 100, used: 60, available: 40 };
  await using server = httpServer(() => Response.json({ status: "Running", details: "since noon", homeStorage }));
  assert.deepEqual(await getWorkspaceStatus(httpOf(server.url), {}), {
    status: "Running",
    details: "since noon",
    home: { sizeBytes: 100, availableBytes: 40 },
  });
});

Deno.test("the workspace is null on a server without this route", async () => {
  await using server = httpServer(() => new Response(null, { status: 404 }));
  assert.equal(await getWorkspaceStatus(httpOf(server.url), {}), null);
});
