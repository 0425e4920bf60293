/** One submission never starts two runs, however the server treats slugs and wherever a response is lost. */

import assert from "node:assert/strict";
import { execute, toEnd } from "../../lib/runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import type { Deps } from "../../lib/runs/deps.ts";
import { memoryRunStore } from "../../lib/store/run_store.ts";
import type { ServerCapabilities } from "../../lib/capabilities.ts";
import type { RunEvent } from "../../lib/events.ts";
import type { RunResult } from "../../lib/result.ts";
import type { RunRequest } from "../../lib/submission.ts";
import type { Fault, ServerBehavior, SimulatorOptions } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { StorageError } from "../../lib/errors.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

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

Deno.test("execute() finds its run in a list sorted oldest first", async () => {
  await using stage = await aStage({ behavior: { slugs: "ignored", listOrder: "oldest" }, faults: [CUT_AFTER] });
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

Deno.test("execute() stores the submission as pending and as unconfirmed before it sends it", async () => {
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
  assert.deepEqual(steps.slice(0, 3), ["pending", "unconfirmed", "arrived"]);
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

Deno.test("execute() reports a workspace that stays off at the submit timeout", async () => {
  await using stage = await aStage({ behavior: { workspace: "Off", workspaceErrorStatus: 400 } });
  await assert.rejects(stage.run(), { kind: "not_submitted", message: /your workspace is Off/ });
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
  /** How many runs were started. */
  started(): number;
  run(
    parts?: { deps?: Deps; request?: RunRequest; onEvent?: (event: RunEvent) => void },
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
    started: () => simulator.runs().length - before,
    async run(parts = {}) {
      const events: RunEvent[] = [];
      const options = { ...DEFAULT_EXECUTE, signal: new AbortController().signal };
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
