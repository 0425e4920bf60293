/** How many requests a submit takes, and how many of them wait for one another. */

import assert from "node:assert/strict";
import { createClient } from "../../lib/platform/create_client.ts";
import { findCredential } from "../../lib/platform/credentials/credentials.ts";
import { createSubmission } from "../../lib/runs/create_submission.ts";
import { advance } from "../../lib/runs/advance.ts";
import { findRun } from "../../lib/runs/find.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { prepare } from "../../lib/runs/prepare.ts";
import { silentLog } from "../../lib/log.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { memoryRunStore } from "../../lib/store/memory_kv.ts";
import type { RunStore } from "../../lib/store/run_store.ts";
import { testRandom } from "../support/seeded_random.ts";
import { type VirtualClock, virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();
const SPEC = {
  workflow: "quick",
  layers: [],
  preset: null,
  displayName: null,
  isTrusted: false,
  checking: "lenient",
} as const;
const DAY_MS = 86_400_000;

Deno.test("a submit sends what does not depend on each other at the same time", async () => {
  await using stage = await aStage();
  assert.deepEqual(await stage.submit(), {
    roundTrips: 1,
    requests: ["auth-session", "get-workflow", "list-runs"],
  });
});

Deno.test("a submit does not ask a server again for its API version, until a day later", async () => {
  await using stage = await aStage();
  await stage.submit();
  assert.deepEqual(await stage.submit(), { roundTrips: 1, requests: ["auth-session", "get-workflow"] });
  stage.clock.advance(DAY_MS);
  assert.deepEqual((await stage.submit()).requests, ["auth-session", "get-workflow", "list-runs"]);
});

Deno.test("a legacy server is asked each time: it may have been upgraded", async () => {
  await using stage = await aStage();
  stage.simulator.setBehavior({ apiVersion: "legacy", legacyRead: "run" });
  await stage.submit({ isWaiting: false });
  stage.simulator.setBehavior({ apiVersion: "current" });
  await stage.submit();
  assert.deepEqual(stage.simulator.runs().map(({ slug }) => slug.startsWith("quick-")), [true, true]);
  assert.ok(stage.simulator.received("submit").at(-1)?.path === "/api/workflow-runs");
});

Deno.test("a submit with an idempotency key takes two round trips", async () => {
  await using stage = await aStage();
  const { roundTrips, requests } = await stage.submit({ idempotencyKey: { text: "nightly", policy: "attach" } });
  assert.deepEqual([roundTrips, requests.filter((operation) => operation === "get-run").length], [2, 1]);
});

Deno.test("a run is found by its number with one request, also when the API version is not known", async () => {
  await using stage = await aStage();
  const ref = { type: "number", workflow: "hello-world", number: 12 } as const;
  await findRun(stage.process().deps, ref, { signal });
  assert.deepEqual(stage.simulator.received().map(({ operation }) => operation), ["list-runs"]);
});

async function aStage() {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock });
  const store = memoryRunStore();
  const credential = await findCredential({
    env: (name) => name === "PW_API_KEY" ? simulator.key : undefined,
    readTextFile: () => Promise.reject(new Deno.errors.NotFound()),
  }, {});
  return {
    clock,
    simulator,
    process: () => aProcess({ clock, store, credential }),
    /** Of a new process with the same store, up to the submit itself. */
    async submit(options: Partial<Parameters<typeof createSubmission>[2]> = {}) {
      const { deps, roundTrips } = aProcess({ clock, store, credential });
      const before = simulator.received().length;
      const { request } = await prepare(deps, SPEC, { signal });
      const submission = await createSubmission(deps, request, { signal, isWaiting: true, ...options });
      const requests = simulator.received().slice(before).map(({ operation }) => operation).sort();
      const result = { roundTrips: roundTrips(), requests };
      await advance(deps, [submission], { ...DEFAULT_EXECUTE, signal });
      assert.equal(simulator.received().slice(before + requests.length)[0]?.operation, "submit");
      return result;
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

function aProcess({ clock, store, credential }: {
  readonly clock: VirtualClock;
  readonly store: RunStore;
  readonly credential: Awaited<ReturnType<typeof findCredential>>;
}) {
  let roundTrips = 0;
  let inFlight = 0;
  /** A request that is sent while no other is in flight begins a round trip. */
  const counting: typeof fetch = async (input, init) => {
    if (inFlight++ === 0) roundTrips++;
    try {
      return await fetch(input, init);
    } finally {
      inFlight--;
    }
  };
  const parts = { clock, store, random: testRandom(), log: silentLog };
  const client = createClient({ ...parts, credential, fetch: counting });
  return { deps: { ...parts, client }, roundTrips: () => roundTrips };
}
