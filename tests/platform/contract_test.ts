/** Compares the client's requests and accepted responses with the platform's published contract. */

import assert from "node:assert/strict";
import type { Client } from "../../lib/platform/client.ts";
import { createClient } from "../../lib/platform/create_client.ts";
import { findCredential } from "../../lib/platform/credentials/credentials.ts";
import { silentLog } from "../../lib/log.ts";
import type { RunId } from "../../lib/run.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { readContract } from "../support/contract.ts";
import { depsFor } from "../support/deps.ts";
import { allText } from "../support/all_text.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { testRandom } from "../support/seeded_random.ts";

const contract = await readContract();
const run: RunId = { type: "slug", slug: "hello-world-00046" };
const consent = { permissions: ["sessions"], variables: ["LICENSE"] };
const submission = { workflow: "quick", inputs: { a: 1 }, displayName: null, consent: null };

/** Every call of the client; its result does not matter here. */
const CALLS: Readonly<Record<string, (client: Client) => Promise<unknown>>> = {
  apiVersion: (client) => client.apiVersion({}),
  whoAmI: (client) => client.whoAmI({}),
  listWorkflows: (client) => client.listWorkflows({}),
  "listWorkflows of favorites": (client) => client.listWorkflows({ favoritesOnly: true }),
  getWorkflow: (client) => client.getWorkflow("hello-world", {}),
  getWorkflowYaml: (client) => client.getWorkflowYaml("hello-world", {}),
  submit: (client) => client.submit({ ...submission, slug: null }, {}),
  "submit with all members": (client) =>
    client.submit({ ...submission, slug: "mine", displayName: "Mine", consent }, {}),
  dryRun: (client) => client.dryRun(submission, {}),
  getRun: (client) => client.getRun(run, {}),
  listRuns: (client) => client.listRuns({}),
  "listRuns with all filters": (client) =>
    client.listRuns({ workflow: "quick", statuses: ["running", "error"], search: "q", limit: 5, offset: 5 }),
  readRunFile: (client) => client.readRunFile(run, "logs/hello/step_0/logs.out", {}).then(allText),
  cancelRun: (client) => client.cancelRun(run, {}),
  listSessions: (client) => client.listSessions({}),
  listClusters: (client) => client.listClusters({}),
  workspaceStatus: (client) => client.workspaceStatus({}),
  restartWorkspace: (client) => client.restartWorkspace({}),
};

for (const [name, call] of Object.entries(CALLS)) {
  Deno.test({
    name: `${name} sends what the contract declares`,
    async fn() {
      const clock = virtualClock();
      await using simulator = await startSimulator({ clock });
      const { client } = await depsFor(simulator, { clock });
      await call(client);
      const requests = simulator.received();
      assert.ok(requests.length > 0);
      for (const { method, path, body } of requests) {
        assert.deepEqual(contract.problemsOfRequest({ method, path, body }), [], `${method} ${path}`);
      }
    },
  });
}

const RESPONSES: readonly (readonly [string, (client: Client) => Promise<unknown>])[] = [
  ["GET /api/auth/session", (client) => client.whoAmI({})],
  ["GET /api/workflows", (client) => client.listWorkflows({})],
  ["GET /api/workflows/{workflow}", (client) => client.getWorkflow("any", {})],
  ["GET /api/workflow-runs", (client) => client.listRuns({})],
  ["GET /api/workflow-runs/{slug}", (client) => client.getRun(run, {})],
  ["GET /api/workflow-runs/{slug}/files", (client) => client.readRunFile(run, "any", {}).then(allText)],
  ["GET /api/sessions", (client) => client.listSessions({})],
  ["GET /api/clusters", (client) => client.listClusters({})],
];

for (const [operation, call] of RESPONSES) {
  for (const members of ["required", "all"] as const) {
    const description = members === "all" ? "every declared member" : "only the required members";
    Deno.test({
      name: `a response of ${operation} with ${description} is accepted`,
      async fn() {
        const sample = contract.sampleOf(operation, members);
        await using server = serving(sample);
        await call(await server.client());
      },
    });
  }
}

for (const members of ["required", "all"] as const) {
  Deno.test({
    name: `a submit response with ${members} members is ${members === "all" ? "accepted" : "ambiguous"}`,
    async fn() {
      const operation = "POST /api/workflow-runs";
      await using server = serving(contract.sampleOf(operation, members));
      const response = await (await server.client()).submit({ ...submission, slug: "mine" }, {});
      // The contract does not require a run's slug, but without it the run cannot be tracked.
      assert.equal(response.type, members === "all" ? "accepted" : "ambiguous");
    },
  });
}

/** A server that sends the same response to every request. */
function serving(body: unknown) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => Response.json(body));
  return {
    async client(): Promise<Client> {
      const key = `pwt_${btoa(`http://127.0.0.1:${server.addr.port}`).replaceAll("=", "")}.rest`;
      const parts = { clock: virtualClock(), random: testRandom(), log: silentLog };
      const credential = await findCredential({
        env: (name) => name === "PW_API_KEY" ? key : undefined,
        readTextFile: () => Promise.reject(new Deno.errors.NotFound()),
      }, {});
      return createClient({ ...parts, credential, fetch, apiVersion: "current" });
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test({
  name: "problemsOfRequest() detects a request that the contract does not declare",
  fn() {
    const problems = (method: string, path: string, body: unknown = null) =>
      contract.problemsOfRequest({ method, path, body }).length;
    assert.equal(problems("POST", "/api/workflow-runs", { workflow: "quick", bogus: 1 }), 1);
    assert.equal(problems("POST", "/api/workflow-runs", { workflow: 5 }), 1);
    assert.equal(problems("GET", "/api/workflow-runs?page=2"), 1);
    assert.equal(problems("PUT", "/api/workflow-runs"), 1);
  },
});
