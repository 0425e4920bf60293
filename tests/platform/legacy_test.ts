import assert from "node:assert/strict";
import type { Client } from "../../lib/platform/client.ts";
import { NotFound, RunnerError, Unsupported } from "../../lib/errors.ts";
import type { ServerBehavior, Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { clientOf, httpServer } from "./support/servers.ts";

const SUBMISSION = { workflow: "quick", inputs: { a: 1 }, slug: "mine", displayName: "Mine", consent: null };

async function onLegacyServer(
  behavior: Partial<ServerBehavior>,
  use: (client: Client, simulator: Simulator) => Promise<void>,
): Promise<void> {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock, behavior: { ...behavior, apiVersion: "legacy" } });
  const { client } = await depsFor(simulator, { clock });
  await use(client, simulator);
}

Deno.test("a legacy submit sends only the inputs, and returns a run number", async () => {
  await onLegacyServer({}, async (client, simulator) => {
    const response = await client.submit(SUBMISSION, {});
    assert.ok(response.type === "accepted", Deno.inspect(response));
    assert.deepEqual([response.run.slug, typeof response.run.number, response.run.status], [null, "number", "running"]);
    const [request] = simulator.received("submit");
    assert.deepEqual([request?.path, request?.body], ["/api/workflows/quick/runs", { inputs: { a: 1 } }]);
  });
});

Deno.test("a legacy run is read by its number if the server supports it", async () => {
  await onLegacyServer({ legacyRead: "run" }, async (client) => {
    const response = await client.submit(SUBMISSION, {});
    assert.ok(response.type === "accepted" && response.run.number !== null);
    const run = await client.getRun({ type: "number", workflow: "quick", number: response.run.number }, {});
    assert.deepEqual([run.id, run.number, run.slug], [response.run.id, response.run.number, null]);
    await assert.rejects(client.getRun({ type: "number", workflow: "quick", number: 99_999 }, {}), NotFound);
  });
});

Deno.test("a legacy run cannot be tracked if the server responds to its GET with 405", async () => {
  await onLegacyServer({ legacyRead: "405" }, async (client) => {
    await assert.rejects(client.getRun({ type: "number", workflow: "quick", number: 1 }, {}), (error) => {
      assert.ok(error instanceof Unsupported);
      assert.match(`${error.message} ${error.commandHint}`, /the run cannot be tracked.*--no-wait/);
      return true;
    });
  });
});

Deno.test("DELETE removes a legacy run, and is never used to cancel it", async () => {
  await onLegacyServer({ legacyRead: "run" }, async (client, simulator) => {
    const response = await client.submit(SUBMISSION, {});
    assert.ok(response.type === "accepted" && response.run.number !== null);
    const runId = { type: "number", workflow: "quick", number: response.run.number } as const;
    await assert.rejects(client.cancelRun(runId, {}), Unsupported);
    assert.ok(simulator.received().every(({ method }) => method !== "DELETE"));
  });
});

const UNSUPPORTED: Readonly<Record<string, (client: Client) => Promise<unknown>>> = {
  dryRun: (client) => client.dryRun(SUBMISSION, {}),
  listRuns: (client) => client.listRuns({}),
  "getRun by slug": (client) => client.getRun({ type: "slug", slug: "a" }, {}),
};

for (const [name, call] of Object.entries(UNSUPPORTED)) {
  Deno.test(`on a legacy server, ${name} is unsupported and sends nothing`, async () => {
    await using server = httpServer(() => Response.json({}));
    await assert.rejects(call(await clientOf(server.url, { apiVersion: "legacy" })), Unsupported);
    assert.deepEqual(server.received, []);
  });
}

Deno.test("a legacy server has no files and no running steps", async () => {
  await using server = httpServer(() => Response.json({}));
  const client = await clientOf(server.url, { apiVersion: "legacy" });
  const runId = { type: "number", workflow: "quick", number: 1 } as const;
  assert.equal(await client.readRunFile(runId, "a", {}), null);
});

for (const isWrapped of [true, false]) {
  Deno.test(`a legacy run ${isWrapped ? "in {run}" : "without {run}"} is read, including pairs`, async () => {
    const run = {
      id: "1",
      status: "error",
      number: 7,
      workflowName: "quick",
      workflowId: "w",
      executedJobs: [{ key: "main", value: { status: "error" } }],
      variables: [{ key: "a", value: 1 }],
    };
    await using server = httpServer(() => Response.json(isWrapped ? { run } : run));
    const client = await clientOf(server.url, { apiVersion: "legacy" });
    const read = await client.getRun({ type: "number", workflow: "quick", number: 7 }, {});
    assert.deepEqual([read.status, read.number, read.workflowId, read.user], ["failed", 7, "w", ""]);
    assert.deepEqual([read.jobs.map(({ name }) => name), read.inputs], [["main"], { a: 1 }]);
  });
}

Deno.test("a legacy submit response without a number is ambiguous", async () => {
  await using server = httpServer(() => Response.json({ run: { id: "1", status: "running" } }));
  const response = await (await clientOf(server.url, { apiVersion: "legacy" })).submit(SUBMISSION, {});
  assert.ok(response.type === "ambiguous" && response.error instanceof RunnerError);
  assert.match(response.error.message, /run\.number must be a number/);
});
