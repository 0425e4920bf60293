import assert from "node:assert/strict";
import type { Client } from "../../lib/platform/client.ts";
import { BadResponse } from "../../lib/errors.ts";
import { clientOf, httpServer } from "./support/servers.ts";

const RUN = { id: "r", user: "u", inlineRun: false, marketplace: false };

const listRuns = (client: Client) => client.listRuns({});
const listWorkflows = (client: Client) => client.listWorkflows({});

const INVALID: readonly (readonly [string, (client: Client) => Promise<unknown>, unknown])[] = [
  ["runs[2].id must be a string, got number", listRuns, { runs: [RUN, RUN, { ...RUN, id: 5 }], total: 3 }],
  ["runs[0].id must be a string, got nothing", listRuns, { runs: [{}], total: 1 }],
  ["runs[0].status must be a string, got object", listRuns, { runs: [{ ...RUN, status: {} }], total: 1 }],
  ["runs must be an array, got object", listRuns, { runs: {}, total: 1 }],
  ["total must be a number, got string", listRuns, { runs: [], total: "1" }],
  ["the response must be an object, got null", listRuns, null],
  ["the response must be an array, got object", listWorkflows, {}],
  ["[1].name must be a string, got nothing", listWorkflows, [{ id: "a", name: "b" }, { id: "a" }]],
  ["[0].configurations must be an array, got string", listWorkflows, [{ id: "a", name: "b", configurations: "no" }]],
  ["username must be a string, got nothing", (client) => client.whoAmI({}), {}],
  ["[0].healthy must be true or false, got string", (client) => client.listSessions({}), [{ healthy: "yes" }]],
  ["[0].status must be a string, got null", (client) => client.listClusters({}), [{
    id: "a",
    name: "b",
    status: null,
  }]],
];

for (const [message, call, body] of INVALID) {
  Deno.test(`an invalid response is reported with its path: ${message}`, async () => {
    await using server = httpServer(() => Response.json(body));
    await assert.rejects(call(await clientOf(server.url)), (error) => {
      assert.ok(error instanceof BadResponse, Deno.inspect(error));
      assert.ok(error.message.includes(`: ${message} (200, request `), error.message);
      return true;
    });
    assert.equal(server.received.length, 1);
  });
}

Deno.test("a run without a user, as after an account was deleted, is listed with the others", async () => {
  await using server = httpServer(() => Response.json({ runs: [RUN, { ...RUN, user: null }], total: 2 }));
  const { runs } = await (await clientOf(server.url)).listRuns({});
  assert.deepEqual(runs.map(({ user }) => user), ["u", ""]);
});

Deno.test("what is only shown may have any shape", async () => {
  const odd = { displayName: {}, description: ["text"], type: 1, tags: ["a", {}], favorite: "no", user: { id: "u" } };
  const session = { username: "u", name: 5, email: {}, organization: { id: "o" } };
  await using server = httpServer((request) =>
    Response.json(
      new URL(request.url).pathname === "/api/auth/session" ? session : [{ id: "a", name: "b", yaml: {}, ...odd }],
    )
  );
  const client = await clientOf(server.url);
  assert.deepEqual(await listWorkflows(client), [{
    id: "a",
    name: "b",
    displayName: null,
    description: null,
    type: "",
    tags: [],
    isFavorite: false,
    owner: null,
    yaml: {},
    presets: [],
  }]);
  assert.deepEqual(await client.whoAmI({}), { user: "u", fullName: null, email: null, organization: null });
});

for (
  const [what, text] of [["is empty", " "], ["is a web page", "<!doctype html>"], ["is not JSON", '{"runs":'], [
    "is not JSON",
    "OK",
  ]] as const
) {
  Deno.test(`a response of ${JSON.stringify(text)} ${what}`, async () => {
    await using server = httpServer(() => new Response(text));
    await assert.rejects(
      listRuns(await clientOf(server.url)),
      new RegExp(`Cannot list runs: the response ${what} \\(200, request`),
    );
  });
}

Deno.test("unknown fields are accepted, and lists may be null", async () => {
  await using server = httpServer((_, before) =>
    Response.json(
      before === 0 ? { runs: [{ ...RUN, newExecutor: true }], total: 1, next: {} } : { runs: null, total: 0 },
    )
  );
  const client = await clientOf(server.url);
  assert.equal((await listRuns(client)).runs.length, 1);
  assert.deepEqual(await listRuns(client), { runs: [], total: 0 });
});
