import assert from "node:assert/strict";
import { BadResponse, StorageError, Unavailable } from "../../lib/errors.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { memoryRunStore } from "../../lib/store/memory_kv.ts";
import { depsFor } from "../support/deps.ts";
import { stillClock } from "../support/still_clock.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { clientOf, httpServer } from "./support/servers.ts";

for (const [behaviorOption, version] of [["current", "current"], ["both", "current"], ["legacy", "legacy"]] as const) {
  Deno.test(`apiVersion() of a server with ${behaviorOption} routes is ${version}, detected once`, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock, behavior: { apiVersion: behaviorOption } });
    const { client } = await depsFor(simulator, { clock });
    assert.deepEqual(await Promise.all([client.apiVersion({}), client.apiVersion({})]), [version, version]);
    assert.equal(await client.apiVersion({}), version);
    assert.deepEqual(simulator.received().map(({ method, path }) => `${method} ${path}`), [
      "GET /api/workflow-runs?limit=1",
    ]);
  });
}

Deno.test("a known API version is not detected again", async () => {
  await using server = httpServer(() => Response.json(null));
  assert.equal(await (await clientOf(server.url, { apiVersion: "legacy" })).apiVersion({}), "legacy");
  assert.deepEqual(server.received, []);
});

Deno.test("a server that responds with 405 is a legacy one, too", async () => {
  await using server = httpServer(() => new Response(null, { status: 405 }));
  assert.equal(await (await clientOf(server.url, { apiVersion: undefined })).apiVersion({}), "legacy");
});

Deno.test("a server that was taken for a legacy one is asked again after a minute, a current one is not", async () => {
  await using server = httpServer((_, before) =>
    before === 0 ? new Response(null, { status: 404 }) : Response.json({ runs: null, total: 0 })
  );
  const clock = virtualClock();
  const client = await clientOf(server.url, { apiVersion: undefined, clock });
  const versions: string[] = [];
  for (let minute = 0; minute < 3; minute++) {
    versions.push(await client.apiVersion({}), await client.apiVersion({}));
    clock.advance(60_000);
  }
  assert.deepEqual(versions, ["legacy", "legacy", "current", "current", "current", "current"]);
  assert.equal(server.received.length, 2);
});

const DAY_MS = 86_400_000;

for (
  const [apiVersion, ageMs, want] of [
    ["current", DAY_MS - 1, "current"],
    ["current", DAY_MS, undefined],
    // The machine's clock was set back.
    ["current", 1 - DAY_MS, "current"],
    ["current", -DAY_MS, undefined],
    ["legacy", 0, undefined],
  ] as const
) {
  Deno.test(`a later process keeps ${want ?? "nothing"} of a ${apiVersion} server that was asked ${ageMs} ms ago`, async () => {
    const store = memoryRunStore();
    const savedAtMs = stillClock().now();
    await using server = httpServer(() =>
      apiVersion === "legacy" ? new Response(null, { status: 404 }) : Response.json({ runs: null, total: 0 })
    );
    const first = await clientOf(server.url, { apiVersion: undefined, store, clock: stillClock(savedAtMs) });
    assert.equal(await first.apiVersion({}), apiVersion);
    const later = await clientOf(server.url, { apiVersion: undefined, store, clock: stillClock(savedAtMs + ageMs) });
    assert.equal(await later.apiVersion({}), apiVersion);
    assert.equal(server.received.length, want === undefined ? 2 : 1);
  });
}

Deno.test("a store that fails costs a client what was detected before, without a warning", async () => {
  const fail = () => Promise.reject(new StorageError("Cannot read the run store: disk full"));
  const levels: string[] = [];
  await using server = httpServer(() => Response.json({ runs: null, total: 0 }));
  const store = { capabilities: fail, updateCapabilities: fail };
  const log = (level: string, message: string) => void (message.includes("disk full") && levels.push(level));
  const client = await clientOf(server.url, { apiVersion: undefined, store, log });
  assert.equal(await client.apiVersion({}), "current");
  assert.deepEqual(levels, ["DEBUG", "DEBUG"]);
});

Deno.test("a failed detection is repeated by the next call", async () => {
  await using server = httpServer((_, before) =>
    before === 0 ? new Response(null, { status: 503 }) : Response.json({ runs: null, total: 0 })
  );
  const client = await clientOf(server.url, { apiVersion: undefined });
  await assert.rejects(client.apiVersion({ retry: "none" }), Unavailable);
  assert.equal(await client.apiVersion({}), "current");
});

Deno.test("a sign-in page with status 200 is not mistaken for an API version", async () => {
  await using server = httpServer(() => new Response("<html>Sign in</html>"));
  await assert.rejects((await clientOf(server.url, { apiVersion: undefined })).apiVersion({}), (error) => {
    assert.ok(error instanceof BadResponse);
    assert.match(error.message, /the response is a web page/);
    return true;
  });
});

Deno.test("aborting one caller does not abort others that wait for the same detection", async () => {
  const reason = new Error("aborted");
  const controller = new AbortController();
  const late = Promise.withResolvers<Response>();
  await using server = httpServer((_, before) => {
    if (before > 0) return Response.json({ runs: [], total: 0 });
    controller.abort(reason);
    return late.promise;
  });
  const client = await clientOf(server.url, { apiVersion: undefined });
  const first = client.apiVersion({ signal: controller.signal });
  const second = client.apiVersion({});
  await assert.rejects(first, reason);
  assert.equal(await second, "current");
  late.resolve(new Response());
});

Deno.test("only calls about runs detect the API version, and a slug makes that unnecessary", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const { client } = await depsFor(simulator, { clock });
  await client.whoAmI({});
  await client.listWorkflows({});
  await client.getWorkflowYaml("quick", {});
  await client.listSessions({});
  await client.listClusters({});
  await client.getRun({ type: "slug", slug: "hello-world-00046" }, {});
  assert.deepEqual(simulator.received("list-runs"), []);
  // The list itself detects it.
  await client.listRuns({});
  assert.equal(await client.apiVersion({}), "current");
  assert.equal(simulator.received("list-runs").length, 1);
});

Deno.test("whoAmI() sends a request until one has succeeded", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock, faults: [{ on: "auth-session", status: 503 }] });
  const { client } = await depsFor(simulator, { clock });
  await assert.rejects(client.whoAmI({ retry: "none" }), Unavailable);
  const users = await Promise.all([client.whoAmI({}), client.whoAmI({}), client.whoAmI({})]);
  assert.deepEqual(users.map(({ user }) => user), ["demo", "demo", "demo"]);
  assert.equal(simulator.received("auth-session").length, 2);
});
