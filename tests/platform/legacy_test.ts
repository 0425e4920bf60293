import assert from "node:assert/strict";
import type { Client } from "../../lib/platform/client.ts";
import { NotFound, RunnerError, Unsupported } from "../../lib/errors.ts";
import type { ServerBehavior, Simulator } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";
import { clientOf, httpServer } from "./support/servers.ts";

const SUBMISSION = { workflow: "quick", inputs: { a: 1 }, slug: "mine", displayName: "Mine", consent: null };

async function onOlderServer(
  behavior: Partial<ServerBehavior>,
  use: (client: Client, simulator: Simulator) => Promise<void>,
): Promise<void> {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock, behavior: { ...behavior, routes: "legacy" } });
  const { client } = await depsFor(simulator, { clock });
  await use(client, simulator);
}

Deno.test("older routes: a submit sends the inputs alone, and answers with a number", async () => {
  await onOlderServer({}, async (client, simulator) => {
    const answer = await client.submit(SUBMISSION, {});
    assert.ok(answer.type === "accepted", Deno.inspect(answer));
    assert.deepEqual([answer.run.slug, typeof answer.run.number, answer.run.status], [null, "number", "running"]);
    const [request] = simulator.received("submit");
    assert.deepEqual([request?.path, request?.body], ["/api/workflows/quick/runs", { inputs: { a: 1 } }]);
  });
});

Deno.test("older routes: a run is read by its number, where the server shows it", async () => {
  await onOlderServer({ nestedRead: "run" }, async (client) => {
    const answer = await client.submit(SUBMISSION, {});
    assert.ok(answer.type === "accepted" && answer.run.number !== null);
    const run = await client.getRun({ type: "number", workflow: "quick", number: answer.run.number }, {});
    assert.deepEqual([run.id, run.number, run.slug], [answer.run.id, answer.run.number, null]);
    await assert.rejects(client.getRun({ type: "number", workflow: "quick", number: 99_999 }, {}), NotFound);
  });
});

Deno.test("older routes: where GET of a run answers 405, its end can't be seen", async () => {
  await onOlderServer({ nestedRead: "405" }, async (client) => {
    await assert.rejects(client.getRun({ type: "number", workflow: "quick", number: 1 }, {}), (error) => {
      assert.ok(error instanceof Unsupported);
      assert.match(`${error.message} ${error.hint}`, /its end can't be seen.*--no-wait/);
      return true;
    });
  });
});

Deno.test("older routes: a run is removed by DELETE, and never cancelled by it", async () => {
  await onOlderServer({ nestedRead: "run" }, async (client, simulator) => {
    const answer = await client.submit(SUBMISSION, {});
    assert.ok(answer.type === "accepted" && answer.run.number !== null);
    const runId = { type: "number", workflow: "quick", number: answer.run.number } as const;
    await assert.rejects(client.cancelRun(runId, {}), Unsupported);
    assert.ok(simulator.received().every(({ method }) => method !== "DELETE"));
    await client.deleteRun(runId, {});
    await assert.rejects(client.getRun(runId, {}), NotFound);
  });
});

const CANNOT: Readonly<Record<string, (client: Client) => Promise<unknown>>> = {
  dryRun: (client) => client.dryRun(SUBMISSION, {}),
  listRuns: (client) => client.listRuns({}),
  "getRun by slug": (client) => client.getRun({ type: "slug", slug: "a" }, {}),
  "deleteRun by slug": (client) => client.deleteRun({ type: "slug", slug: "a" }, {}),
};

for (const [name, call] of Object.entries(CANNOT)) {
  Deno.test(`older routes: ${name} is told to be impossible, and nothing is sent`, async () => {
    await using server = httpServer(() => Response.json({}));
    await assert.rejects(call(await clientOf(server.url, { routes: "legacy" })), Unsupported);
    assert.deepEqual(server.received, []);
  });
}

Deno.test("older routes: there are no files and no running steps", async () => {
  await using server = httpServer(() => Response.json({}));
  const client = await clientOf(server.url, { routes: "legacy" });
  const runId = { type: "number", workflow: "quick", number: 1 } as const;
  assert.deepEqual([await client.readRunFile(runId, "a", {}), await client.runningSteps(runId, {})], [null, null]);
});

for (const isWrapped of [true, false]) {
  Deno.test(`older routes: a run ${isWrapped ? "within {run}" : "on its own"} is read, its pairs included`, async () => {
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
    const client = await clientOf(server.url, { routes: "legacy" });
    const read = await client.getRun({ type: "number", workflow: "quick", number: 7 }, {});
    assert.deepEqual([read.status, read.number, read.workflowId, read.user], ["failed", 7, "w", ""]);
    assert.deepEqual([read.jobs.map(({ name }) => name), read.inputs], [["main"], { a: 1 }]);
  });
}

Deno.test("older routes: an answer without a number leaves the submit unclear", async () => {
  await using server = httpServer(() => Response.json({ run: { id: "1", status: "running" } }));
  const answer = await (await clientOf(server.url, { routes: "legacy" })).submit(SUBMISSION, {});
  assert.ok(answer.type === "ambiguous" && answer.error instanceof RunnerError);
  assert.match(answer.error.message, /run\.number must be a number/);
});
