import assert from "node:assert/strict";
import { createSubmission } from "../../lib/runs/create_submission.ts";
import { sharingLists, sharingPages } from "../../lib/runs/sharing_lists.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

async function aStage() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const { client, ...deps } = await depsFor(simulator, { clock });
  return { clock, simulator, deps: { ...deps, client: sharingLists(client, clock) } };
}

Deno.test("keys that are new at once share the search for their runs", async () => {
  const { simulator, deps } = await aStage();
  await using _simulator = simulator;
  const { signal } = new AbortController();
  const created = await Promise.all(Array.from({ length: 30 }, (_, index) => {
    const idempotencyKey = { text: `key-${index}`, policy: "attach" } as const;
    return createSubmission(deps, aRequest({ workflow: "quick", inputs: {} }), {
      signal,
      isWaiting: false,
      idempotencyKey,
    });
  }));
  assert.equal(new Set(created.map(({ submissionId }) => submissionId)).size, 30);
  const pages = simulator.received("list-runs").filter(({ path }) => path.includes("offset"));
  assert.ok(pages.length <= 3, `${pages.length} pages`);
});

Deno.test("a request that shares a page is aborted alone, and one that comes a second later sends its own", async () => {
  const { clock, simulator, deps: { client } } = await aStage();
  await using _simulator = simulator;
  const query = { limit: 100, offset: 0 };
  const aborting = new AbortController();
  const aborted = client.listRuns({ ...query, signal: aborting.signal });
  const shared = client.listRuns({ ...query, signal: new AbortController().signal });
  clock.advance(1_001);
  const later = client.listRuns(query);
  aborting.abort(new Error("stopped"));
  await assert.rejects(aborted, /stopped/);
  assert.deepEqual((await shared).runs, (await later).runs);
  assert.equal(simulator.received("list-runs").length, 2);
  await client.listRuns(query);
  assert.equal(simulator.received("list-runs").length, 3);
});

Deno.test("parts of one piece of work share pages, however late they ask, and read anew what they ask for again", async () => {
  const { clock, simulator, deps } = await aStage();
  await using _simulator = simulator;
  const clientOf = sharingPages(deps.client);
  const [one, other] = [clientOf(), clientOf()];
  const query = { limit: 100, offset: 0 };
  const requests = async (client: typeof one): Promise<number> => {
    clock.advance(5_000);
    await client.listRuns(query);
    return simulator.received("list-runs").length;
  };
  assert.deepEqual([await requests(one), await requests(other)], [1, 1]);
  assert.deepEqual([await requests(other), await requests(one)], [2, 2]);
});
