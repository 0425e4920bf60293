import assert from "node:assert/strict";
import { advance } from "../../lib/runs/advance.ts";
import { createSubmission } from "../../lib/runs/create_submission.ts";
import { listRunning, sharingPolls } from "../../lib/runs/list_running.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { displayNameFor } from "../../lib/runs/slug.ts";
import type { ServerBehavior, SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { Submission } from "../../lib/submission.ts";
import { depsFor } from "../support/deps.ts";
import { anActiveSubmission, aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const ENDLESS = `jobs: { main: { steps: [{ name: run, run: "sleep infinity" }] } }`;
const { signal } = new AbortController();
const SCENARIO = { "main/run": { lasts: "forever" } };

async function aStage(behavior: Partial<ServerBehavior> = {}, onStep?: SimulatorOptions["onStep"]) {
  const clock = virtualClock();
  const workflows = Object.fromEntries(["a", "b"].map((name) => [name, { yaml: ENDLESS, scenario: SCENARIO }]));
  const simulator = await startSimulator({ clock, behavior, workflows, ...(onStep && { onStep }) });
  const deps = await depsFor(simulator, { clock });
  const options = { ...DEFAULT_EXECUTE, signal } as const;
  return {
    clock,
    simulator,
    deps,
    lists: () => simulator.received("list-runs").filter(({ path }) => path.includes("status=running")),
    /** Runs of each of the workflows, one after the other. */
    async running(count: number, ...names: string[]) {
      const submissions: Submission[] = [];
      for (let index = 0; index < count; index++) {
        const workflow = names[index % names.length] ?? "a";
        submissions.push(await createSubmission(deps, aRequest({ workflow, inputs: {} }), options));
      }
      const advanced = await advance(deps, submissions, options);
      return advanced.flatMap(({ submission }) => submission.state === "active" ? [submission] : []);
    },
    /** A run that nothing here tracks. */
    async otherRun(slug: string, displayName = "other") {
      await deps.client.submit({ workflow: "a", inputs: {}, slug, displayName, consent: null });
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

for (
  const [count, names, expected] of [
    [3, [], []],
    [4, ["a"], ["a"]],
    [5, ["a", "b"], [null]],
  ] as const
) {
  Deno.test(`listRunning() of ${count} runs of the workflows [${names}] makes ${expected.length} requests`, async () => {
    await using stage = await aStage();
    const runs = await stage.running(count, ...names);
    const { running, pages } = await listRunning(stage.deps, runs, { signal });
    assert.equal(running.size, count * expected.length);
    assert.equal(pages, expected.length);
    const asked = stage.lists().map(({ path }) => new URLSearchParams(path.split("?")[1]));
    assert.deepEqual(asked.map((query) => query.get("workflow")), [...expected]);
  });
}

Deno.test("listRunning() makes no request for runs of the older API, which have no slug", async () => {
  await using stage = await aStage();
  const runs = [1, 2, 3, 4, 5].map((number) =>
    anActiveSubmission({ runId: { type: "number", workflow: "a", number } })
  );
  assert.deepEqual(await listRunning(stage.deps, runs, { signal }), {
    running: new Map(),
    pages: 0,
    duplicated: new Set(),
  });
  assert.equal(stage.lists().length, 0);
});

Deno.test("listRunning() returns what it has read before a page that cannot be read, and lists nothing again", async () => {
  await using stage = await aStage({ maxLimit: 10 });
  const runs = await stage.running(30, "a");
  stage.simulator.addFaults({ on: "list-runs", status: 502, after: 1 });
  const { running, pages, error } = await listRunning(stage.deps, runs, { signal });
  assert.deepEqual([running.size, pages, error?.kind], [10, 2, "unavailable"]);
  assert.equal(stage.lists().length, 2);
});

Deno.test("listRunning() throws the reason of a signal", async () => {
  await using stage = await aStage();
  const runs = await stage.running(4, "a");
  await assert.rejects(listRunning(stage.deps, runs, { signal: AbortSignal.abort(new Error("detached")) }), {
    message: "detached",
  });
});

for (const [count, ended, lists] of [[4, 2, 1], [10, 3, 2], [20, 4, 1], [20, 5, 2]] as const) {
  Deno.test(`listRunning() of ${count} runs of which ${ended} have ended lists ${lists} times`, async () => {
    await using stage = await aStage();
    const runs = await stage.running(count, "a");
    for (const { run } of runs.slice(0, ended)) stage.simulator.cancelExternally(run.slug ?? "");
    const { running, pages, error } = await listRunning(stage.deps, runs, { signal });
    assert.deepEqual([running.size, pages, error], [count - ended, lists, undefined]);
    assert.equal(stage.lists().length, lists);
  });
}

Deno.test("listRunning() returns the runs and the duplicates that either of two lists shows", async () => {
  let afterFirst: (() => void) | undefined;
  await using stage = await aStage({ listLagMs: 60_000 }, (operation, step) => {
    if (operation !== "list-runs" || step !== "responded") return;
    afterFirst?.();
    afterFirst = undefined;
  });
  const old = await stage.running(5, "a");
  const [first] = old;
  assert.ok(first !== undefined && first.run.slug !== null);
  await stage.otherRun("started-twice", displayNameFor("a", first.correlationTag));
  stage.clock.advance(120_000);
  const young = await stage.running(5, "a");
  afterFirst = () => {
    stage.simulator.setBehavior({ listLagMs: 0 });
    for (const slug of [first.run.slug, "started-twice"]) stage.simulator.cancelExternally(slug ?? "");
  };
  const { running, pages, duplicated } = await listRunning(stage.deps, [...old, ...young], { signal });
  assert.deepEqual([running.size, pages], [10, 2]);
  assert.deepEqual([...duplicated], [first.run.slug]);
  assert.equal(running.has("started-twice"), false);
});

Deno.test("listRunning() reads a page for each four of its runs at most", async () => {
  await using stage = await aStage({ maxLimit: 10 });
  const runs = await stage.running(8, "a");
  for (let index = 0; index < 35; index++) await stage.otherRun(`other-${index}`);
  // Its own runs are on the last page, which a second list would not reach either.
  const { running, pages, error } = await listRunning(stage.deps, runs, { signal });
  assert.deepEqual([running.size, pages, error], [0, 2, undefined]);
  assert.equal(stage.lists().length, 2);
});

Deno.test("listRunning() reads no further page when it has found all of its runs", async () => {
  await using stage = await aStage({ maxLimit: 20 });
  for (let index = 0; index < 25; index++) await stage.otherRun(`other-${index}`);
  const runs = await stage.running(12, "a");
  const { running, pages } = await listRunning(stage.deps, runs, { signal });
  assert.deepEqual([running.size, pages, stage.lists().length], [12, 1, 1]);
});

const POLL = { retry: "none" } as const;

Deno.test("sharingPolls() of twenty runs is the client itself, which reads all details", async () => {
  await using stage = await aStage();
  const { deps: { client }, clock } = stage;
  assert.equal(sharingPolls(client, clock, 20), client);
  assert.notEqual(sharingPolls(client, clock, 21), client);
});

Deno.test("sharingPolls() answers polls from one list for five seconds, and the first read by name", async () => {
  await using stage = await aStage();
  const [first, second] = await stage.running(2, "a", "b");
  assert.ok(first && second);
  const client = sharingPolls(stage.deps.client, stage.clock, 21);
  assert.notEqual((await client.getRun(first.runId)).inputs, null);
  assert.equal(stage.lists().length, 0);
  const polled = await Promise.all([first, second].map(({ runId }) => client.getRun(runId, POLL)));
  assert.deepEqual(polled.map(({ slug, jobs }) => [slug, jobs]), [first, second].map(({ run }) => [run.slug, []]));
  for (const [elapsedMs, lists] of [[5_000, 1], [1, 2], [5_000, 2]] as const) {
    stage.clock.advance(elapsedMs);
    await client.getRun(first.runId, POLL);
    assert.equal(stage.lists().length, lists);
  }
  assert.equal(stage.simulator.received("get-run").length, 1);
});

Deno.test("sharingPolls() reads a run that has ended, or whose page cannot be read, by its name", async () => {
  await using stage = await aStage();
  const [ended, running] = await stage.running(2, "a");
  assert.ok(ended && running);
  stage.simulator.cancelExternally(ended.run.slug ?? "");
  stage.clock.advance(60_000);
  const client = sharingPolls(stage.deps.client, stage.clock, 21);
  assert.equal((await client.getRun(ended.runId, POLL)).status, "cancelled");
  stage.clock.advance(6_000);
  stage.simulator.addFaults({ on: "list-runs", status: 502 });
  assert.equal((await client.getRun(running.runId, POLL)).status, "running");
  assert.deepEqual([stage.lists().length, stage.simulator.received("get-run").length], [2, 2]);
});

Deno.test("sharingPolls() ends the poll of one that is aborted, and not the list of the others", async () => {
  await using stage = await aStage();
  const [first, second] = await stage.running(2, "a");
  assert.ok(first && second);
  const client = sharingPolls(stage.deps.client, stage.clock, 21);
  stage.simulator.addFaults({ on: "list-runs", latencyMs: 20_000 });
  const startedMs = stage.clock.monotonic();
  const aborting = new AbortController();
  const aborted = client.getRun(first.runId, { ...POLL, signal: aborting.signal });
  const other = client.getRun(second.runId, POLL);
  aborting.abort(new Error("detached"));
  await assert.rejects(aborted, { message: "detached" });
  assert.equal(stage.clock.monotonic(), startedMs);
  assert.equal((await other).slug, second.run.slug);
  assert.deepEqual([stage.lists().length, stage.simulator.received("get-run").length], [1, 0]);
});
