import assert from "node:assert/strict";
import { startSimulator } from "../../../lib/simulator/start.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { request } from "../request.ts";

const RUNS = "/api/workflows/data-processor/runs";
const INPUTS = { dataset: "rivers" };

Deno.test("apiVersion selects the routes that exist", async () => {
  await using sim = await startSimulator({ behavior: { apiVersion: "legacy" } });
  assert.equal((await request(sim, "GET", "/api/workflow-runs?limit=1")).status, 404);
  assert.equal((await request(sim, "POST", "/api/workflow-runs", { body: { workflow: "quick" } })).status, 404);
  sim.setBehavior({ apiVersion: "current" });
  assert.equal((await request(sim, "POST", RUNS, { body: { inputs: INPUTS } })).status, 404);
  sim.setBehavior({ apiVersion: "both" });
  assert.equal((await request(sim, "GET", "/api/workflow-runs?limit=1")).status, 200);
  assert.equal((await request(sim, "POST", RUNS, { body: { inputs: INPUTS } })).status, 200);
});

Deno.test("the legacy API returns a run with a number, without a slug, and with lists of pairs", async () => {
  const clock = virtualClock();
  await using sim = await startSimulator({ clock, behavior: { apiVersion: "legacy", legacyRead: "run" } });
  const created = await request(sim, "POST", RUNS, { body: { inputs: INPUTS } });
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
  const read = await request(sim, "GET", `${RUNS}/4`);
  assert.equal(read.at("status"), "completed");
  assert.equal(read.at("executedJobs.1.key"), "summarize");
});

Deno.test("reading a run on the legacy API gets 405 by default", async () => {
  await using sim = await startSimulator({ behavior: { apiVersion: "legacy" } });
  await request(sim, "POST", RUNS, { body: { inputs: INPUTS } });
  const read = await request(sim, "GET", `${RUNS}/4`);
  assert.equal(read.status, 405);
  assert.equal(read.headers.get("allow"), "DELETE");
  assert.equal(sim.received("get-run").length, 1);
});

Deno.test("DELETE on the legacy API removes the run", async () => {
  await using sim = await startSimulator({ behavior: { apiVersion: "both", legacyRead: "run" } });
  assert.equal((await request(sim, "DELETE", `${RUNS}/3`)).status, 204);
  assert.equal((await request(sim, "GET", `${RUNS}/3`)).status, 404);
  assert.equal((await request(sim, "GET", "/api/workflow-runs/data-processor-00003")).status, 404);
});

Deno.test("a submit on the legacy API returns the session that the run opens", async () => {
  await using sim = await startSimulator({ behavior: { apiVersion: "legacy" } });
  const named = await request(sim, "POST", "/api/workflows/open-notebook/runs", {
    body: { inputs: {}, appInfo: { sessionNames: { session: "my-notebook" } } },
  });
  assert.equal(named.at("redirect"), "my-notebook");
});
