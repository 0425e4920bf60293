import assert from "node:assert/strict";
import { BadResponse, NotFound } from "../../lib/errors.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { clientOf, httpServer } from "./support/servers.ts";

for (const kind of ["pwt", "pwut", "jwt"] as const) {
  Deno.test(`a ${kind} key is accepted, and identifies its user`, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock });
    const { client } = await depsFor({ key: simulator.keyFor("demo", kind) }, { clock });
    assert.equal((await client.whoAmI({})).user, "demo");
  });
}

Deno.test("an expired key is refused with a hint", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  simulator.expireKeys("demo");
  const { client } = await depsFor(simulator, { clock });
  await assert.rejects(client.whoAmI({}), { name: "CredentialError", kind: "credential_refused", hint: /has expired/ });
});

Deno.test("the user's name is read on a server without a session route", async () => {
  await using server = httpServer((request) =>
    request.url.endsWith("/api/auth/whoami") ? new Response("user:Jo.Doe\n") : new Response(null, { status: 404 })
  );
  assert.deepEqual(await (await clientOf(server.url)).whoAmI({}), {
    user: "Jo.Doe",
    fullName: null,
    email: null,
    organization: null,
  });
});

for (const organization of ['"example-org"', "example-org\n"]) {
  Deno.test(`the workspace is restarted in the organization that whoami names as ${JSON.stringify(organization)}`, async () => {
    await using server = httpServer((request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/api/auth/whoami") return new Response("user:jo");
      if (pathname === "/api/auth/whoami/organization") return new Response(organization);
      return new Response(null, { status: request.method === "POST" ? 204 : 404 });
    });
    await (await clientOf(server.url)).restartWorkspace({});
    assert.equal(server.received.at(-1), "POST /api/organizations/example-org/users/jo/user-workspace/restart");
  });
}

Deno.test("the workspace cannot be restarted on a server that does not name the organization", async () => {
  await using server = httpServer((request) =>
    request.url.endsWith("/api/auth/whoami") ? new Response("user:jo") : new Response(null, { status: 404 })
  );
  await assert.rejects((await clientOf(server.url)).restartWorkspace({}), { kind: "unsupported" });
});

Deno.test("a whoami response that is not user:NAME is refused", async () => {
  await using server = httpServer((request) =>
    request.url.endsWith("/api/auth/whoami") ? new Response("<html>") : new Response(null, { status: 404 })
  );
  await assert.rejects((await clientOf(server.url)).whoAmI({}), BadResponse);
});

Deno.test("workflows are read with their form and presets", async () => {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const { client } = await depsFor(simulator, { clock });
  const workflow = await client.getWorkflow("hello-world", {});
  const { on } = workflow.yaml ?? {};
  assert.equal(typeof on, "object");
  assert.ok(workflow.presets.some(({ name, inputs }) => name === "quick-check" && inputs.resource === "a30gpuserver"));
  const listed = (await client.listWorkflows({})).find(({ name }) => name === "hello-world");
  assert.deepEqual([listed?.id, listed?.presets.length], [workflow.id, workflow.presets.length]);
  assert.match(await client.getWorkflowYaml("hello-world", {}), /^jobs:$/m);
  await assert.rejects(client.getWorkflow("helo-world", {}), NotFound);
});

Deno.test("favoritesOnly filters the list of workflows", async () => {
  await using server = httpServer(() => Response.json(null));
  const client = await clientOf(server.url);
  assert.deepEqual(await client.listWorkflows({ favoritesOnly: true }), []);
  await client.listWorkflows({ favoritesOnly: false });
  assert.deepEqual(server.received, ["GET /api/workflows?favoriteOnly=true", "GET /api/workflows"]);
});

Deno.test("sessions are read with the run that started them", async () => {
  await using server = httpServer(() =>
    Response.json([
      {
        user: "u",
        favorite: true,
        name: "notebook_7_session",
        type: "tunnel",
        status: "running",
        healthy: true,
        externalHref: "/me/u/notebook",
        workflowRun: { slug: "notebook-00007", number: 7 },
        namespace: "u",
      },
      { user: null, favorite: false, name: null, type: null, slug: "from-slug" },
    ])
  );
  const [first, second] = await (await clientOf(server.url)).listSessions({});
  assert.deepEqual(first, {
    name: "notebook_7_session",
    type: "tunnel",
    status: "running",
    isHealthy: true,
    externalHref: "/me/u/notebook",
    url: null,
    errorMessage: null,
    runSlug: "notebook-00007",
  });
  assert.deepEqual([second?.name, second?.isHealthy, second?.runSlug], ["from-slug", null, null]);
});

Deno.test("clusters are read", async () => {
  await using server = httpServer(() =>
    Response.json([{ id: "1", name: "slurm1", status: "active", ipAddress: "10.0.0.1", displayName: null, csp: "aws" }])
  );
  assert.deepEqual(await (await clientOf(server.url)).listClusters({}), [{
    id: "1",
    name: "slurm1",
    displayName: null,
    user: null,
    type: null,
    status: "active",
    ipAddress: "10.0.0.1",
    schedulerType: null,
    csp: "aws",
  }]);
});

Deno.test("host includes a non-default port, and baseUrl has no trailing slash", async () => {
  const client = await clientOf("http://127.0.0.1:8080");
  assert.deepEqual([client.host, client.baseUrl], ["127.0.0.1:8080", "http://127.0.0.1:8080"]);
});
