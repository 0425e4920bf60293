/** How earlier runs of a workflow change when a run is polled, against the simulator. */

import assert from "node:assert/strict";
import type { RunEvent } from "../../lib/events.ts";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE, type ExecuteOptions } from "../../lib/runs/options.ts";
import { loadEarlierRuns } from "../../lib/runs/experience.ts";
import { DEFAULT_POLL_INTERVAL } from "../../lib/runs/poll_interval.ts";
import { trackRun } from "../../lib/runs/track_run.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { lasting } from "../support/service.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const SECONDS = 600;
const LONG = aRequest({ workflow: "long", inputs: {} });
const { signal } = new AbortController();

async function aStage() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, workflows: { long: lasting(SECONDS) } });
  const deps = await depsFor(simulator, { clock });
  const run = async (parts: Partial<ExecuteOptions> = {}, useDeps = deps) => {
    const before = simulator.received().length;
    const events: RunEvent[] = [];
    const options = { ...DEFAULT_EXECUTE, ...parts, signal };
    const result = await toEnd(execute(useDeps, LONG, options), (event) => void events.push(event));
    const received = simulator.received().slice(before);
    const submitAt = received.findIndex(({ operation }) => operation === "submit");
    return {
      result,
      polls: received.filter(({ operation }) => operation === "get-run").length,
      listsAfterSubmit: received.slice(submitAt).filter(({ operation }) => operation === "list-runs").length,
      delayMs: clock.now() - Date.parse(result.completedAt ?? ""),
      timeLeft: events.flatMap((event) => event.type === "status" ? [event.timeLeft] : []),
    };
  };
  return {
    clock,
    simulator,
    deps,
    run,
    otherMachine: () => depsFor(simulator, { clock }),
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

Deno.test("a workflow that has run before is polled when it used to end", async () => {
  await using stage = await aStage();
  const first = await stage.run();
  for (let index = 0; index < 4; index++) await stage.run();
  const sixth = await stage.run();
  assert.equal(sixth.result.status, "completed");
  assert.ok(sixth.polls <= first.polls, `${sixth.polls} polls, ${first.polls} without history`);
  assert.ok(sixth.delayMs <= 5_000, `${sixth.delayMs} ms late`);
  assert.equal(sixth.listsAfterSubmit, 0);
  assert.deepEqual(first.timeLeft.filter((left) => left !== null), []);
  assert.equal(sixth.timeLeft.length, sixth.polls + 1, "one is known before the first poll");
  const [early] = sixth.timeLeft;
  assert.ok(early?.type === "about" && Math.abs(early.usualMs - SECONDS * 1_000) < 10_000, JSON.stringify(early));
});

Deno.test("without a local history, the platform's list of runs takes its place, with one request", async () => {
  await using stage = await aStage();
  for (let index = 0; index < 5; index++) await stage.run();
  const elsewhere = await stage.run({}, await stage.otherMachine());
  assert.equal(elsewhere.listsAfterSubmit, 1);
  assert.ok(elsewhere.delayMs <= 5_000, `${elsewhere.delayMs} ms late`);
});

Deno.test("in the platform's list, cancelled and running runs have no end", async () => {
  await using stage = await aStage();
  await stage.run();
  const cancelled = await stage.run({ isWaiting: false });
  stage.clock.advance(60_000);
  await stage.deps.client.cancelRun({ type: "slug", slug: cancelled.result.slug ?? "" }, { signal });
  stage.clock.advance(60_000);
  const running = await stage.run({ isWaiting: false });
  stage.clock.advance(30_000);
  const { client, ...deps } = await stage.otherMachine();
  const query = { owner: { host: client.host, user: "demo" }, workflow: "long" };
  const load = async (slug: string | null) => {
    const runs = await loadEarlierRuns({ ...deps, client }, { ...query, slug }, { signal });
    return runs.map(({ durationMs, hasEnded }) => [Math.round(durationMs / 10_000) * 10, hasEnded]);
  };
  assert.deepEqual(await load(null), [[30, false], [60, false], [600, true]]);
  assert.deepEqual(await load(running.result.slug), [[60, false], [600, true]]);
});

for (
  const [name, fault] of [
    ["fails", { status: 500 }],
    ["is refused", { status: 403 }],
    ["hangs", { latencyMs: 30_000 }],
    ["is unreadable", { body: "html" }],
  ] as const
) {
  Deno.test(`a list of earlier runs that ${name} changes nothing`, async () => {
    await using stage = await aStage();
    const otherMachine = await stage.otherMachine();
    await stage.run();
    await otherMachine.client.apiVersion({ signal });
    stage.simulator.addFaults({ on: "list-runs", times: Infinity, ...fault });
    const { result, timeLeft, listsAfterSubmit } = await stage.run({}, otherMachine);
    assert.equal(result.status, "completed");
    assert.equal(listsAfterSubmit, 1);
    assert.deepEqual(timeLeft.filter((left) => left !== null), []);
  });
}

Deno.test("a fixed poll interval reads no history", async () => {
  await using stage = await aStage();
  await stage.run();
  const fixed = await stage.run(
    { pollInterval: { ...DEFAULT_POLL_INTERVAL, isAdaptive: false } },
    await stage.otherMachine(),
  );
  assert.equal(fixed.listsAfterSubmit, 0);
  assert.deepEqual(fixed.timeLeft.filter((left) => left !== null), []);
});

Deno.test("a run that is not awaited reads no history", async () => {
  await using stage = await aStage();
  assert.equal((await stage.run({ isWaiting: false })).listsAfterSubmit, 0);
});

Deno.test("trackRun() uses the local history, also for a run that was started elsewhere", async () => {
  await using stage = await aStage();
  for (let index = 0; index < 5; index++) await stage.run();
  const { result } = await stage.run({ isWaiting: false }, await stage.otherMachine());
  const before = stage.simulator.received("list-runs").length;
  const lefts: unknown[] = [];
  const runId = { type: "slug", slug: result.slug ?? "" } as const;
  const tracked = await toEnd(trackRun(stage.deps, runId, { signal }), (event) => {
    if (event.type === "status" && event.status === "running") lefts.push(event.timeLeft?.type);
  });
  assert.equal(tracked.kind, "completed");
  assert.equal(stage.simulator.received("list-runs").length, before);
  assert.equal(lefts[0], "about");
});
