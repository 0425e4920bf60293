import assert from "node:assert/strict";
import { cancelRun } from "../../lib/runs/cancel.ts";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import type { ServerBehavior, SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { formatRunId } from "../../lib/run.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();

Deno.test("cancelRun() cancels a run and returns what the platform shows afterwards", async () => {
  await using stage = await aStage();
  const run = await cancelRun(stage.deps, await stage.start("never-ending"), { signal });
  assert.equal(run.platformStatus, "canceling");
  assert.equal(stage.simulator.received("get-run").length, 1);
});

for (const status of ["cancelling", "Canceling"]) {
  Deno.test(`cancelRun() of a run that is then ${status} does not expect it to change`, async () => {
    await using stage = await aStage();
    const runId = await stage.start("never-ending");
    stage.simulator.overrideStatus(formatRunId(runId), status);
    const run = await cancelRun(stage.deps, runId, { signal });
    assert.equal(run.platformStatus, status);
  });
}

Deno.test("cancelRun() throws when the platform accepts the request and the run keeps running", async () => {
  await using stage = await aStage();
  const runId = await stage.start("never-ending");
  const client = { ...stage.deps.client, cancelRun: () => Promise.resolve() };
  await assert.rejects(cancelRun({ ...stage.deps, client }, runId, { signal }), {
    kind: "rejected",
    message: /accepted the request, but the run is still running/,
  });
});

for (const cancelOfEnded of [204, 409] as const satisfies readonly ServerBehavior["cancelOfEnded"][]) {
  Deno.test(`cancelRun() returns a run that has already ended when the platform responds with ${cancelOfEnded}`, async () => {
    await using stage = await aStage({ behavior: { cancelOfEnded } });
    const run = await cancelRun(stage.deps, { type: "slug", slug: "hello-world-00001" }, { signal });
    assert.equal(run.isFinal, true);
  });
}

Deno.test("cancelRun() relies on the run's status when the response is cut off", async () => {
  await using stage = await aStage({ faults: [{ on: "cancel-run", cut: "after-effect" }] });
  const run = await cancelRun(stage.deps, await stage.start("never-ending"), { signal });
  assert.ok(run.platformStatus === "canceling" || run.status === "cancelled", run.platformStatus);
});

Deno.test("cancelRun() retries after 503", async () => {
  await using stage = await aStage({ faults: [{ on: "cancel-run", status: 503, times: 2 }] });
  const run = await cancelRun(stage.deps, await stage.start("never-ending"), { signal });
  assert.notEqual(run.platformStatus, "running");
  assert.equal(stage.simulator.received("cancel-run").length, 3);
});

Deno.test("cancelRun() throws when the platform refuses and the run is still running", async () => {
  await using stage = await aStage({ faults: [{ on: "cancel-run", status: 409, times: Infinity }] });
  await assert.rejects(cancelRun(stage.deps, await stage.start("never-ending"), { signal }), { kind: "conflict" });
});

Deno.test("cancelRun() on a legacy server deletes nothing", async () => {
  await using stage = await aStage({ behavior: { apiVersion: "legacy", legacyRead: "run" } });
  const runId = { type: "number", workflow: "hello-world", number: 46 } as const;
  await assert.rejects(cancelRun(stage.deps, runId, { signal }), { kind: "unsupported" });
  assert.equal(stage.simulator.received("delete-run").length, 0);
});

async function aStage(options: SimulatorOptions = {}) {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, ...options });
  const deps = await depsFor(simulator, { clock });
  return {
    simulator,
    deps,
    async start(workflow: string) {
      const { slug } = await toEnd(
        execute(deps, aRequest({ workflow, inputs: {} }), { ...DEFAULT_EXECUTE, isWaiting: false, signal }),
        () => {},
      );
      return { type: "slug", slug: slug ?? "" } as const;
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}
