/** One submission never starts two runs, however the server treats slugs and wherever a response is lost. */

import assert from "node:assert/strict";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import type { Deps } from "../../lib/runs/deps.ts";
import { memoryRunStore } from "../../lib/store/memory_kv.ts";
import type { ServerCapabilities } from "../../lib/capabilities.ts";
import type { RunEvent } from "../../lib/events.ts";
import type { RunResult } from "../../lib/result.ts";
import type { RunRequest } from "../../lib/submission.ts";
import type { Fault, ServerBehavior, SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import type { Clock } from "../../lib/clock.ts";
import { StorageError } from "../../lib/errors.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { stillClock } from "../support/still_clock.ts";
import { type VirtualClock, virtualClock } from "../support/virtual_clock.ts";

const REJECTS_DUPLICATES: ServerCapabilities = { keepsSlug: true, refusesDuplicateSlug: true };

const CUT_BEFORE = { on: "submit", cut: "before-effect" } as const satisfies Fault;
const CUT_AFTER = { on: "submit", cut: "after-effect" } as const satisfies Fault;
const CONFLICT = { on: "submit", status: 409 } as const satisfies Fault;
const GATEWAY_BEFORE = { on: "submit", status: 502 } as const satisfies Fault;
const GATEWAY_AFTER = { on: "submit", statusAfterEffect: 502 } as const satisfies Fault;

interface Row {
  readonly slugs: ServerBehavior["slugs"];
  readonly fault: Fault;
  readonly capabilities?: ServerCapabilities;
  readonly runs: 0 | 1;
  readonly kind: RunResult["kind"];
}

const COMPLETED = { runs: 1, kind: "completed" } as const;
const UNKNOWN = { runs: 0, kind: "submit_unknown" } as const;

const ROWS: readonly Row[] = [
  ...(["unique", "shared", "existing", "ignored"] as const).flatMap((slugs): Row[] => [
    { slugs, fault: CUT_BEFORE, ...UNKNOWN },
    { slugs, fault: CUT_AFTER, ...COMPLETED },
    { slugs, fault: CONFLICT, ...COMPLETED },
    { slugs, fault: GATEWAY_BEFORE, ...UNKNOWN },
    { slugs, fault: GATEWAY_AFTER, ...COMPLETED },
    { slugs, fault: { on: "submit", body: "truncated" }, ...COMPLETED },
    { slugs, fault: { on: "submit", body: "html" }, ...COMPLETED },
    { slugs, fault: { on: "submit", status: 429, retryAfter: "7" }, ...COMPLETED },
  ]),
  { slugs: "unique", fault: CUT_BEFORE, capabilities: REJECTS_DUPLICATES, ...COMPLETED },
  { slugs: "unique", fault: { ...CUT_BEFORE, times: 2 }, capabilities: REJECTS_DUPLICATES, ...COMPLETED },
  { slugs: "unique", fault: CUT_AFTER, capabilities: REJECTS_DUPLICATES, ...COMPLETED },
  { slugs: "unique", fault: GATEWAY_BEFORE, capabilities: REJECTS_DUPLICATES, ...COMPLETED },
  { slugs: "unique", fault: { ...CONFLICT, times: 3 }, capabilities: REJECTS_DUPLICATES, ...COMPLETED },
  // The first submit has the slug and is refused; the second relies on the correlation tag in the display name.
  { slugs: "refused", fault: CUT_BEFORE, ...UNKNOWN },
  { slugs: "refused", fault: CUT_AFTER, ...UNKNOWN },
  { slugs: "refused", fault: CONFLICT, ...COMPLETED },
  { slugs: "refused", fault: { ...CUT_BEFORE, after: 1 }, ...UNKNOWN },
  { slugs: "refused", fault: { ...CUT_AFTER, after: 1 }, ...COMPLETED },
  { slugs: "refused", fault: { ...CONFLICT, after: 1 }, ...COMPLETED },
  { slugs: "refused", fault: { ...GATEWAY_AFTER, after: 1 }, ...COMPLETED },
];

for (const { slugs, fault, capabilities, runs, kind } of ROWS) {
  const { on: _on, ...what } = fault;
  const host = capabilities === undefined ? "" : " on a host known to reject duplicates";
  Deno.test(`execute() with slugs ${slugs}${host} and ${JSON.stringify(what)} ends ${kind} with ${runs} runs`, async () => {
    await using stage = await aStage({ behavior: { slugs }, faults: [fault] }, capabilities);
    const { result } = await stage.run();
    assert.equal(result.kind, kind);
    assert.equal(stage.started(), runs);
    assert.equal(result.submitted, kind === "submit_unknown" ? "unknown" : "yes");
  });
}

Deno.test("execute() finds its run when it becomes visible late", async () => {
  await using stage = await aStage({ behavior: { listLagMs: 20_000, readLagMs: 20_000 }, faults: [CUT_AFTER] });
  const { result } = await stage.run();
  assert.equal(result.kind, "completed");
  assert.equal(stage.simulator.received("submit").length, 1);
});

Deno.test("execute() does not submit twice when the run becomes visible after the search", async () => {
  await using stage = await aStage({ behavior: { listLagMs: 600_000, readLagMs: 600_000 }, faults: [CUT_AFTER] });
  const { result } = await stage.run();
  assert.equal(result.kind, "submit_unknown");
  assert.equal(stage.started(), 1);
});

Deno.test("execute() on a host that rejects duplicates submits the same slug again, and finds its own run", async () => {
  await using stage = await aStage({
    behavior: { slugs: "unique", listLagMs: 70_000, readLagMs: 70_000 },
    faults: [CUT_AFTER],
  }, REJECTS_DUPLICATES);
  const { result } = await stage.run();
  const slugs = stage.simulator.received("submit").map(({ body }) => slugOf(body));
  assert.equal(result.kind, "completed");
  assert.equal(stage.started(), 1);
  assert.ok(slugs.length >= 2 && new Set(slugs).size === 1, slugs.join());
});

for (const duplicateSlugStatus of [400, 409, 422] as const) {
  Deno.test(`execute() starts one run when the submit after a lost response is rejected with ${duplicateSlugStatus} because the slug is taken`, async () => {
    await using stage = await aStage({
      behavior: { slugs: "unique", duplicateSlugStatus, listLagMs: 110_000, readLagMs: 110_000 },
      faults: [CUT_AFTER],
    }, REJECTS_DUPLICATES);
    const { result } = await stage.run();
    assert.equal(result.kind, "completed");
    assert.equal(stage.started(), 1);
    // The second search takes a minute, too: after eight seconds the run would not have been visible yet.
    assert.equal(stage.simulator.received("submit").length, 2);
  });
}

for (
  const capabilities of [{}, { keepsSlug: true }, { keepsSlug: true, refusesDuplicateSlug: false }, {
    keepsSlug: false,
    refusesDuplicateSlug: true,
  }] as const satisfies readonly ServerCapabilities[]
) {
  Deno.test(`execute() does not submit again after a lost response on a host with the capabilities ${JSON.stringify(capabilities)}`, async () => {
    await using stage = await aStage({
      behavior: { slugs: "shared", listLagMs: 600_000, readLagMs: 600_000 },
      faults: [CUT_AFTER],
    }, capabilities);
    const { result } = await stage.run();
    assert.equal(result.kind, "submit_unknown");
    assert.equal(stage.started(), 1);
    assert.equal(stage.simulator.received("submit").length, 1);
  });
}

Deno.test("execute() searches three times before a run counts as absent, even when the machine was suspended meanwhile", async () => {
  const suspendedMs = 2 * 60 * 60_000;
  // The searches after the suspension are 1 s and 3 s apart: only the third can see the run.
  const lagMs = suspendedMs + 2_000;
  await using stage = await aStage({ behavior: { listLagMs: lagMs, readLagMs: lagMs }, faults: [CUT_AFTER] });
  let isSuspended = false;
  const { result } = await stage.run({
    onEvent: ({ type }) => {
      if (type !== "submit-delayed" || isSuspended) return;
      isSuspended = true;
      stage.clock.advance(suspendedMs);
    },
  });
  assert.equal(result.kind, "completed");
});

for (
  const [what, isOver, state] of [
    ["waits two seconds for the response and stores the run", false, "active"],
    ["gives up after two seconds", true, "unconfirmed"],
  ] as const
) {
  Deno.test(`execute() stopped during a submit ${what}`, async () => {
    const still = stillClock();
    const controller = new AbortController();
    const reason = new Error("interrupted");
    const sleepsMs: number[] = [];
    // The two seconds never pass, or at once: a clock that moves would race with the response.
    const clock: Clock = {
      ...still,
      sleep(durationMs, options) {
        if (durationMs > 0) sleepsMs.push(durationMs);
        return durationMs <= 0 || isOver ? Promise.resolve() : still.sleep(durationMs, options);
      },
    };
    await using simulator = await startSimulator({
      faults: isOver ? [{ on: "submit", latencyMs: 600_000 }] : [],
      onStep: (operation, step) => {
        if (operation === "submit" && step === "arrived") controller.abort(reason);
      },
    });
    const deps = await depsFor(simulator, { clock });
    const request = aRequest({ workflow: "quick", inputs: {} });
    const stream = execute(deps, request, { ...DEFAULT_EXECUTE, signal: controller.signal });
    await assert.rejects(toEnd(stream, () => {}), (error) => error === reason);
    assert.equal(sleepsMs[0], 2_000);
    const [submission] = await deps.store.listRecent({ limit: 1 });
    assert.equal(submission?.state, state);
  });
}

Deno.test("execute() does not submit again after the submit timeout, although a second run is impossible", async () => {
  await using stage = await aStage({ faults: [{ ...CUT_BEFORE, times: Infinity }] }, REJECTS_DUPLICATES);
  const startMs = stage.clock.now();
  const { result } = await stage.run();
  assert.equal(result.kind, "submit_unknown");
  const minutes = (stage.clock.now() - startMs) / 60_000;
  assert.ok(minutes >= 9 && minutes < 12, `after ${minutes} minutes`);
});

for (const [slugs, keepsSlug] of [["unique", true], ["shared", true], ["ignored", false]] as const) {
  Deno.test(`execute() records whether the server keeps slugs: ${keepsSlug} when slugs are ${slugs}`, async () => {
    await using stage = await aStage({ behavior: { slugs } });
    await stage.run();
    const capabilities = await stage.deps.store.capabilities(stage.deps.client.host);
    assert.deepEqual([capabilities.keepsSlug, capabilities.refusesDuplicateSlug], [keepsSlug, undefined]);
  });
}

Deno.test("execute() gives up a search that fails for as long as the unreachable timeout", async () => {
  await using stage = await aStage({
    faults: [CUT_AFTER, { on: "get-run", status: 503, times: Infinity }, {
      on: "list-runs",
      status: 503,
      after: 1,
      times: Infinity,
    }],
  });
  const startMs = stage.clock.now();
  const { result } = await stage.run({ unreachableTimeoutMs: 120_000 });
  assert.equal(result.kind, "submit_unknown");
  const seconds = (stage.clock.now() - startMs) / 1_000;
  assert.ok(seconds >= 120 && seconds < 130, `after ${seconds} s`);
});

Deno.test("execute() searches less and less often while the search fails", async () => {
  await using stage = await aStage({
    faults: [CUT_AFTER, { on: "get-run", status: 503, times: Infinity }],
  });
  await stage.run({ unreachableTimeoutMs: 30 * 60_000 });
  const pausesMs = stage.simulator.received("get-run").map(({ atMs }) => atMs).flatMap((atMs, index, all) =>
    index === 0 ? [] : [atMs - (all[index - 1] ?? 0)]
  );
  assert.ok(pausesMs.length < 90, `${pausesMs.length + 1} searches in 30 minutes`);
  assert.ok((pausesMs[1] ?? 0) < 3_000 && pausesMs.slice(10, -1).every((pauseMs) => pauseMs >= 25_000), `${pausesMs}`);
});

Deno.test("execute() finds its run on the last page of a list sorted oldest first", async () => {
  await using stage = await aStage({
    behavior: { slugs: "ignored", listOrder: "oldest", maxLimit: 10 },
    faults: [CUT_AFTER],
  });
  assert.equal((await stage.run()).result.kind, "completed");
  assert.equal(stage.started(), 1);
});

Deno.test("execute() does not accept another user's run with its slug", async () => {
  await using stage = await aStage({ faults: [CUT_BEFORE] });
  const { client } = stage.deps;
  const deps: Deps = {
    ...stage.deps,
    client: {
      ...client,
      getRun: async (runId, options) => {
        if (runId.type !== "slug") return await client.getRun(runId, options);
        return {
          ...await client.getRun({ type: "slug", slug: "hello-world-00046" }, options),
          slug: runId.slug,
          user: "mallory",
        };
      },
    },
  };
  const { result } = await stage.run({ deps });
  assert.equal(result.kind, "submit_unknown");
  assert.match(result.message ?? "", /mallory/);
});

Deno.test("execute() retries a submit after 429 no earlier than Retry-After", async () => {
  await using stage = await aStage({ faults: [{ on: "submit", status: 429, retryAfter: "7" }] });
  const { result, events } = await stage.run();
  const [first, second] = stage.simulator.received("submit");
  assert.equal(result.kind, "completed");
  assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 7_000);
  assert.ok(events.some((event) => event.type === "submit-delayed" && event.reason === "rate-limited"));
});

Deno.test("execute() stops retrying after 429 at the submit timeout, and reports that nothing was started", async () => {
  await using stage = await aStage({ faults: [{ on: "submit", status: 429, times: Infinity }] });
  await assert.rejects(stage.run(), { kind: "not_submitted", submitted: "no" });
  assert.equal(stage.started(), 0);
});

Deno.test("execute() retries when the platform rejects simultaneous launches of a workflow", async () => {
  await using stage = await aStage({ behavior: { launchGapMs: 20_000 } });
  await stage.run();
  const { result } = await stage.run();
  assert.equal(result.kind, "completed");
  assert.equal(stage.started(), 2);
});

for (const status of [400, 401, 403, 404, 422]) {
  Deno.test(`execute() treats ${status} as a rejection: it submits once and starts nothing`, async () => {
    await using stage = await aStage({ faults: [{ on: "submit", status, times: Infinity }] });
    await assert.rejects(stage.run(), { submitted: "no" });
    assert.equal(stage.simulator.received("submit").length, 1);
  });
}

Deno.test("execute() goes on with no request beside one that has failed", async () => {
  await using stage = await aStage({
    faults: [
      { on: "auth-session", status: 401, times: Infinity },
      { on: "list-runs", status: 503, times: Infinity },
    ],
  });
  let signal: AbortSignal | undefined;
  const client: Deps["client"] = {
    ...stage.deps.client,
    apiVersion(options) {
      signal = options?.signal;
      return stage.deps.client.apiVersion(options);
    },
  };
  await assert.rejects(stage.run({ deps: { ...stage.deps, client } }), { kind: "credential_refused" });
  assert.equal(signal?.aborted, true);
});

Deno.test("execute() stores the submission once, as unconfirmed, before it sends it", async () => {
  const steps: string[] = [];
  const memory = memoryRunStore();
  await using stage = await aStage({
    onStep: (operation, step) => {
      if (operation === "submit" && step === "arrived") steps.push("arrived");
    },
  });
  const store: Deps["store"] = {
    ...memory,
    put: (submission) => {
      steps.push(submission.state);
      return memory.put(submission);
    },
  };
  await stage.run({ deps: { ...stage.deps, store } });
  assert.deepEqual(steps.slice(0, 2), ["unconfirmed", "arrived"]);
});

Deno.test("execute() sends nothing when the store cannot be written", async () => {
  await using stage = await aStage({});
  const store: Deps["store"] = { ...memoryRunStore(), put: () => Promise.reject(new StorageError("the disk is full")) };
  await assert.rejects(stage.run({ deps: { ...stage.deps, store } }), { kind: "not_submitted" });
  assert.equal(stage.simulator.received("submit").length, 0);
});

Deno.test("execute() keeps tracking a run when the store fails after the submit", async () => {
  const memory = memoryRunStore();
  const logged: string[] = [];
  await using stage = await aStage({});
  const store: Deps["store"] = {
    ...memory,
    put: (submission) =>
      submission.state === "active" ? Promise.reject(new StorageError("the disk is full")) : memory.put(submission),
  };
  const deps: Deps = { ...stage.deps, store, log: (level, message) => void logged.push(`${level} ${message}`) };
  const { result } = await stage.run({ deps });
  assert.equal(result.kind, "completed");
  assert.deepEqual([...new Set(logged)], ["WARNING the disk is full"]);
});

Deno.test("execute() reports the consent that a workflow requires, and grants it when the run is trusted", async () => {
  await using stage = await aStage({});
  const parts = {
    workflow: "needs-consent",
    inputs: {},
    requestedConsent: { permissions: ["clusters:read", "storage:write"], variables: ["LICENSE_SERVER"] },
  };
  await assert.rejects(stage.run({ request: aRequest(parts) }), { kind: "consent_required", submitted: "no" });
  const { result } = await stage.run({ request: aRequest({ ...parts, isTrusted: true }) });
  assert.equal(result.kind, "completed");
});

for (const workspaceErrorStatus of [400, 404, 409] as const) {
  Deno.test(`execute() waits for a starting workspace while submits return ${workspaceErrorStatus}`, async () => {
    await using stage = await aStage({ behavior: { workspace: "Starting", workspaceErrorStatus } });
    const startWorkspace = ({ type }: RunEvent) => {
      if (type === "submit-delayed") stage.simulator.setBehavior({ workspace: "Running" });
    };
    const { result, events } = await stage.run({ onEvent: startWorkspace });
    assert.equal(result.kind, "completed");
    assert.equal(stage.started(), 1);
    const reasons = events.flatMap((event) => event.type === "submit-delayed" ? [event.reason] : []);
    assert.ok(reasons.includes(workspaceErrorStatus === 409 ? "conflict" : "workspace"), reasons.join());
  });
}

for (const status of ["Off", "Starting", "Stopped", "Pulling", "Terminating", "Restarting", "Paused"]) {
  Deno.test(`execute() waits while the platform reports the workspace as ${status}`, async () => {
    await using stage = await aStage({ behavior: { workspace: "Off", workspaceErrorStatus: 400 } });
    const { client } = stage.deps;
    const deps: Deps = { ...stage.deps, client: { ...client, workspaceStatus: () => Promise.resolve(status) } };
    const { result, events } = await stage.run({
      deps,
      onEvent: ({ type }) => {
        if (type === "submit-delayed") stage.simulator.setBehavior({ workspace: "Running" });
      },
    });
    assert.equal(result.kind, "completed");
    assert.ok(events.some((event) => event.type === "submit-delayed" && event.detail.startsWith(status)));
  });
}

Deno.test("execute() reports a workspace that stays off at the submit timeout", async () => {
  await using stage = await aStage({ behavior: { workspace: "Off", workspaceErrorStatus: 400 } });
  await assert.rejects(stage.run(), {
    kind: "not_submitted",
    message: /your workspace is Off/,
    commandHint: /`pw-workflow-runner workspace start`/,
  });
  assert.equal(stage.started(), 0);
  assert.ok(stage.simulator.received("submit").length > 10);
});

for (const workspaceErrorStatus of [500, 503] as const) {
  Deno.test(`execute() searches for five minutes when the workspace is off and a submit returns ${workspaceErrorStatus}`, async () => {
    await using stage = await aStage({ behavior: { workspace: "Off", workspaceErrorStatus } });
    const { result, events } = await stage.run();
    assert.equal(result.kind, "submit_unknown");
    const atMs = events.map((event) => event.atMs);
    assert.ok(Math.max(...atMs) - Math.min(...atMs) >= 5 * 60_000);
  });
}

Deno.test("execute() does not retry a rejection when the workspace is running", async () => {
  await using stage = await aStage({ behavior: { workspace: "Running" }, faults: [{ on: "submit", status: 400 }] });
  await assert.rejects(stage.run(), { kind: "rejected" });
});

interface Stage extends AsyncDisposable {
  readonly simulator: Awaited<ReturnType<typeof startSimulator>>;
  readonly deps: Deps;
  readonly clock: VirtualClock;
  /** How many runs were started. */
  started(): number;
  run(
    parts?: { deps?: Deps; request?: RunRequest; unreachableTimeoutMs?: number; onEvent?: (event: RunEvent) => void },
  ): Promise<{ result: RunResult; events: RunEvent[] }>;
}

async function aStage(options: SimulatorOptions, capabilities?: ServerCapabilities): Promise<Stage> {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, ...options });
  const before = simulator.runs().length;
  const deps = await depsFor(simulator, { clock });
  if (capabilities !== undefined) await deps.store.updateCapabilities(deps.client.host, capabilities);
  const request = aRequest({ workflow: "quick", inputs: {} });
  return {
    simulator,
    deps,
    clock,
    started: () => simulator.runs().length - before,
    async run(parts = {}) {
      const events: RunEvent[] = [];
      const options = {
        ...DEFAULT_EXECUTE,
        signal: new AbortController().signal,
        ...(parts.unreachableTimeoutMs === undefined ? {} : { unreachableTimeoutMs: parts.unreachableTimeoutMs }),
      };
      const stream = execute(parts.deps ?? deps, parts.request ?? request, options);
      return {
        result: await toEnd(stream, (event) => {
          events.push(event);
          parts.onEvent?.(event);
        }),
        events,
      };
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

function slugOf(body: unknown): unknown {
  return typeof body === "object" && body !== null && "slug" in body ? body.slug : undefined;
}
