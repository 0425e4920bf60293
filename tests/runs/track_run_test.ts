import assert from "node:assert/strict";
import { toEnd } from "../../lib/runs/execute.ts";
import type { TrackOptions } from "../../lib/runs/options.ts";
import { trackRun } from "../../lib/runs/track_run.ts";
import type { RunEvent } from "../../lib/events.ts";
import type { RunId } from "../../lib/run.ts";
import type { SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import {
  aFinishedSubmission,
  anActiveSubmission,
  anUnconfirmedSubmission,
  aStoredRequest,
} from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const { signal } = new AbortController();
const MINE = { type: "slug", slug: "mine-1" } as const;

Deno.test("trackRun() leaves no trace of a run that was started elsewhere in the local history", async () => {
  await using stage = await aStage();
  await stage.submit("quick");
  const { result, events } = await stage.track(MINE);
  assert.deepEqual([result.kind, result.submitted], ["completed", "no"]);
  assert.deepEqual(new Set(events.map(({ submissionId }) => submissionId)), new Set(["mine-1"]));
  assert.deepEqual(await stage.deps.store.listRecent({ limit: 1 }), []);
});

Deno.test("trackRun() stores the end of a run that this machine started", async () => {
  await using stage = await aStage();
  await stage.submit("quick");
  const { submissionId } = await stage.deps.store.put(anActiveSubmission({ owner: stage.owner, runId: MINE }));
  const { result, events } = await stage.track(MINE);
  assert.deepEqual([result.kind, result.submitted], ["completed", "no"]);
  assert.ok(events.some((event) => event.type === "started" && event.isAttached));
  const stored = await stage.deps.store.get(submissionId);
  assert.equal(stored?.state === "finished" && stored.result.kind, "completed");
});

Deno.test("trackRun() leaves the record of a run that has ended, and reports what the server shows", async () => {
  await using stage = await aStage();
  await stage.submit("failing-step");
  const own = await stage.deps.store.put(aFinishedSubmission({ owner: stage.owner, runId: MINE }));
  const { result, events } = await stage.track(MINE);
  assert.equal(result.kind, "failed");
  assert.deepEqual(new Set(events.map(({ submissionId }) => submissionId)), new Set([own.submissionId]));
  assert.deepEqual(await stage.deps.store.get(own.submissionId), own);
});

Deno.test("trackRun() takes a record of the same name on another server for another run", async () => {
  await using stage = await aStage();
  await stage.submit("quick");
  const owner = { ...stage.owner, host: "else.example.com" };
  const other = await stage.deps.store.put(anActiveSubmission({ owner, runId: MINE }));
  assert.equal((await stage.track(MINE)).result.kind, "completed");
  assert.deepEqual(await stage.deps.store.get(other.submissionId), other);
});

Deno.test("trackRun() stores the end of its run beside a newer record of the same name on another server", async () => {
  await using stage = await aStage();
  await stage.submit("quick");
  const { submissionId } = await stage.deps.store.put(anActiveSubmission({ owner: stage.owner, runId: MINE }));
  const newer = { submissionId: "newer", owner: { ...stage.owner, host: "else.example.com" }, createdAtMs: 2_000 };
  const other = await stage.deps.store.put(anActiveSubmission({ ...newer, runId: MINE }));
  assert.equal((await stage.track(MINE)).result.kind, "completed");
  assert.equal((await stage.deps.store.get(submissionId))?.state, "finished");
  assert.deepEqual(await stage.deps.store.get("newer"), other);
});

Deno.test("trackRun() takes a record of the same name in another account of the server for another run", async () => {
  await using stage = await aStage();
  await stage.submit("quick");
  const owner = { ...stage.owner, user: "another" };
  const other = await stage.deps.store.put(anActiveSubmission({ owner, runId: MINE }));
  assert.equal((await stage.track(MINE)).result.kind, "completed");
  assert.deepEqual(await stage.deps.store.get(other.submissionId), other);
});

Deno.test("trackRun() leaves a submission alone whose key another machine has used with different inputs", async () => {
  await using stage = await aStage();
  const displayName = `quick [${"a".repeat(16)}.00000000]`;
  await stage.submit("quick", displayName);
  const idempotencyKey = { text: "nightly", attempt: 1 };
  const request = aStoredRequest({ workflow: "quick", inputsHash: "1".repeat(64) });
  const own = anUnconfirmedSubmission({ owner: stage.owner, ownSlug: MINE.slug, idempotencyKey, request });
  const stored = await stage.deps.store.put({ ...own, correlationTag: "a".repeat(16) });
  assert.equal((await stage.track(MINE)).result.kind, "completed");
  assert.deepEqual(await stage.deps.store.get(stored.submissionId), stored);
});

Deno.test("trackRun() stores the end of a run of a legacy server that this machine started", async () => {
  await using stage = await aStage({ behavior: { apiVersion: "legacy", legacyRead: "run" } });
  const runId = { type: "number", workflow: "hello-world", number: 46 } as const;
  const { submissionId } = await stage.deps.store.put(anActiveSubmission({ owner: stage.owner, runId }));
  assert.equal((await stage.track(runId)).result.kind, "completed");
  assert.equal((await stage.deps.store.get(submissionId))?.state, "finished");
});

for (
  const [what, isOwn, message] of [
    ["with the server's words", false, /^Cannot read run mine-1: no such run \(404/],
    ["without the server's words, which may repeat a secret that is no longer known", true, /words are withheld/],
  ] as const
) {
  Deno.test(`trackRun() throws ${what} when the first read fails`, async () => {
    await using stage = await aStage();
    const request = aStoredRequest({ inputs: null, secretPaths: ["password"] });
    if (isOwn) await stage.deps.store.put(anActiveSubmission({ owner: stage.owner, runId: MINE, request }));
    await assert.rejects(stage.track(MINE), { kind: "not_found", message });
    assert.equal(stage.simulator.received("get-run").length, 1);
  });
}

for (const [timeoutMs, wantMs] of [[10_000, 10_000], [1_000, 5_000]] as const) {
  Deno.test(`trackRun() with a timeout of ${timeoutMs} ms waits ${wantMs} ms for its first read`, async () => {
    await using stage = await aStage({ faults: [{ on: "get-run", latencyMs: 3_600_000, times: Infinity }] });
    const startMs = stage.clock.monotonic();
    await assert.rejects(
      stage.track(MINE, { timeoutMs }),
      { kind: "timeout", message: "Cannot read run mine-1: the server did not respond in time" },
    );
    assert.equal(stage.clock.monotonic() - startMs, wantMs);
  });
}

Deno.test("trackRun() waits for the session of a run that was started elsewhere, not for its end", async () => {
  await using stage = await aStage();
  await stage.submit("open-notebook");
  const { result } = await stage.track(MINE);
  assert.deepEqual([result.kind, result.message], ["session_ready", "The session is still running"]);
  assert.ok(result.session?.url.startsWith(stage.simulator.url));
});

Deno.test("trackRun() reports that the key has expired, and that the run goes on", async () => {
  await using stage = await aStage();
  await stage.submit("never-ending");
  const { result } = await stage.track(MINE, {}, ({ type }) => {
    if (type === "started") stage.simulator.expireKeys("demo");
  });
  assert.deepEqual([result.kind, result.status, result.submitted], ["credential_expired", "unknown", "no"]);
  assert.match(result.message ?? "", /\. Run mine-1 is still running$/);
  assert.equal(stage.simulator.runs()[0]?.status, "running");
});

Deno.test("trackRun() returns at once without waiting, and cancels nothing", async () => {
  await using stage = await aStage();
  await stage.submit("never-ending");
  const { result, events } = await stage.track(MINE, { isWaiting: false });
  assert.deepEqual([result.kind, result.status, result.submitted], ["submitted", "running", "no"]);
  assert.deepEqual(events.map((event) => event.type === "started" && event.deadlineAtMs), [null]);
  assert.equal(stage.simulator.received("get-run").length, 1);
});

Deno.test("trackRun() names a run of a legacy server by its workflow and number", async () => {
  await using stage = await aStage({ behavior: { apiVersion: "legacy", legacyRead: "run" } });
  const { result, events } = await stage.track({ type: "number", workflow: "hello-world", number: 46 });
  assert.deepEqual([result.kind, result.slug, result.runNumber], ["completed", null, 46]);
  assert.deepEqual(new Set(events.map(({ submissionId }) => submissionId)), new Set(["hello-world#46"]));
});

Deno.test("trackRun() refuses a time that is not a number before it sends anything", async () => {
  await using stage = await aStage();
  await assert.rejects(stage.track(MINE, { timeoutMs: NaN }), {
    name: "RangeError",
    message: "timeoutMs must be a number of milliseconds of at least 0: got NaN",
  });
  assert.equal(stage.simulator.received().length, 0);
});

async function aStage(options: SimulatorOptions = {}) {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, ...options });
  const deps = await depsFor(simulator, { clock });
  return {
    clock,
    simulator,
    deps,
    owner: { host: deps.client.host, user: "demo" },
    async submit(workflow: string, displayName: string | null = null) {
      const request = { workflow, inputs: {}, slug: MINE.slug, displayName, consent: null };
      await deps.client.submit(request, { signal });
    },
    async track(runId: RunId, parts: Partial<TrackOptions> = {}, onEvent: (event: RunEvent) => void = () => {}) {
      const events: RunEvent[] = [];
      const result = await toEnd(trackRun(deps, runId, { signal, ...parts }), (event) => {
        events.push(event);
        onEvent(event);
      });
      return { result, events };
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}
