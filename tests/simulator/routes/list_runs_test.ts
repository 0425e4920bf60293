import { isObject } from "../../../lib/json.ts";
import assert from "node:assert/strict";
import type { ServerBehavior } from "../../../lib/simulator/simulator.ts";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { request, submit } from "../request.ts";

/** alice's runs are submitted a second apart; this is the age of the last one. */
const AGE_MS = 6_000;
const WORKFLOWS = ["quick", "quick", "failing-step", "never-ending", "quick"];

const CASES: readonly {
  readonly query: string;
  readonly behavior?: Partial<ServerBehavior>;
  readonly slugs: readonly string[];
  readonly total: number;
}[] = [
  { query: "", slugs: ["r5", "r4", "r3", "r2", "r1"], total: 5 },
  { query: "", behavior: { listOrder: "oldest" }, slugs: ["r1", "r2", "r3", "r4", "r5"], total: 5 },
  { query: "limit=2", slugs: ["r5", "r4"], total: 5 },
  { query: "limit=2&offset=2", slugs: ["r3", "r2"], total: 5 },
  { query: "limit=2&offset=4", slugs: ["r1"], total: 5 },
  { query: "offset=5", slugs: [], total: 5 },
  { query: "limit=5", behavior: { maxLimit: 3 }, slugs: ["r5", "r4", "r3"], total: 5 },
  { query: "workflow=quick", slugs: ["r5", "r2", "r1"], total: 3 },
  { query: "workflow=nothing", slugs: [], total: 0 },
  { query: "status=running", slugs: ["r4"], total: 1 },
  { query: "status=error", slugs: ["r3"], total: 1 },
  { query: "status=error&status=running", slugs: ["r4", "r3"], total: 2 },
  { query: "status=canceled", slugs: [], total: 0 },
  { query: "search=R3", slugs: ["r3"], total: 1 },
  { query: "search=never", slugs: ["r4"], total: 1 },
  { query: "", behavior: { listLagMs: AGE_MS + 1_500 }, slugs: ["r3", "r2", "r1"], total: 3 },
];

for (const { query, behavior = {}, slugs, total } of CASES) {
  const where = Object.keys(behavior).length === 0 ? "" : ` with ${JSON.stringify(behavior)}`;
  Deno.test(`the list of runs with "${query}"${where} is [${slugs}] of ${total}`, async () => {
    const clock = virtualClock();
    await using sim = await startSimulator({ clock, behavior });
    for (const [index, workflow] of WORKFLOWS.entries()) {
      await submit(sim, workflow, { user: "alice", slug: `r${index + 1}` });
      clock.advance(index < WORKFLOWS.length - 1 ? 1_000 : AGE_MS);
    }
    const response = await request(sim, "GET", `/api/workflow-runs?${query}`, { user: "alice" });
    const runs = response.at("runs");
    assert.deepEqual(Array.isArray(runs) ? runs.map((run) => isObject(run) && run["slug"]) : [], slugs);
    assert.equal(response.at("total"), total);
    // The platform writes an empty list as null.
    if (slugs.length === 0) assert.equal(runs, null);
  });
}

for (const query of ["limit=0", "limit=-1", "limit=2.5", "offset=x", "status=done"]) {
  Deno.test(`the list of runs with "${query}" gets 422 and names the parameter`, async () => {
    await using sim = await startSimulator({ behavior: { errorBody: "problem" } });
    const accept = "application/problem+json";
    const response = await request(sim, "GET", `/api/workflow-runs?${query}`, { accept });
    assert.equal(response.status, 422);
    assert.equal(response.at("errors.0.parameter"), query.split("=")[0]);
    assert.equal(response.at("errors.0.in"), "query");
  });
}

Deno.test("the user demo has 46 past runs of hello-world, most of them completed", async () => {
  await using sim = await startSimulator();
  const total = async (query: string) => {
    const response = await request(sim, "GET", `/api/workflow-runs?workflow=hello-world&${query}`);
    return response.at("total");
  };
  assert.equal(await total(""), 46);
  assert.equal(await total("status=completed"), 41);
  assert.equal(await total("status=error"), 3);
  assert.equal(await total("status=canceled"), 2);
  assert.equal(await total("status=running"), 0);
});
