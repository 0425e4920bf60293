import assert from "node:assert/strict";
import { IdempotencyKeyConflict, Unsupported } from "../../lib/errors.ts";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import type { KeyPolicy } from "../../lib/runs/idempotency.ts";
import { type RunStore } from "../../lib/store/run_store.ts";
import { memoryRunStore } from "../../lib/store/run_store.ts";
import type { RunEvent } from "../../lib/events.ts";
import type { RunResult } from "../../lib/result.ts";
import type { ServerBehavior, Simulator, SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

interface SimulatorState {
  readonly simulator: Simulator;
  /** A wish from a machine of its own, unless a ledger is given. */
  spec(options?: RunSpecOptions): Promise<{ readonly result: RunResult; readonly events: readonly RunEvent[] }>;
}

interface RunSpecOptions {
  readonly key?: string;
  readonly policy?: KeyPolicy;
  readonly greeting?: string;
  readonly store?: RunStore;
}

function inWorld(name: string, options: SimulatorOptions, act: (world: SimulatorState) => Promise<void>): void {
  Deno.test(name, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock, ...options });
    const signal = new AbortController().signal;
    await act({
      simulator,
      async spec({ key = "nightly", policy = "attach", greeting = "hello", store = memoryRunStore() } = {}) {
        const deps = await depsFor(simulator, { clock, store });
        const request = aRequest({ workflow: "quick", inputs: { greeting } });
        const events: RunEvent[] = [];
        const how = { ...DEFAULT_EXECUTE, signal, idempotencyKey: { text: key, policy } };
        const result = await toEnd(execute(deps, request, how), (event) => events.push(event));
        return { result, events };
      },
    });
  });
}

for (const slugs of ["unique", "shared", "existing", "ignored"] as const satisfies readonly ServerBehavior["slugs"][]) {
  inWorld(
    `a key from another machine attaches to its run where slugs are ${slugs}`,
    { behavior: { slugs } },
    async (world) => {
      const first = await world.spec();
      const second = await world.spec();
      assert.equal(first.result.submitted, "yes");
      assert.equal(second.result.submitted, "no");
      assert.equal(second.result.slug, first.result.slug);
      assert.ok(second.events.some(({ type }) => type === "key-matched"));
      assert.equal(world.simulator.runs().length, 1);
    },
  );

  inWorld(`a key with other inputs is refused where slugs are ${slugs}`, { behavior: { slugs } }, async (world) => {
    await world.spec();
    await assert.rejects(world.spec({ greeting: "other" }), IdempotencyKeyConflict);
    assert.equal(world.simulator.runs().length, 1);
  });
}

inWorld("another key is another run", {}, async (world) => {
  const first = await world.spec({ key: "a" });
  const second = await world.spec({ key: "b" });
  assert.notEqual(first.result.slug, second.result.slug);
});

inWorld(
  "a server that refuses slugs can't keep a key: nothing is started",
  { behavior: { slugs: "refused" } },
  async (world) => {
    await assert.rejects(world.spec(), Unsupported);
    assert.equal(world.simulator.runs().length, 0);
  },
);

inWorld(
  "an older server can't keep a key: nothing is started",
  { behavior: { routes: "legacy", nestedRead: "run" } },
  async (world) => {
    await assert.rejects(world.spec(), Unsupported);
    assert.equal(world.simulator.runs().length, 0);
  },
);

for (const duplicateSlugStatus of [400, 409, 422] as const) {
  inWorld(
    `of many machines that wish at once one starts the run, where a taken slug is answered with ${duplicateSlugStatus}`,
    { behavior: { duplicateSlugStatus } },
    async (world) => {
      const ends = await Promise.all(Array.from({ length: 8 }, () => world.spec()));
      assert.equal(world.simulator.runs().length, 1);
      assert.equal(new Set(ends.map(({ result }) => result.slug)).size, 1);
      assert.deepEqual(ends.map(({ result }) => result.status), Array(8).fill("completed"));
      assert.deepEqual(ends.map(({ result }) => result.submitted).sort(), [...Array(7).fill("no"), "yes"]);
    },
  );
}

inWorld("of many processes with one ledger one starts the run", {}, async (world) => {
  const store = memoryRunStore();
  const ends = await Promise.all(Array.from({ length: 8 }, () => world.spec({ store })));
  assert.equal(world.simulator.received("submit").length, 1);
  assert.equal(new Set(ends.map(({ result }) => result.slug)).size, 1);
});

inWorld("of many processes with other inputs under one key all but one are refused", {}, async (world) => {
  const ends = await Promise.allSettled(["a", "b", "c", "d"].map((greeting) => world.spec({ greeting })));
  assert.equal(ends.filter(({ status }) => status === "fulfilled").length, 1);
  for (const end of ends) {
    if (end.status === "rejected") assert.ok(end.reason instanceof IdempotencyKeyConflict, String(end.reason));
  }
  assert.equal(world.simulator.runs().length, 1);
});

inWorld("the policy reject refuses a key that has a run", {}, async (world) => {
  await world.spec({ policy: "reject" });
  await assert.rejects(world.spec({ policy: "reject" }), /is used already/);
  assert.equal(world.simulator.runs().length, 1);
});

for (const [status, wantRuns] of [["completed", 1], ["error", 2], ["canceled", 2]] as const) {
  inWorld(`the policy new-if-failed after a run that ended ${status} makes ${wantRuns} in all`, {}, async (world) => {
    const store = memoryRunStore();
    const { result } = await world.spec({ policy: "new-if-failed", store });
    // What this machine remembers is the end that it saw; another machine sees what the platform shows.
    world.simulator.overrideStatus(result.slug ?? "", status);
    await world.spec({ policy: "new-if-failed" });
    assert.equal(world.simulator.runs().length, wantRuns);
    world.simulator.overrideStatus(world.simulator.runs().at(-1)?.slug ?? "", null);
    await world.spec({ policy: "new-if-failed" });
    assert.equal(world.simulator.runs().length, wantRuns);
  });
}

inWorld("a key whose submit was refused is free for the same wish again", {
  faults: [{ on: "submit", status: 403 }],
}, async (world) => {
  const store = memoryRunStore();
  await assert.rejects(world.spec({ store }));
  assert.equal((await world.spec({ store })).result.submitted, "yes");
});

inWorld("a key's run is found although its submit's answer was lost", {
  faults: [{ on: "submit", cut: "after-effect" }],
}, async (world) => {
  const { result } = await world.spec();
  assert.equal(result.status, "completed");
  assert.equal((await world.spec()).result.slug, result.slug);
  assert.equal(world.simulator.runs().length, 1);
});
