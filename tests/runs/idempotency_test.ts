import assert from "node:assert/strict";
import type { ServerCapabilities } from "../../lib/capabilities.ts";
import { IdempotencyKeyConflict, Unsupported } from "../../lib/errors.ts";
import { advance } from "../../lib/runs/advance.ts";
import type { AdvanceResult } from "../../lib/runs/advance_result.ts";
import { createSubmission } from "../../lib/runs/create_submission.ts";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE, type KeyPolicy } from "../../lib/runs/options.ts";
import { type RunStore } from "../../lib/store/run_store.ts";
import { memoryRunStore } from "../../lib/store/memory_kv.ts";
import type { RunEvent } from "../../lib/events.ts";
import type { RunResult } from "../../lib/result.ts";
import type { Submission } from "../../lib/submission.ts";
import type { ServerBehavior, Simulator, SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { type VirtualClock, virtualClock } from "../support/virtual_clock.ts";

interface Stage {
  readonly simulator: Simulator;
  /** Submits from a new machine, unless `store` is passed. */
  submit(options?: SubmitOptions): Promise<{ readonly result: RunResult; readonly events: readonly RunEvent[] }>;
}

interface SubmitOptions {
  readonly key?: string;
  readonly policy?: KeyPolicy;
  readonly greeting?: string;
  readonly store?: RunStore;
}

function testWithKey(name: string, options: SimulatorOptions, act: (stage: Stage) => Promise<void>): void {
  Deno.test(name, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock, ...options });
    const signal = new AbortController().signal;
    await act({
      simulator,
      async submit({ key = "nightly", policy = "attach", greeting = "hello", store = memoryRunStore() } = {}) {
        const deps = await depsFor(simulator, { clock, store });
        const request = aRequest({ workflow: "quick", inputs: { greeting } });
        const events: RunEvent[] = [];
        // The clock jumps while the requests of other machines are in flight: by less than their time limit.
        const pollInterval = { pollIntervalMs: 1_000, maxPollIntervalMs: 15_000 };
        const executeOptions = { ...DEFAULT_EXECUTE, pollInterval, signal, idempotencyKey: { text: key, policy } };
        const result = await toEnd(execute(deps, request, executeOptions), (event) => events.push(event));
        return { result, events };
      },
    });
  });
}

testWithKey(
  "a submit that is refused as a duplicate of no run is sent again, and counts as submitted",
  {},
  async (stage) => {
    stage.simulator.addFaults({ on: "submit", status: 409 });
    const { result } = await stage.submit();
    assert.deepEqual([result.status, result.submitted], ["completed", "yes"]);
  },
);

testWithKey(
  "a submit that is given up as its key cannot be looked up again states that nothing was started",
  {},
  async (stage) => {
    stage.simulator.addFaults({ on: "submit", status: 429 });
    for (const on of ["get-run", "list-runs"] as const) {
      stage.simulator.addFaults({ on, cut: "before-effect", after: 2, times: Infinity });
    }
    const hint = "Nothing was started: trying again later is safe";
    await assert.rejects(stage.submit(), { name: "NotSubmitted", hint, commandHint: hint });
  },
);

for (const on of ["get-run", "list-runs"] as const) {
  testWithKey(`a ${on} that fails while a key is looked up is repeated`, {}, async (stage) => {
    // The first list finds out which API the server has.
    stage.simulator.addFaults({ on, status: 503, times: 2, after: on === "list-runs" ? 1 : 0 });
    assert.equal((await stage.submit()).result.status, "completed");
  });
}

for (const slugs of ["unique", "shared", "existing", "ignored"] as const satisfies readonly ServerBehavior["slugs"][]) {
  testWithKey(
    `a key from another machine attaches to its run when slugs are ${slugs}`,
    { behavior: { slugs } },
    async (stage) => {
      const first = await stage.submit();
      const second = await stage.submit();
      assert.equal(first.result.submitted, "yes");
      assert.equal(second.result.submitted, "no");
      assert.equal(second.result.slug, first.result.slug);
      assert.ok(second.events.some(({ type }) => type === "key-matched"));
      assert.equal(stage.simulator.runs().length, 1);
    },
  );

  testWithKey(
    `a key that was rejected here attaches to the run of another machine when slugs are ${slugs}`,
    { behavior: { slugs }, faults: [{ on: "submit", status: 422 }] },
    async (stage) => {
      const store = memoryRunStore();
      await assert.rejects(stage.submit({ store }), { kind: "rejected" });
      const first = await stage.submit();
      for (const _ of [1, 2]) {
        const { result } = await stage.submit({ store });
        assert.deepEqual([result.submitted, result.slug], ["no", first.result.slug]);
      }
      assert.equal(stage.simulator.runs().length, 1);
      assert.deepEqual((await store.listRecent({ limit: 9 })).map(({ state }) => state), ["finished"]);
    },
  );

  testWithKey(
    `a key with different inputs is rejected when slugs are ${slugs}`,
    { behavior: { slugs } },
    async (stage) => {
      await stage.submit();
      await assert.rejects(stage.submit({ greeting: "other" }), IdempotencyKeyConflict);
      assert.equal(stage.simulator.runs().length, 1);
    },
  );
}

testWithKey(
  "a key whose run has finished returns its result, and reports that nothing was submitted",
  {},
  async (stage) => {
    const store = memoryRunStore();
    const first = await stage.submit({ store });
    const second = await stage.submit({ store });
    assert.deepEqual([first.result.submitted, second.result.submitted], ["yes", "no"]);
    assert.deepEqual({ ...second.result, submitted: "yes" }, first.result);
    assert.equal(stage.simulator.runs().length, 1);
  },
);

testWithKey("a server's clock that is ahead does not delay a run with a key", {
  behavior: { clockSkewMs: 3_600_000 },
}, async (stage) => {
  await stage.submit();
  const { events: [matched, ...events] } = await stage.submit();
  const waitedMs = (events.at(-1)?.atMs ?? Infinity) - (matched?.atMs ?? 0);
  assert.ok(waitedMs < 60_000, `waited ${waitedMs} ms`);
});

testWithKey("another key starts another run", {}, async (stage) => {
  const first = await stage.submit({ key: "a" });
  const second = await stage.submit({ key: "b" });
  assert.notEqual(first.result.slug, second.result.slug);
});

testWithKey(
  "a server that refuses slugs does not support keys: nothing is started",
  { behavior: { slugs: "refused" } },
  async (stage) => {
    await assert.rejects(stage.submit(), Unsupported);
    assert.equal(stage.simulator.runs().length, 0);
  },
);

testWithKey("a key with different inputs is rejected from the local history, too", {}, async (stage) => {
  const store = memoryRunStore();
  await stage.submit({ store });
  await assert.rejects(stage.submit({ store, greeting: "other" }), IdempotencyKeyConflict);
  assert.equal(stage.simulator.runs().length, 1);
});

testWithKey(
  "a legacy server does not support keys: nothing is started",
  { behavior: { apiVersion: "legacy", legacyRead: "run" } },
  async (stage) => {
    await assert.rejects(stage.submit(), { kind: "unsupported", message: /this server's older API accepts no slug/ });
    assert.equal(stage.simulator.runs().length, 0);
  },
);

for (
  const behavior of [
    { duplicateSlugStatus: 400 },
    { duplicateSlugStatus: 409 },
    { duplicateSlugStatus: 422 },
    { duplicateSlugStatus: 422, errorBody: "envelope" },
  ] as const
) {
  testWithKey(
    `of simultaneous submits with one key from many machines, one starts the run with ${JSON.stringify(behavior)}`,
    { behavior },
    async (stage) => {
      const results = await Promise.all(Array.from({ length: 8 }, () => stage.submit()));
      assert.equal(stage.simulator.runs().length, 1);
      assert.equal(new Set(results.map(({ result }) => result.slug)).size, 1);
      assert.deepEqual(results.map(({ result }) => result.status), Array(8).fill("completed"));
      assert.deepEqual(results.map(({ result }) => result.submitted).sort(), [...Array(7).fill("no"), "yes"]);
    },
  );
}

testWithKey("of many processes with one store, one starts the run", {}, async (stage) => {
  const store = memoryRunStore();
  const results = await Promise.all(Array.from({ length: 8 }, () => stage.submit({ store })));
  assert.equal(stage.simulator.received("submit").length, 1);
  assert.equal(new Set(results.map(({ result }) => result.slug)).size, 1);
});

for (const slugs of ["unique", "existing"] as const) {
  testWithKey(`of many submits with one key and different inputs, all but one are rejected when slugs are ${slugs}`, {
    behavior: { slugs },
  }, async (stage) => {
    const results = await Promise.allSettled(["a", "b", "c", "d"].map((greeting) => stage.submit({ greeting })));
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    for (const settled of results) {
      if (settled.status === "rejected") {
        assert.ok(settled.reason instanceof IdempotencyKeyConflict, String(settled.reason));
      }
    }
    assert.equal(stage.simulator.runs().length, 1);
  });
}

testWithKey("the policy reject throws when the key has a run", {}, async (stage) => {
  await stage.submit({ policy: "reject" });
  await assert.rejects(stage.submit({ policy: "reject" }), /is already in use/);
  assert.equal(stage.simulator.runs().length, 1);
});

for (const [status, wantRuns] of [["completed", 1], ["error", 2], ["canceled", 2]] as const) {
  testWithKey(
    `the policy new-if-failed after a run that ended ${status} results in ${wantRuns} runs`,
    {},
    async (stage) => {
      const store = memoryRunStore();
      const { result } = await stage.submit({ policy: "new-if-failed", store });
      // This machine's history has the actual end; another machine sees the overridden status on the platform.
      stage.simulator.overrideStatus(result.slug ?? "", status);
      await stage.submit({ policy: "new-if-failed" });
      assert.equal(stage.simulator.runs().length, wantRuns);
      stage.simulator.overrideStatus(stage.simulator.runs().at(-1)?.slug ?? "", null);
      await stage.submit({ policy: "new-if-failed" });
      assert.equal(stage.simulator.runs().length, wantRuns);
    },
  );
}

testWithKey("a key can be used again after its submit was rejected", {
  faults: [{ on: "submit", status: 403 }],
}, async (stage) => {
  const store = memoryRunStore();
  await assert.rejects(stage.submit({ store }));
  assert.equal((await stage.submit({ store })).result.submitted, "yes");
});

testWithKey("the run of a key is found after its submit response was lost", {
  faults: [{ on: "submit", cut: "after-effect" }],
}, async (stage) => {
  const { result } = await stage.submit();
  assert.equal(result.status, "completed");
  // Another client with the same key may have started it.
  assert.equal(result.submitted, "unknown");
  assert.equal((await stage.submit()).result.slug, result.slug);
  assert.equal(stage.simulator.runs().length, 1);
});

interface Machine {
  /** Searches for a run of the key, and stores the submission. */
  prepare(greeting?: string): Promise<Submission>;
  /** Sends it, or takes the next step. */
  step(submission: Submission): Promise<AdvanceResult>;
}

/** Two machines, of which one is held up between its search and its submit. */
function testHeldUp(
  name: string,
  behavior: Partial<ServerBehavior>,
  act: (
    stage: {
      readonly simulator: Simulator;
      readonly clock: VirtualClock;
      readonly machine: (known?: ServerCapabilities) => Promise<Machine>;
    },
  ) => Promise<void>,
): void {
  const options = { ...DEFAULT_EXECUTE, signal: new AbortController().signal } as const;
  Deno.test(name, async () => {
    const clock = virtualClock();
    await using simulator = await startSimulator({ clock, behavior });
    await act({
      simulator,
      clock,
      async machine(known = {}) {
        const deps = await depsFor(simulator, { clock });
        await deps.store.updateCapabilities(deps.client.host, known);
        return {
          prepare(greeting = "hello") {
            const idempotencyKey = { text: "nightly", policy: "attach" } as const;
            const request = aRequest({ workflow: "never-ending", inputs: { greeting } });
            return createSubmission(deps, request, { ...options, idempotencyKey });
          },
          async step(submission) {
            const [result] = await advance(deps, [submission], options);
            assert.ok(result !== undefined);
            return result;
          },
        };
      },
    });
  });
}

for (const [slugs, setBackMs] of [["ignored", 0], ["shared", 0], ["shared", 3_600_000]] as const) {
  const when = setBackMs === 0 ? "" : ", also where the clock was set back";
  testHeldUp(
    `a submit that is held up attaches to the run that was started meanwhile when slugs are ${slugs}${when}`,
    { slugs, listLagMs: 1_000, readLagMs: 1_000 },
    async ({ simulator, clock, machine }) => {
      const [late, early] = [await machine(), await machine()];
      const pending = await late.prepare();
      clock.advance(5_000);
      await early.step(await early.prepare());
      clock.advance(5_000);
      clock.set(-setBackMs);
      const { submission, wasAdvancedElsewhere } = await late.step(pending);
      assert.equal(simulator.runs().length, 1);
      assert.equal(submission.state === "active" && submission.run.slug, simulator.runs()[0]?.slug);
      assert.equal(wasAdvancedElsewhere, true);
    },
  );
}

testHeldUp(
  "a submit that is held up is rejected when a run with other inputs was started meanwhile",
  { slugs: "ignored" },
  async ({ simulator, clock, machine }) => {
    const [late, early] = [await machine(), await machine()];
    const pending = await late.prepare();
    await early.step(await early.prepare("other"));
    clock.advance(5_000);
    const { submission, error } = await late.step(pending);
    assert.equal(submission.state, "rejected");
    assert.ok(error instanceof IdempotencyKeyConflict, String(error));
    assert.equal(simulator.runs().length, 1);
  },
);

testHeldUp(
  "a submit that is held up is sent only after a search that succeeded",
  { slugs: "ignored" },
  async ({ simulator, clock, machine }) => {
    const late = await machine();
    const pending = await late.prepare();
    clock.advance(5_000);
    simulator.addFaults({ on: "list-runs", status: 503 });
    const { submission, error } = await late.step(pending);
    assert.equal(submission.state, "pending");
    assert.equal(error?.kind, "unavailable");
    assert.equal(simulator.received("submit").length, 0);
    clock.advance(60_000);
    assert.equal((await late.step(submission)).submission.state, "active");
    assert.equal(simulator.runs().length, 1);
  },
);

testHeldUp(
  "a submit that is held up is not preceded by a second search where the server refuses duplicates",
  {},
  async ({ simulator, clock, machine }) => {
    const late = await machine({ keepsSlug: true, refusesDuplicateSlug: true });
    const pending = await late.prepare();
    clock.advance(5_000);
    const searches = simulator.received("get-run").length;
    await late.step(pending);
    assert.equal(simulator.received("get-run").length, searches);
    assert.equal(simulator.runs().length, 1);
  },
);

for (const key of ["", " \n"]) {
  testWithKey(`the key ${JSON.stringify(key)}, which every submit would match, is refused`, {}, async (stage) => {
    await assert.rejects(stage.submit({ key }), { name: "UsageError", message: /empty idempotency key/ });
    assert.equal(stage.simulator.received().length, 0);
  });
}
