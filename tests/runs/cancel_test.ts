import assert from "node:assert/strict";
import { cancelRun } from "../../lib/runs/cancel.ts";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import type { ServerBehavior, SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();

Deno.test("cancelRun() asks, and answers with what the platform then shows", async () => {
  await using stage = await aStage();
  const run = await cancelRun(stage.deps, await stage.start("never-ending"), { signal });
  assert.ok(run.platformStatus === "canceling" || run.status === "cancelled", run.platformStatus);
});

for (const cancelOfEnded of [204, 409] as const satisfies readonly ServerBehavior["cancelOfEnded"][]) {
  Deno.test(`cancelRun() takes a run that has ended for done, where the platform answers ${cancelOfEnded}`, async () => {
    await using stage = await aStage({ behavior: { cancelOfEnded } });
    const run = await cancelRun(stage.deps, { type: "slug", slug: "hello-world-00001" }, { signal });
    assert.equal(run.isFinal, true);
  });
}

Deno.test("cancelRun() believes the run and not the answer, when the answer is cut off", async () => {
  await using stage = await aStage({ faults: [{ on: "cancel-run", cut: "after-effect" }] });
  const run = await cancelRun(stage.deps, await stage.start("never-ending"), { signal });
  assert.ok(run.platformStatus === "canceling" || run.status === "cancelled", run.platformStatus);
});

Deno.test("cancelRun() repeats a cancel that met 503", async () => {
  await using stage = await aStage({ faults: [{ on: "cancel-run", status: 503, times: 2 }] });
  const run = await cancelRun(stage.deps, await stage.start("never-ending"), { signal });
  assert.notEqual(run.platformStatus, "running");
  assert.equal(stage.sim.received("cancel-run").length, 3);
});

Deno.test("cancelRun() says when the platform refuses and the run goes on", async () => {
  await using stage = await aStage({ faults: [{ on: "cancel-run", status: 409, times: Infinity }] });
  await assert.rejects(cancelRun(stage.deps, await stage.start("never-ending"), { signal }), { kind: "conflict" });
});

Deno.test("cancelRun() on an older server deletes nothing", async () => {
  await using stage = await aStage({ behavior: { routes: "legacy", nestedRead: "run" } });
  const runId = { type: "number", workflow: "hello-world", number: 46 } as const;
  await assert.rejects(cancelRun(stage.deps, runId, { signal }), { kind: "unsupported" });
  assert.equal(stage.sim.received("delete-run").length, 0);
});

async function aStage(options: SimulatorOptions = {}) {
  const clock = virtualClock();
  const sim = await startSimulator({ clock, ...options });
  const deps = await depsFor(sim, { clock });
  return {
    sim,
    deps,
    async start(workflow: string) {
      const { slug } = await toEnd(
        execute(deps, aRequest({ workflow, inputs: {} }), { ...DEFAULT_EXECUTE, isWaiting: false, signal }),
        () => {},
      );
      return { type: "slug", slug: slug ?? "" } as const;
    },
    [Symbol.asyncDispose]: () => sim[Symbol.asyncDispose](),
  };
}
