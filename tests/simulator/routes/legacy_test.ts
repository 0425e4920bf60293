import assert from "node:assert/strict";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { ask } from "../ask.ts";

const RUNS = "/api/workflows/data-processor/runs";
const INPUTS = { dataset: "rivers" };

Deno.test("an older server doesn't know the current routes, and a current one not the older", async () => {
  await using sim = await startSimulator({ behavior: { routes: "legacy" } });
  assert.equal((await ask(sim, "GET", "/api/workflow-runs?limit=1")).status, 404);
  assert.equal((await ask(sim, "POST", "/api/workflow-runs", { body: { workflow: "quick" } })).status, 404);
  sim.setBehavior({ routes: "current" });
  assert.equal((await ask(sim, "POST", RUNS, { body: { inputs: INPUTS } })).status, 404);
  sim.setBehavior({ routes: "both" });
  assert.equal((await ask(sim, "GET", "/api/workflow-runs?limit=1")).status, 200);
  assert.equal((await ask(sim, "POST", RUNS, { body: { inputs: INPUTS } })).status, 200);
});

Deno.test("an older server shows a run with its number, without a slug, and with lists of pairs", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, behavior: { routes: "legacy", nestedRead: "run" } });
  const created = await ask(sim, "POST", RUNS, { body: { inputs: INPUTS } });
  assert.equal(created.status, 200);
  for (
    const name of ["id", "status", "createdAt", "workflowName", "workflowId", "number", "user", "workflowDisplayName"]
  ) {
    assert.ok(created.at(`run.${name}`) !== undefined, name);
  }
  assert.equal(created.at("run.slug"), undefined);
  assert.equal(created.at("run.number"), 4);
  assert.deepEqual(created.at("run.variables.0"), { key: "dataset", value: "rivers" });
  clock.advance(60_000);
  const read = await ask(sim, "GET", `${RUNS}/4`);
  assert.equal(read.at("status"), "completed");
  assert.equal(read.at("executedJobs.1.key"), "summarise");
});

Deno.test("an older server may have no way to read a run", async () => {
  await using sim = await startSimulator({ behavior: { routes: "legacy" } });
  await ask(sim, "POST", RUNS, { body: { inputs: INPUTS } });
  const read = await ask(sim, "GET", `${RUNS}/4`);
  assert.equal(read.status, 405);
  assert.equal(read.headers.get("allow"), "DELETE");
  assert.equal(sim.received("get-run").length, 1);
});

Deno.test("an older server's DELETE removes the run", async () => {
  await using sim = await startSimulator({ behavior: { routes: "both", nestedRead: "run" } });
  assert.equal((await ask(sim, "DELETE", `${RUNS}/3`)).status, 204);
  assert.equal((await ask(sim, "GET", `${RUNS}/3`)).status, 404);
  assert.equal((await ask(sim, "GET", "/api/workflow-runs/data-processor-00003")).status, 404);
});

Deno.test("an older server tells the session that a run opens", async () => {
  await using sim = await startSimulator({ behavior: { routes: "legacy" } });
  const named = await ask(sim, "POST", "/api/workflows/open-notebook/runs", {
    body: { inputs: {}, appInfo: { sessionNames: { session: "my-notebook" } } },
  });
  assert.equal(named.at("redirect"), "my-notebook");
});
