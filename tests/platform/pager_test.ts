import assert from "node:assert/strict";
import type { Client } from "../../lib/platform/client.ts";
import type { Run } from "../../lib/run.ts";
import { findRun } from "../../lib/runs/find.ts";
import { pageRuns } from "../../lib/platform/pager.ts";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { assert as hold, asyncProperty, constantFrom, integer, record } from "../deps/fast_check.ts";
import { clientOf, httpServer } from "./support/servers.ts";
import { depsFor } from "../support/deps.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();
const SEED = Number(Deno.env.get("TEST_SEED") ?? 20_261_126);
const WORKFLOW = "hello-world";

const movingList = record({
  seed: integer({ min: 0, max: 1_000_000 }),
  listOrder: constantFrom("newest", "oldest"),
  maxLimit: integer({ min: 8, max: 20 }),
  /** Before each page. */
  maxAdded: integer({ min: 0, max: 3 }),
  maxRemoved: integer({ min: 0, max: 12 }),
});

Deno.test("pageRuns() returns each run of a list that grows and shrinks once, and leaves none out", async () => {
  const property = asyncProperty(movingList, async (plan) => {
    await using stage = await aMovingList(plan);
    const before = stage.present();
    const listed: string[] = [];
    for await (const { runs } of pageRuns(stage.moving, { action: "list runs", workflow: WORKFLOW, signal })) {
      listed.push(...runs.map(({ slug }) => slug ?? ""));
    }
    assert.equal(new Set(listed).size, listed.length, "a run was returned twice");
    const after = stage.present();
    const staying = before.filter((slug) => after.includes(slug));
    assert.deepEqual(staying.filter((slug) => !listed.includes(slug)), [], "a run was left out");
  });
  await hold(property, { numRuns: 60, seed: SEED });
});

Deno.test("findRun() finds each run by its number while the list grows and shrinks, and only that run", async () => {
  const property = asyncProperty(movingList, integer({ min: 1, max: 60 }), async (plan, number) => {
    await using stage = await aMovingList(plan);
    const slug = `${WORKFLOW}-${String(number).padStart(5, "0")}`;
    const was = stage.present().includes(slug);
    const deps = { ...stage.deps, client: { ...stage.deps.client, ...stage.moving } };
    const found = await findRun(deps, { type: "number", workflow: WORKFLOW, number }, { signal }).catch((error) => {
      assert.equal(error.kind, "not_found", error.message);
      return undefined;
    });
    if (found !== undefined) assert.deepEqual(found, { type: "slug", slug: stage.slugOf(number) });
    else assert.ok(!was || !stage.present().includes(slug), `run ${number} is not found`);
  });
  await hold(property, { numRuns: 60, seed: SEED });
});

for (const total of [120, 1_000]) {
  Deno.test(`pageRuns() ends with an error on a server with ${total} runs that ignores the offset`, async () => {
    const runs = Array.from({ length: 100 }, (_, index) => wireRun(index));
    await using server = httpServer(() => Response.json({ runs, total }));
    const client = await clientOf(server.url);
    const read = async () => {
      let count = 0;
      for await (const page of pageRuns(client, { action: "list runs", signal })) count += page.runs.length;
      return count;
    };
    await assert.rejects(read, {
      kind: "bad_response",
      message: `Cannot list runs: only 100 of ${total} runs could be searched`,
    });
    assert.ok(server.received.length <= 4, `${server.received.length} requests`);
  });
}

for (const order of ["newest", "oldest"] as const) {
  Deno.test(`findRun() finds a run among 60,000, ${order} first, with two list requests`, async () => {
    await using server = longList((index) => order === "newest" ? 60_000 - index : index + 1);
    for (const number of [15_000, 59_000, 31]) {
      const before = server.received.length;
      const found = await findIn(server.url, number);
      assert.deepEqual(found, { type: "slug", slug: `w-${number}` });
      assert.ok(server.received.length - before <= 2, `${server.received.length - before} requests`);
    }
  });
}

Deno.test("findRun() finds an old run with three list requests although many were deleted", async () => {
  // Every third number exists, and no old one between 3,000 and 9,000.
  const numbers = Array.from({ length: 20_000 }, (_, index) => index * 3).filter((n) => n < 3_000 || n > 9_000)
    .reverse();
  await using server = longList((index) => numbers[index] ?? 0, numbers.length);
  assert.deepEqual(await findIn(server.url, 999), { type: "slug", slug: "w-999" });
  assert.ok(server.received.length <= 3, `${server.received.length} requests`);
});

Deno.test("findRun() states how far it searched when a list without an order is too long", async () => {
  await using server = longList((index) => index * 7_919 % 60_000 + 100_000);
  await assert.rejects(findIn(server.url, 15_000), {
    kind: "bad_response",
    message: /^Cannot find run hello-world#15000: only 9\d{3} of 60000 runs could be searched$/,
    hint: /slug/,
  });
});

async function findIn(url: string, number: number) {
  const clock = virtualClock();
  await using simulator = await startSimulator({ clock });
  const deps = { ...await depsFor(simulator, { clock }), client: await clientOf(url, { apiVersion: undefined }) };
  return await findRun(deps, { type: "number", workflow: WORKFLOW, number }, { signal });
}

function longList(numberAt: (index: number) => number, total = 60_000) {
  return httpServer(({ url }) => {
    const query = new URL(url).searchParams;
    const [limit, offset] = [Number(query.get("limit")), Number(query.get("offset"))];
    const length = Math.max(0, Math.min(limit, total - offset));
    return Response.json({ runs: Array.from({ length }, (_, index) => wireRun(numberAt(offset + index))), total });
  });
}

function wireRun(number: number) {
  return { id: `${number}`, user: "demo", slug: `w-${number}`, number, workflowName: WORKFLOW, status: "completed" };
}

/** Runs are started and deleted before each page of the list. */
async function aMovingList(
  { seed, listOrder, maxLimit, maxAdded, maxRemoved }: {
    readonly seed: number;
    readonly listOrder: "newest" | "oldest";
    readonly maxLimit: number;
    readonly maxAdded: number;
    readonly maxRemoved: number;
  },
) {
  const random = seededRandom(seed);
  const below = (count: number) => Math.floor(random() * count);
  const clock = virtualClock();
  const options: SimulatorOptions = { clock, random, behavior: { listOrder, maxLimit, apiVersion: "current" } };
  const simulator = await startSimulator(options);
  const deps = await depsFor(simulator, { clock });
  const slugs = new Map<number, string>();
  let present: string[] = [];
  const add = (run: Pick<Run, "slug" | "number">) => {
    slugs.set(run.number ?? 0, run.slug ?? "");
    present.push(run.slug ?? "");
  };
  const { runs } = await everything(deps.client);
  runs.forEach(add);
  const moving: Pick<Client, "listRuns"> = {
    async listRuns(query) {
      for (let count = below(maxAdded + 1); count > 0; count--) {
        const inputs = { hello: { message: "hi" }, resource: "a30gpuserver" };
        const request = { workflow: WORKFLOW, inputs, slug: null, displayName: null, consent: null };
        const response = await deps.client.submit(request, { signal });
        assert.equal(response.type, "accepted");
        if (response.type === "accepted") add(response.run);
      }
      for (let count = below(maxRemoved + 1); count > 0 && present.length > 12; count--) {
        const removed = present[below(present.length)] ?? "";
        simulator.deleteExternally(removed);
        present = present.filter((slug) => slug !== removed);
      }
      return await deps.client.listRuns(query);
    },
  };
  async function everything(client: Client) {
    simulator.setBehavior({ maxLimit: 100 });
    const page = await client.listRuns({ workflow: WORKFLOW, limit: 100, signal });
    simulator.setBehavior({ maxLimit });
    return page;
  }
  return {
    deps,
    moving,
    present: () => [...present],
    slugOf: (number: number) => slugs.get(number),
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}
