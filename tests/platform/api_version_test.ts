import assert from "node:assert/strict";
import { BadResponse, Unavailable } from "../../lib/errors.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { clientOf, httpServer } from "./support/servers.ts";

for (const [behaviorOption, family] of [["current", "current"], ["both", "current"], ["legacy", "legacy"]] as const) {
  Deno.test(`a host with ${behaviorOption} routes speaks ${family}, and is asked once`, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock, behavior: { routes: behaviorOption } });
    const { client } = await depsFor(simulator, { clock });
    assert.deepEqual(await Promise.all([client.apiVersion({}), client.apiVersion({})]), [family, family]);
    assert.equal(await client.apiVersion({}), family);
    assert.deepEqual(simulator.received().map(({ method, path }) => `${method} ${path}`), [
      "GET /api/workflow-runs?limit=1",
    ]);
  });
}

Deno.test("a host that is known is not asked", async () => {
  await using server = httpServer(() => Response.json(null));
  assert.equal(await (await clientOf(server.url, { routes: "legacy" })).apiVersion({}), "legacy");
  assert.deepEqual(server.received, []);
});

Deno.test("405 means the older routes too", async () => {
  await using server = httpServer(() => new Response(null, { status: 405 }));
  assert.equal(await (await clientOf(server.url, { routes: undefined })).apiVersion({}), "legacy");
});

Deno.test("a failed question is no answer: it is asked again the next time", async () => {
  await using server = httpServer((_, before) =>
    before === 0 ? new Response(null, { status: 503 }) : Response.json({ runs: null, total: 0 })
  );
  const client = await clientOf(server.url, { routes: undefined });
  await assert.rejects(client.apiVersion({ retry: "none" }), Unavailable);
  assert.equal(await client.apiVersion({}), "current");
});

Deno.test("a sign-in page with status 200 is no answer", async () => {
  await using server = httpServer(() => new Response("<html>Sign in</html>"));
  await assert.rejects((await clientOf(server.url, { routes: undefined })).apiVersion({}), (error) => {
    assert.ok(error instanceof BadResponse);
    assert.match(error.message, /the answer is a web page/);
    return true;
  });
});

Deno.test("who gives up does not take the answer from others who wait for it", async () => {
  const reason = new Error("the user left");
  const controller = new AbortController();
  const late = Promise.withResolvers<Response>();
  await using server = httpServer((_, before) => {
    if (before > 0) return Response.json({ runs: [], total: 0 });
    controller.abort(reason);
    return late.promise;
  });
  const client = await clientOf(server.url, { routes: undefined });
  const first = client.apiVersion({ signal: controller.signal });
  const second = client.apiVersion({});
  await assert.rejects(first, reason);
  assert.equal(await second, "current");
  late.resolve(new Response());
});

Deno.test("only calls about runs need the question, and a slug answers it", async () => {
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
  await client.listRuns({});
  assert.equal(simulator.received("list-runs").length, 2);
});
