import assert from "node:assert/strict";
import type { Deps } from "../../lib/runs/deps.ts";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE, type ExecuteOptions } from "../../lib/runs/options.ts";
import { trackRun } from "../../lib/runs/track_run.ts";
import type { RunEvent } from "../../lib/events.ts";
import type { RunResult } from "../../lib/result.ts";
import type { RunRequest } from "../../lib/submission.ts";
import type { Fault, Simulator, SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { memoryRunStore } from "../../lib/store/memory_kv.ts";
import type { RunStore } from "../../lib/store/run_store.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { type VirtualClock, virtualClock } from "../support/virtual_clock.ts";

const HELLO = aRequest();

Deno.test("execute() tracks hello-world to its end and reports each step", async () => {
  await using stage = await aStage();
  const pollInterval = { pollIntervalMs: 1_000, maxPollIntervalMs: 1_000 };
  const { result, events } = await stage.execute(HELLO, { pollInterval });
  assert.equal(result.status, "completed");
  assert.equal(result.kind, "completed");
  assert.equal(result.submitted, "yes");
  assert.equal(result.runNumber, 47);
  assert.deepEqual(events.map(({ type }) => type).filter((type) => type !== "status"), [
    "submitting",
    "started",
    "finished",
  ]);
  const positions = events.flatMap((event) =>
    event.type === "status" && event.position !== null ? [event.position.ordinal] : []
  );
  assert.deepEqual([...new Set(positions)], [1, 2, 3]);
});

for (
  const [name, faults] of [
    ["thirty 502s in a row", [{ on: "get-run", status: 502, times: 30 }]],
    ["a 429 with Retry-After: 7", [{ on: "get-run", status: 429, retryAfter: "7", times: 1 }]],
    ["cut connections", [{ on: "get-run", cut: "before-effect", times: 3 }, {
      on: "get-run",
      cut: "after-effect",
      times: 3,
    }]],
    ["an HTML page", [{ on: "get-run", body: "html", times: 2 }]],
    ["malformed JSON", [{ on: "get-run", body: "malformed", times: 2 }]],
    ["a truncated response", [{ on: "get-run", body: "truncated", times: 2 }]],
    ["a response of the wrong shape", [{ on: "get-run", body: "wrong-shape", times: 2 }]],
  ] as const satisfies readonly (readonly [string, readonly (Fault & { readonly times: number })[]])[]
) {
  Deno.test(`execute() tolerates ${name} and detects the end within one poll interval`, async () => {
    await using stage = await aStage({ faults });
    const { result } = await stage.execute(HELLO);
    assert.equal(result.kind, "completed");
    assert.equal(stage.simulator.received("submit").length, 1);
    assertDetectedSoon(stage, result, faults.reduce((sum, { times }) => sum + times, 0));
  });
}

Deno.test("execute() polls again when a response exceeds the request timeout", async () => {
  await using stage = await aStage({ faults: [{ on: "get-run", latencyMs: 45_000, times: 2 }] });
  assert.equal((await stage.execute(HELLO)).result.kind, "completed");
});

Deno.test("execute() waits at least as long as Retry-After after a 429", async () => {
  await using stage = await aStage({ faults: [{ on: "get-run", status: 429, retryAfter: "7" }] });
  await stage.execute(HELLO);
  const [first, second] = stage.simulator.received("get-run");
  assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 7_000);
});

Deno.test("execute() tolerates a run that becomes visible late", async () => {
  await using stage = await aStage({ behavior: { listLagMs: 15_000, readLagMs: 15_000 } });
  assert.equal((await stage.execute(HELLO)).result.kind, "completed");
});

Deno.test("execute() treats an unknown status as running, and reports it once", async () => {
  await using stage = await aStage();
  const { result, events } = await stage.execute(HELLO, {
    onEvent: (event) => {
      if (event.type === "started" && event.slug !== null) stage.simulator.overrideStatus(event.slug, "hibernating");
      if (event.type === "status" && event.elapsedMs > 20_000) stage.simulator.overrideStatus(stage.slug(), null);
    },
  });
  assert.equal(result.kind, "completed");
  assert.deepEqual(
    events.filter(({ type }) => type === "unknown-status").map((event) =>
      "platformStatus" in event && event.platformStatus
    ),
    [
      "hibernating",
    ],
  );
});

Deno.test("execute() finishes a faulted run as failed once no step is running", async () => {
  await using stage = await aStage();
  const { result } = await stage.execute(HELLO, {
    onEvent: (event) => {
      if (event.type === "started" && event.slug !== null) stage.simulator.overrideStatus(event.slug, "faulted");
    },
  });
  assert.equal(result.kind, "failed");
  assert.equal(result.platformStatus, "faulted");
  // The steps take 42 s; a run whose steps keep running counts as failed after ten minutes.
  const [submit] = stage.simulator.received("submit");
  assert.ok(stage.clock.now() - (submit?.atMs ?? 0) < 70_000);
});

Deno.test("execute() reports a lost and a restored connection once each", async () => {
  await using stage = await aStage({ faults: [{ on: "get-run", status: 503, times: 12, after: 1 }] });
  const { events } = await stage.execute(HELLO);
  const connection = events.filter(({ type }) => type === "connection-lost" || type === "connection-restored");
  assert.deepEqual(connection.map(({ type }) => type), ["connection-lost", "connection-restored"]);
});

Deno.test("execute() stops tracking after the unreachable timeout, and reports that the run is still running", async () => {
  await using stage = await aStage({ faults: [{ on: "get-run", status: 503, times: Infinity }] });
  const { result } = await stage.execute(HELLO, { unreachableTimeoutMs: 120_000, timeoutMs: null });
  assert.equal(result.kind, "connection_lost");
  assert.equal(result.submitted, "yes");
  assert.match(result.message ?? "", /is still running/);
});

Deno.test("execute() tracks without an unreachable timeout for as long as the server does not respond", async () => {
  await using stage = await aStage({ faults: [{ on: "get-run", status: 503, times: 400 }] });
  const { result } = await stage.execute(HELLO, { unreachableTimeoutMs: null, timeoutMs: null });
  assert.equal(result.kind, "completed");
});

Deno.test("execute() stops at the timeout after a last poll, and does not cancel the run", async () => {
  await using stage = await aStage();
  const { result } = await stage.execute(aRequest({ workflow: "never-ending", inputs: {} }), { timeoutMs: 100_000 });
  assert.equal(result.kind, "timeout");
  assert.equal(result.status, "timeout");
  const last = stage.simulator.received("get-run").at(-1);
  const first = stage.simulator.received("submit")[0];
  assert.ok(Math.abs((last?.atMs ?? 0) - (first?.atMs ?? 0) - 100_000) < 1_000);
});

Deno.test("execute() detects an end just before the timeout", async () => {
  await using stage = await aStage();
  const pollInterval = { pollIntervalMs: 600_000, maxPollIntervalMs: 600_000 };
  assert.equal((await stage.execute(HELLO, { timeoutMs: 100_000, pollInterval })).result.kind, "completed");
});

Deno.test("execute() without waiting returns as soon as the run has started", async () => {
  await using stage = await aStage();
  const { result } = await stage.execute(HELLO, { isWaiting: false });
  assert.equal(result.kind, "submitted");
  assert.equal(result.status, "running");
  const [stored] = await stage.deps.store.listRecent({ limit: 1 });
  assert.ok(stored?.state === "active" && stored.isDetached);
  assert.equal(stage.simulator.received("get-run").length, 0);
});

for (
  const [name, options, expected] of [
    ["that it leaves alone once", { isWaiting: false }, [true]],
    ["that it waits for as its own", { isWaiting: true }, [false]],
    ["with a key as its own until others with the key would show", {
      isWaiting: false,
      idempotencyKey: { text: "nightly", policy: "attach" },
    }, [false, true]],
  ] as const
) {
  Deno.test(`execute() stores a run ${name}`, async () => {
    const memory = memoryRunStore();
    const stored = new Set<boolean>();
    let writes = 0;
    const put: RunStore["put"] = (submission, also) => {
      if (submission.state === "active") stored.add(submission.isDetached);
      if (submission.state === "active" && submission.isDetached) writes++;
      return memory.put(submission, also);
    };
    await using stage = await aStage({ store: { ...memory, put } });
    await stage.execute(HELLO, options);
    assert.deepEqual([...stored], expected);
    assert.equal(writes, options.isWaiting ? 0 : 1);
  });
}

Deno.test("execute() reports why a run failed: job, step, annotations and the end of the log", async () => {
  await using stage = await aStage();
  const { result } = await stage.execute(aRequest({ workflow: "failing-step", inputs: {} }));
  assert.equal(result.kind, "failed");
  const [job] = result.failure?.failedJobs ?? [];
  const [step] = job?.failedSteps ?? [];
  assert.ok((step?.logTail.length ?? 0) > 0);
  assert.ok(step?.annotations.some(({ type }) => type === "error"));
  assert.ok(result.failure?.summary.includes(step?.name ?? "?"));
});

Deno.test("execute() reports the jobs' outputs", async () => {
  await using stage = await aStage();
  const { result } = await stage.execute(aRequest({ workflow: "data-processor", inputs: { dataset: "rivers" } }));
  assert.equal(result.kind, "completed");
  assert.ok(Object.keys(result.outputs ?? {}).length > 0);
});

Deno.test("execute() hands over the session's absolute address once it is healthy", async () => {
  await using stage = await aStage();
  const { result } = await stage.execute(aRequest({ workflow: "open-notebook", inputs: {}, startsSession: true }));
  assert.equal(result.kind, "session_ready");
  assert.ok(result.session?.url.startsWith(stage.simulator.url), result.session?.url);
});

Deno.test("one stray 401 during the wait is retried", async () => {
  await using stage = await aStage();
  const { result, events } = await stage.execute(HELLO, {
    onEvent: (event) => {
      if (event.type === "started") stage.simulator.addFaults({ on: "get-run", status: 401 });
    },
  });
  assert.equal(result.kind, "completed");
  assert.ok(!events.some(({ type }) => type === "connection-lost"));
});

Deno.test("one stray 401 of a server that restarts, after a lost response, does not lose the run", async () => {
  const faults = [{ on: "submit", cut: "after-effect" }, { on: "get-run", status: 401 }] as const;
  await using stage = await aStage({ faults });
  const { result } = await stage.execute(HELLO);
  assert.equal(result.kind, "completed");
  assert.equal(stage.simulator.received("submit").length, 1);
});

Deno.test("two 401 in a row end the wait, some seconds after the first", async () => {
  await using stage = await aStage();
  const { result } = await stage.execute(HELLO, {
    onEvent: (event) => {
      if (event.type === "started") stage.simulator.addFaults({ on: "get-run", status: 401, times: 2 });
    },
  });
  assert.equal(result.kind, "credential_expired");
  const polls = stage.simulator.received("get-run");
  assert.equal(polls.length, 2);
  const [first, second] = polls;
  assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 5_000);
});

Deno.test("execute() reports when the API key expires during the wait", async () => {
  await using stage = await aStage();
  const { result } = await stage.execute(HELLO, {
    onEvent: (event) => {
      if (event.type === "started") stage.simulator.expireKeys("demo");
    },
  });
  assert.equal(result.kind, "credential_expired");
  assert.equal(result.submitted, "yes");
});

Deno.test("execute() reports a run that was cancelled on the platform", async () => {
  await using stage = await aStage();
  const { result } = await stage.execute(HELLO, {
    onEvent: once("status", () => stage.simulator.cancelExternally(stage.slug())),
  });
  assert.equal(result.kind, "cancelled");
});

Deno.test("execute() reports a run that was deleted on the platform, and does not submit it again", async () => {
  await using stage = await aStage();
  const { result } = await stage.execute(HELLO, {
    onEvent: once("status", () => stage.simulator.deleteExternally(stage.slug())),
  });
  assert.equal(result.kind, "run_deleted");
  assert.equal(stage.simulator.received("submit").length, 1);
});

for (const intervalMs of [120_000, 1_000]) {
  Deno.test(`execute() does not report a run as deleted after ${intervalMs === 1_000 ? "ten 404s within a minute" : "two 404s over two minutes"}`, async () => {
    const times = intervalMs === 1_000 ? 10 : 2;
    await using stage = await aStage({ faults: [{ on: "get-run", status: 404, times }] });
    const pollInterval = { pollIntervalMs: intervalMs, maxPollIntervalMs: intervalMs };
    assert.equal((await stage.execute(HELLO, { pollInterval })).result.kind, "completed");
  });
}

Deno.test("execute() counts a failing run whose steps keep running as failed after ten minutes", async () => {
  await using stage = await aStage();
  let failingSinceMs = 0;
  const { result } = await stage.execute(aRequest({ workflow: "never-ending", inputs: {} }), {
    timeoutMs: null,
    onEvent: once("status", () => {
      stage.simulator.overrideStatus(stage.slug(), "faulted");
      failingSinceMs = stage.clock.now();
    }),
  });
  assert.equal(result.kind, "failed");
  const failingMs = stage.clock.now() - failingSinceMs;
  assert.ok(failingMs >= 600_000 && failingMs < 660_000, `after ${failingMs} ms`);
});

Deno.test("execute() throws the signal's reason, and does not cancel the run", async () => {
  await using stage = await aStage();
  const reason = new Error("interrupted");
  const controller = new AbortController();
  const pending = stage.execute(HELLO, {
    signal: controller.signal,
    onEvent: once("status", () => controller.abort(reason)),
  });
  await assert.rejects(pending, (error) => error === reason);
  assert.equal(stage.simulator.received("cancel-run").length, 0);
});

Deno.test("execute() that is aborted before it sends the submit sends nothing", async () => {
  await using stage = await aStage();
  const reason = new Error("interrupted");
  const controller = new AbortController();
  const onEvent = once("submitting", () => controller.abort(reason));
  await assert.rejects(stage.execute(HELLO, { signal: controller.signal, onEvent }), (error) => error === reason);
  assert.equal(stage.simulator.received("submit").length, 0);
});

Deno.test("execute() announces that it submits what a process with the same key has stored, and the server has refused", async () => {
  await using stage = await aStage({ faults: [{ on: "submit", status: 429, retryAfter: "60" }] });
  const idempotencyKey = { text: "nightly", policy: "attach" } as const;
  const reason = new Error("interrupted");
  const controller = new AbortController();
  const onEvent = once("submit-delayed", () => controller.abort(reason));
  await assert.rejects(stage.execute(HELLO, { idempotencyKey, signal: controller.signal, onEvent }), reason);
  const types: string[] = [];
  const { result } = await stage.execute(HELLO, { idempotencyKey, onEvent: ({ type }) => void types.push(type) });
  assert.deepEqual([types[0], result.kind, result.submitted], ["submitting", "completed", "yes"]);
});

Deno.test("trackRun() tracks a run that was started elsewhere", async () => {
  await using stage = await aStage();
  await stage.execute(HELLO, { isWaiting: false });
  const events: RunEvent[] = [];
  const runId = { type: "slug", slug: stage.slug() } as const;
  const result = await toEnd(trackRun(stage.deps, runId, stage.options({})), (event) => void events.push(event));
  assert.equal(result.kind, "completed");
  assert.equal(result.submitted, "no");
  assert.ok(events.some((event) => event.type === "started" && event.isAttached));
});

Deno.test("trackRun() polls no more often when the server's clock is ahead", async () => {
  await using stage = await aStage({ behavior: { clockSkewMs: 3_600_000 } });
  await stage.execute(aRequest({ workflow: "never-ending", inputs: {} }), { isWaiting: false });
  const runId = { type: "slug", slug: stage.slug() } as const;
  const result = await toEnd(trackRun(stage.otherMachine, runId, stage.options({ timeoutMs: 600_000 })), () => {});
  assert.equal(result.kind, "timeout");
  const polls = stage.simulator.received("get-run").length;
  assert.ok(polls < 60, `${polls} polls in ten minutes`);
});

for (const legacyRead of ["run", "405"] as const) {
  Deno.test(`execute() on a legacy server whose runs return ${legacyRead} ${legacyRead === "run" ? "tracks by number" : "refuses to wait"}`, async () => {
    await using stage = await aStage({ behavior: { apiVersion: "legacy", legacyRead } });
    if (legacyRead === "run") {
      const { result } = await stage.execute(HELLO);
      assert.equal(result.kind, "completed");
      assert.equal(result.slug, null);
    } else {
      await assert.rejects(stage.execute(HELLO), { kind: "unsupported" });
      assert.equal(stage.simulator.received("submit").length, 0);
      assert.equal((await stage.execute(HELLO, { isWaiting: false })).result.kind, "submitted");
    }
  });
}

Deno.test("execute() on a legacy server reports every lost response as unknown", async () => {
  await using stage = await aStage({
    behavior: { apiVersion: "legacy", legacyRead: "run" },
    faults: [{ on: "submit", cut: "after-effect" }],
  });
  const startMs = stage.clock.now();
  const { result } = await stage.execute(HELLO);
  assert.equal(result.kind, "submit_unknown");
  assert.equal(stage.simulator.received("submit").length, 1);
  // There is nothing to search for.
  assert.equal(stage.clock.now(), startMs);
});

interface Stage extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly deps: Deps;
  /** With an empty history. */
  readonly otherMachine: Deps;
  readonly clock: VirtualClock;
  slug(): string;
  options(parts: Partial<ExecuteOptions>): ExecuteOptions;
  execute(
    request: RunRequest,
    parts?: Partial<ExecuteOptions> & { readonly onEvent?: (event: RunEvent) => void },
  ): Promise<{ readonly result: RunResult; readonly events: readonly RunEvent[] }>;
}

async function aStage({ store, ...simulatorOptions }: SimulatorOptions & { store?: RunStore } = {}): Promise<Stage> {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, ...simulatorOptions });
  const deps = await depsFor(simulator, { clock, ...(store && { store }) });
  let slug = "";
  const options = (parts: Partial<ExecuteOptions>): ExecuteOptions => ({
    ...DEFAULT_EXECUTE,
    signal: new AbortController().signal,
    ...parts,
  });
  return {
    simulator,
    deps,
    otherMachine: await depsFor(simulator, { clock }),
    clock,
    slug: () => slug,
    options,
    async execute(request, { onEvent, ...parts } = {}) {
      const events: RunEvent[] = [];
      const result = await toEnd(execute(deps, request, options(parts)), (event) => {
        if (event.type === "started") slug = event.slug ?? "";
        events.push(event);
        onEvent?.(event);
      });
      return { result, events };
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

/** The first poll after the end detects it, and comes within the poll interval plus a second. */
function assertDetectedSoon({ simulator }: Stage, { completedAt, startedAt }: RunResult, faultyPolls: number) {
  const endMs = Date.parse(completedAt ?? "");
  const pollsMs = simulator.received("get-run").map(({ atMs }) => atMs);
  const detectedMs = pollsMs.at(-1) ?? NaN;
  const later = pollsMs.slice(faultyPolls, -1).filter((atMs) => atMs >= endMs);
  assert.deepEqual(later, []);
  const earliestMs = Math.max(endMs, pollsMs.at(-2) ?? 0);
  const intervalMs = Math.min(15_000, 1_000 + (detectedMs - Date.parse(startedAt ?? "")) / 2);
  assert.ok(detectedMs - earliestMs <= intervalMs + 1_000, `${detectedMs - earliestMs} ms late`);
}

function once(type: RunEvent["type"], act: () => void): (event: RunEvent) => void {
  let isDone = false;
  return (event) => {
    if (isDone || event.type !== type) return;
    isDone = true;
    act();
  };
}
