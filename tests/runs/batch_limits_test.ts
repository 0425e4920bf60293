import assert from "node:assert/strict";
import { StorageError } from "../../lib/errors.ts";
import { storeQuietly, untilLimitMs } from "../../lib/runs/batch_limits.ts";
import { previousAttempts } from "../../lib/runs/retry_policy.ts";
import { toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { trackSubmission } from "../../lib/runs/track.ts";
import type { BatchTask } from "../../lib/runs/batch_task.ts";
import type { Deps } from "../../lib/runs/deps.ts";
import { observedIn, type Submission } from "../../lib/submission.ts";
import { aStage, aTask, endless, endsOf, ranBatch, SOLVE } from "../support/batch.ts";
import { anActiveSubmission, aPendingSubmission, aRequest } from "../support/records.ts";

Deno.test("storeQuietly() goes on with what cannot be stored, or was written by another process, and logs why", async () => {
  await using stage = await aStage();
  const logged: string[] = [];
  const deps: Deps = { ...stage.deps, log: (level, message) => void logged.push(`${level} ${message}`) };
  const stored = await storeQuietly(deps, aPendingSubmission());
  assert.deepEqual([stored.revision, logged], [1, []]);
  const stale = aPendingSubmission({ attempts: 7 });
  assert.equal(await storeQuietly(deps, stale), stale);
  assert.equal((await deps.store.get(stale.submissionId))?.revision, 1);
  const broken = (error: Error): Deps => ({ ...deps, store: { ...deps.store, put: () => Promise.reject(error) } });
  assert.equal(await storeQuietly(broken(new StorageError("the disk is full")), stored), stored);
  assert.match(logged[0] ?? "", /^WARNING /);
  assert.deepEqual(logged.slice(1), ["WARNING the disk is full"]);
  await assert.rejects(storeQuietly(broken(new TypeError("a bug")), stored), { message: "a bug" });
});

const EXCEEDED = { limit: "run", message: "Still running after 1m" } as const;

for (
  const [name, limits, one, active, expected] of [
    ["without limits", {}, {}, {}, Infinity],
    ["with a timeout", { timeoutMs: 60_000 }, {}, {}, 30_000],
    ["past its timeout", { timeoutMs: 20_000 }, {}, {}, -10_000],
    ["that has exceeded its timeout", { timeoutMs: 60_000 }, { exceeded: EXCEEDED }, {}, Infinity],
    ["in the queue", { timeoutMs: 5_000, queueTimeoutMs: 45_000 }, {}, {}, 15_000],
    ["in the queue, unreachable", { queueTimeoutMs: 45_000 }, {}, { unreachableSinceMs: 2_000 }, Infinity],
    ["that works", { timeoutMs: 60_000, queueTimeoutMs: 5_000 }, { workingSinceMs: 21_000 }, {}, 50_000],
    ["that works, unreachable", { timeoutMs: 9_000, queueTimeoutMs: 5 }, { workingSinceMs: 21_000 }, {
      unreachableSinceMs: 2_000,
    }, -1_000],
    ["that works without a timeout", { queueTimeoutMs: 5_000 }, { workingSinceMs: 21_000 }, {}, Infinity],
  ] as const
) {
  Deno.test(`a run ${name} exceeds its limit in ${expected} ms`, () => {
    const submission = anActiveSubmission({ startedAtMs: 1_000, ...active });
    const tracked = {
      task: aTask("row", {}, limits),
      attempt: 1,
      isRetry: false,
      isAttached: false,
      ended: [],
      notBeforeMs: -Infinity,
      submission,
      endedAtMs: null,
      workingSinceMs: null,
      queueMs: null,
      exceeded: null,
      isCancelSent: false,
      end: null,
      ...one,
    };
    assert.equal(untilLimitMs({ one: tracked, submission }, 31_000), expected);
  });
}

const OFTEN = {
  onTimeout: "cancel",
  pollInterval: { pollIntervalMs: 2_000, maxPollIntervalMs: 2_000 },
  requestsPerMinute: 600,
} as const;

Deno.test("a cancel that the server refuses is sent again in the next round, and only until it is accepted", async () => {
  await using stage = await aStage({ faults: [{ on: "cancel-run", status: 403, times: 2 }] });
  const ran = await ranBatch(stage.deps, endless(1, { timeoutMs: 3_000 }), OFTEN);
  const [end] = ran.outcome.ends;
  assert.ok(end?.type === "result" && end.result.kind === "timeout");
  assert.deepEqual([end.limit, end.result.message], ["run", "Still running after 3s"]);
  assert.equal(stage.simulator.received("cancel-run").length, 3);
  assert.deepEqual(stage.simulator.runs().map(({ status }) => status), ["canceled"]);
});

async function ranQueued(queue: string, parts: Partial<BatchTask>, originType: "batch" | "suite") {
  // Long enough for a busy machine to see it working.
  const scenario = { queue: { lasts: queue }, "main/solve": { lasts: "1m" } };
  await using stage = await aStage({ workflows: { queued: { yaml: SOLVE.yaml, scenario } } });
  const prepare = () => Promise.resolve(aRequest({ workflow: "queued", inputs: {} }));
  const ran = await ranBatch(stage.deps, [aTask("row", {}, { prepare, ...parts })], { ...OFTEN, originType });
  const attempts = await stage.deps.store.batches.attempts("sweep-1");
  const stored = await stage.deps.store.get(attempts[0]?.submissionId ?? "");
  assert.ok(stored);
  return { ran, stored, end: ran.outcome.ends[0] };
}

for (const originType of ["suite", "batch"] as const) {
  Deno.test(`a run of a ${originType} that waits for too long ends as timed out, which is stored`, async () => {
    const { ran, stored, end } = await ranQueued("10m", { queueTimeoutMs: 15_000, timeoutMs: 60_000 }, originType);
    assert.deepEqual(endsOf(ran), ["timeout"]);
    assert.ok(end?.type === "result" && (end.queueMs ?? 0) >= 15_000);
    assert.deepEqual([end.limit, end.result.message], ["queue", "Waited 15s in the queue"]);
    assert.ok(stored.state === "finished" && stored.result.kind === "timeout");
    assert.equal(observedIn(stored).exceeded?.limit, "queue");
  });
}

for (
  const [originType, limits, exceeded] of [
    ["batch", { timeoutMs: 3_000 }, { limit: "run", message: "Still running after 3s" }],
    ["suite", { timeoutMs: 60_000, queueTimeoutMs: 3_000 }, { limit: "queue", message: "Waited 3s in the queue" }],
  ] as const
) {
  Deno.test(`a run of a ${originType} that was cancelled for its limit has timed out, also where another command sees its end`, async () => {
    const scenario = { queue: { lasts: "10m" } };
    await using stage = await aStage({ workflows: { queued: { yaml: SOLVE.yaml, scenario } } });
    const { deps, simulator } = stage;
    const killed = new AbortController();
    let left: Submission | undefined;
    const put: Deps["store"]["put"] = async (submission, also) => {
      const stored = await deps.store.put(submission, also);
      if (observedIn(stored).exceeded !== null) killed.abort(new Error("killed"));
      left = stored;
      return stored;
    };
    const prepare = () => Promise.resolve(aRequest({ workflow: "queued", inputs: {} }));
    const task = aTask("row", {}, { prepare, ...limits });
    const { signal } = killed;
    const first = ranBatch({ ...deps, store: { ...deps.store, put } }, [task], { ...OFTEN, originType, signal });
    await assert.rejects(first, { message: "killed" });
    assert.ok(left);
    for (const { slug } of simulator.runs()) simulator.cancelExternally(slug);
    const { signal: never } = new AbortController();
    const result = await toEnd(trackSubmission(deps, left, { ...DEFAULT_EXECUTE, signal: never }));
    assert.deepEqual([result.kind, result.status, result.message], ["timeout", "timeout", exceeded.message]);
    const last = await deps.store.get(left.submissionId);
    assert.ok(last);
    const previous = previousAttempts(await deps.store.batches.attempts("sweep-1"), [last]);
    const { outcome: { ends: [end] } } = await ranBatch(deps, [{ ...task, previous }], { ...OFTEN, originType });
    assert.ok(end?.type === "result");
    assert.deepEqual([end.result.kind, end.limit], ["timeout", exceeded.limit]);
  });
}

Deno.test("what was seen of a run of a batch that exceeds no limit is not stored", async () => {
  const { ran, stored } = await ranQueued("1m", { queueTimeoutMs: 300_000, timeoutMs: 100_000 }, "batch");
  assert.deepEqual(endsOf(ran), ["completed"]);
  assert.ok(!("observed" in stored.origin));
});

Deno.test("a run that leaves the queue in time is seen working once, and its timeout counts from there", async () => {
  const seen: number[] = [];
  const onWork = (atMs: number) => void seen.push(atMs);
  const { ran, stored, end } = await ranQueued("1m", { queueTimeoutMs: 300_000, timeoutMs: 100_000, onWork }, "suite");
  assert.deepEqual(endsOf(ran), ["completed"]);
  assert.ok(end?.type === "result" && end.limit === undefined);
  const { workingSinceMs, queueMs, exceeded } = observedIn(stored as Submission);
  assert.deepEqual([seen, exceeded], [[workingSinceMs], null]);
  assert.ok(end.queueMs === queueMs && (queueMs ?? 0) > 20_000 && (queueMs ?? 0) < 110_000, `${queueMs}`);
});
