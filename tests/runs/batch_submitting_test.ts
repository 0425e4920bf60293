import assert from "node:assert/strict";
import { memoryRunStore } from "../../lib/store/memory_kv.ts";
import { aStage, aTask, endsOf, ranBatch, tasks } from "../support/batch.ts";
import { depsFor } from "../support/deps.ts";
import { virtualClock } from "../support/virtual_clock.ts";

Deno.test("a bug in the preparation of a row ends the batch with its error", async () => {
  await using stage = await aStage();
  const broken = aTask("broken", {}, { prepare: () => Promise.reject(new TypeError("a bug")) });
  await assert.rejects(ranBatch(stage.deps, [broken, ...tasks(2)]), { message: "a bug" });
});

Deno.test("rows that another machine has submitted start no run, and their results state that", async () => {
  await using stage = await aStage();
  await ranBatch(stage.deps, tasks(2));
  const ran = await ranBatch({ ...stage.deps, store: memoryRunStore() }, tasks(2));
  assert.deepEqual(endsOf(ran), ["completed", "completed"]);
  assert.deepEqual(ran.outcome.ends.map((end) => end.type === "result" && end.result.submitted), ["no", "no"]);
  assert.equal(stage.simulator.runs().length, 2);
});

for (
  const [delay, fault, end, runs] of [
    ["that the server asked to wait with", { status: 429, retryAfter: "5" }, "not-submitted", 0],
    ["whose response was lost", { cut: "after-effect" }, "completed", 1],
  ] as const
) {
  Deno.test(`after a stop, a row ${delay} is ${end}`, async () => {
    // The first search does not find the run.
    const behavior = { readLagMs: 8_000, listLagMs: 8_000 };
    await using stage = await aStage({ behavior, faults: [{ on: "submit", ...fault }] });
    const ran = await ranBatch(stage.deps, tasks(1), {}, (event, control) => {
      if (event.type === "run" && event.event.type === "submit-delayed") control.stop("interrupted");
    });
    assert.deepEqual(endsOf(ran), [end]);
    assert.equal(stage.simulator.received("submit").length, 1);
    assert.equal(stage.simulator.runs().length, runs);
  });
}

Deno.test("a row that has run a thousand times runs again", async () => {
  await using stage = await aStage();
  const again = aTask("row", {}, { previous: { attempt: 1_000, last: null, ended: [] } });
  assert.deepEqual(endsOf(await ranBatch(stage.deps, [again])), ["completed"]);
});

Deno.test("a server that asks to wait for a day before a row is submitted is asked again within the hour", async () => {
  const clock = virtualClock();
  await using stage = await aStage({ clock, faults: [{ on: "get-run", status: 503, retryAfter: "86400" }] });
  const held: typeof fetch = async (input, init) => {
    using _hold = clock.hold();
    const response = await fetch(input, init);
    return new Response(await response.text(), response);
  };
  const deps = await depsFor(stage.simulator, { clock, fetch: held });
  const startedMs = clock.monotonic();
  assert.deepEqual(endsOf(await ranBatch(deps, tasks(1))), ["completed"]);
  // Five minutes at most, and what passes while the store works.
  assert.ok(clock.monotonic() - startedMs < 3_600_000, `took ${clock.monotonic() - startedMs} ms`);
});
