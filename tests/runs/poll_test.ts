import assert from "node:assert/strict";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import { pollRun } from "../../lib/runs/poll.ts";
import type { AdvanceOptions } from "../../lib/runs/advance_result.ts";
import type { RunEvent } from "../../lib/events.ts";
import { runIdOf } from "../../lib/run.ts";
import type { ActiveSubmission, Submission } from "../../lib/submission.ts";
import type { ServerBehavior } from "../../lib/simulator/simulator.ts";
import { startSimulator } from "../../lib/simulator/start.ts";
import { depsFor } from "../support/deps.ts";
import { anActiveSubmission, aStoredRequest } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const OPTIONS = { ...DEFAULT_EXECUTE, signal: new AbortController().signal } as const;

Deno.test("pollRun() reports each unknown status once, and counts it as running", async () => {
  await using stage = await aStage();
  const reported: string[][] = [];
  for (const status of ["hibernating", "hibernating", "thawing", null, "thawing"]) {
    stage.simulator.overrideStatus(stage.slug, status);
    const { events } = await stage.poll({ afterMs: 5 * SECOND_MS });
    reported.push(events.flatMap((event) => event.type === "unknown-status" ? [event.platformStatus] : []));
    assert.deepEqual(statusesOf(events), ["running"]);
  }
  assert.deepEqual(reported, [["hibernating"], [], ["thawing"], [], ["thawing"]]);
});

Deno.test("pollRun() reports an unknown status on its first poll even where the submit's response had it", async () => {
  await using stage = await aStage();
  stage.simulator.overrideStatus(stage.slug, "hibernating");
  const { submission } = stage;
  assert.ok(submission.state === "active");
  stage.submission = { ...submission, run: { ...submission.run, platformStatus: "hibernating" } };
  const typesOf = (events: readonly RunEvent[]) => events.map(({ type }) => type);
  assert.deepEqual(typesOf((await stage.poll({ afterMs: SECOND_MS })).events), ["unknown-status", "status"]);
  assert.deepEqual(typesOf((await stage.poll({ afterMs: SECOND_MS })).events), ["status"]);
});

Deno.test("pollRun() counts a run with a time of completion and an unknown status as failed", async () => {
  await using stage = await aStage("quick");
  stage.simulator.overrideStatus(stage.slug, "evaporated");
  await stage.poll({ afterMs: MINUTE_MS });
  const { result } = stage.finished();
  assert.deepEqual([result.kind, result.status, result.platformStatus], ["failed", "failed", "evaporated"]);
  assert.equal(result.errorMessage, 'the run ended with the unknown status "evaporated"');
});

Deno.test("pollRun() does not end a running run between two of its steps", async () => {
  await using stage = await aStage("quick");
  stage.simulator.overrideStatus(stage.slug, "running");
  assert.deepEqual(statusesOf((await stage.poll({ afterMs: MINUTE_MS })).events), ["running"]);
  assert.equal(stage.submission.state, "active");
  stage.simulator.overrideStatus(stage.slug, null);
  await stage.poll({ afterMs: SECOND_MS });
  assert.equal(stage.finished().result.kind, "completed");
});

Deno.test("pollRun() counts a faulted run whose steps keep running as failed after ten minutes of it", async () => {
  await using stage = await aStage();
  stage.simulator.overrideStatus(stage.slug, "faulted");
  await stage.poll({ afterMs: MINUTE_MS });
  // It recovers: the ten minutes start again.
  stage.simulator.overrideStatus(stage.slug, null);
  await stage.poll({ afterMs: MINUTE_MS });
  stage.simulator.overrideStatus(stage.slug, "faulted");
  await stage.poll({ afterMs: MINUTE_MS });
  await stage.poll({ afterMs: 10 * MINUTE_MS - 1 });
  assert.equal(stage.submission.state, "active");
  await stage.poll({ afterMs: 1 });
  assert.equal(stage.finished().result.kind, "failed");
});

for (
  const [what, pollsAfterMs, isDeleted] of [
    ["two polls with 404 over a minute", [0, 60_000], false],
    ["three polls with 404 within a minute", [0, 30_000, 29_999], false],
    ["three polls with 404 over a minute", [0, 30_000, 30_000], true],
  ] as const
) {
  Deno.test(`pollRun() takes ${what} for ${isDeleted ? "a deleted run" : "a run that is not visible yet"}`, async () => {
    await using stage = await aStage();
    stage.simulator.deleteExternally(stage.slug);
    for (const afterMs of pollsAfterMs) await stage.poll({ afterMs });
    assert.equal(stage.submission.state, isDeleted ? "finished" : "active");
    if (isDeleted) {
      const { kind, status, submitted, message } = stage.finished().result;
      assert.deepEqual([kind, status, submitted], ["run_deleted", "unknown", "yes"]);
      assert.match(message ?? "", /was deleted on the platform; it is not submitted again$/);
    }
    assert.equal((await stage.deps.store.get(stage.submission.submissionId))?.state, stage.submission.state);
    assert.equal(stage.simulator.received("submit").length, 1);
  });
}

Deno.test("pollRun() takes no run for deleted while the server answers 404 to everything", async () => {
  await using stage = await aStage();
  stage.simulator.addFaults({ on: "*", status: 404, times: 10 });
  for (let poll = 0; poll < 5; poll++) await stage.poll({ afterMs: MINUTE_MS });
  assert.equal(stage.submission.state, "active");
  await stage.poll({ afterMs: MINUTE_MS });
  await stage.poll({ afterMs: MINUTE_MS });
  assert.equal(stage.submission.state === "active" && stage.submission.missingPolls, 0);
});

Deno.test("pollRun() takes no run for deleted that the list still shows", async () => {
  await using stage = await aStage();
  stage.simulator.addFaults({ on: "get-run", status: 404, times: 5 });
  for (let poll = 0; poll < 6; poll++) await stage.poll({ afterMs: MINUTE_MS });
  assert.equal(stage.submission.state === "active" && stage.submission.missingPolls, 0);
});

Deno.test("pollRun() ends a run that was deleted on a legacy server, which has no list of runs", async () => {
  await using stage = await aStage("never-ending", { apiVersion: "legacy", legacyRead: "run" });
  stage.simulator.deleteExternally(stage.slug);
  for (let poll = 0; poll < 3; poll++) await stage.poll({ afterMs: MINUTE_MS });
  assert.equal(stage.finished().result.kind, "run_deleted");
});

Deno.test("pollRun() waits for that list no longer than for the run itself", async () => {
  await using stage = await aStage();
  stage.simulator.deleteExternally(stage.slug);
  await stage.poll({ afterMs: 0 });
  await stage.poll({ afterMs: 30_000 });
  const limit = new AbortController();
  stage.simulator.addFaults({ on: "list-runs", latencyMs: 5_000 });
  const listed = stage.simulator.received("list-runs").length;
  const polling = stage.poll({ afterMs: 30_000 }, { limit: limit.signal });
  while (stage.simulator.received("list-runs").length === listed) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  limit.abort();
  assert.match((await polling).error?.message ?? "", /Cannot list runs: the server did not respond in time/);
  assert.equal(stage.submission.state, "active");
});

Deno.test("pollRun() counts the polls with 404 anew once the run was seen again", async () => {
  await using stage = await aStage();
  stage.simulator.addFaults({ on: "get-run", status: 404, times: 2 });
  await stage.poll({ afterMs: 0 });
  await stage.poll({ afterMs: MINUTE_MS });
  await stage.poll({ afterMs: SECOND_MS });
  stage.simulator.deleteExternally(stage.slug);
  await stage.poll({ afterMs: SECOND_MS });
  assert.equal(stage.submission.state === "active" && stage.submission.missingPolls, 1);
});

Deno.test("pollRun() reports an outage from ten seconds on, and its length once it is over", async () => {
  await using stage = await aStage();
  stage.simulator.addFaults({ on: "get-run", status: 502, times: 3 });
  const types: string[][] = [];
  for (const afterMs of [0, 9_999, 1, 5_000]) {
    const { events } = await stage.poll({ afterMs });
    types.push(events.map(({ type }) => type));
    const restored = events.find((event) => event.type === "connection-restored");
    if (restored !== undefined) assert.equal(restored.outageMs, 15_000);
  }
  assert.deepEqual(types, [[], [], ["connection-lost"], ["connection-restored", "status"]]);
});

Deno.test("pollRun() does not report the end of an outage that was too short to report", async () => {
  await using stage = await aStage();
  stage.simulator.addFaults({ on: "get-run", status: 502 });
  assert.ok((await stage.poll({ afterMs: 0 })).error !== undefined);
  assert.deepEqual((await stage.poll({ afterMs: MINUTE_MS })).events.map(({ type }) => type), ["status"]);
});

for (
  const [what, fault, options, minMs, maxMs] of [
    ["a Retry-After", { status: 429, retryAfter: "40" }, {}, 40_000, 44_000],
    ["a Retry-After of an hour", { status: 503, retryAfter: "3600" }, {}, 300_000, 300_000],
    ["a refused key", { status: 401 }, {}, 5_000, 5_000],
    ["a server error", { status: 502 }, {}, 900, 1_000],
    ["a Retry-After beyond the deadline", { status: 429, retryAfter: "40" }, { deadlineInMs: 7_000 }, 7_000, 7_000],
    ["a deadline that has passed", { status: 502 }, { deadlineInMs: -7_000 }, 0, 0],
    [
      "a Retry-After beyond the unreachable timeout",
      { status: 503, retryAfter: "40" },
      {
        unreachableTimeoutMs: 9_000,
      },
      9_000,
      9_000,
    ],
  ] as const
) {
  Deno.test(`pollRun() plans the next poll after ${what}`, async () => {
    await using stage = await aStage();
    stage.simulator.addFaults({ on: "get-run", ...fault });
    const { deadlineInMs, ...given } = { deadlineInMs: Infinity, ...options };
    const pollInterval = { pollIntervalMs: SECOND_MS, maxPollIntervalMs: SECOND_MS };
    const deadlineAtMs = stage.clock.now() + deadlineInMs;
    const { error } = await stage.poll({ afterMs: 0 }, { pollInterval, deadlineAtMs, ...given });
    assert.ok(error !== undefined);
    const delayMs = stage.submission.nextPollAtMs - stage.clock.now();
    assert.ok(delayMs >= minMs && delayMs <= maxMs, `after ${delayMs} ms`);
  });
}

for (
  const [retryAfter, maxPollIntervalMs, isReported] of [
    ["15", 60_000, false],
    ["16", 60_000, true],
    ["6", 5_000, true],
    ["5", 5_000, false],
  ] as const
) {
  Deno.test(`pollRun() ${isReported ? "reports" : "does not report"} a delay of ${retryAfter} s at an interval of up to ${maxPollIntervalMs} ms`, async () => {
    await using stage = await aStage();
    stage.simulator.addFaults({ on: "get-run", status: 429, retryAfter });
    const { events } = await stage.poll({ afterMs: 0 }, { pollInterval: { pollIntervalMs: 1, maxPollIntervalMs } });
    assert.deepEqual(events.map(({ type }) => type), isReported ? ["poll-delayed"] : []);
  });
}

function statusesOf(events: readonly RunEvent[]): readonly string[] {
  return events.flatMap((event) => event.type === "status" ? [event.status] : []);
}

/** A run that was submitted and is polled when the test asks for it. */
async function aStage(workflow = "never-ending", behavior: Partial<ServerBehavior> = {}) {
  const clock = virtualClock();
  const simulator = await startSimulator({ clock, behavior });
  const deps = await depsFor(simulator, { clock });
  const request = { workflow, inputs: {}, slug: "mine-1", displayName: null, consent: null };
  const response = await deps.client.submit(request, OPTIONS);
  assert.ok(response.type === "accepted");
  const nowMs = clock.now();
  const active: ActiveSubmission = anActiveSubmission({
    owner: { host: deps.client.host, user: "demo" },
    request: aStoredRequest({ workflow, inputs: {} }),
    runId: runIdOf(response.run, workflow),
    run: response.run,
    startedAtMs: nowMs,
    lastPolledAtMs: nowMs,
    updatedAtMs: nowMs,
  });
  const stage = {
    clock,
    simulator,
    deps,
    slug: simulator.runs()[0]?.slug ?? "",
    submission: await deps.store.put(active) as Submission,
    async poll({ afterMs }: { readonly afterMs: number }, parts: Partial<AdvanceOptions> = {}) {
      assert.ok(stage.submission.state === "active");
      clock.advance(afterMs);
      const advanced = await pollRun(deps, stage.submission, { ...OPTIONS, ...parts });
      stage.submission = advanced.submission;
      return advanced;
    },
    finished() {
      assert.ok(stage.submission.state === "finished");
      return stage.submission;
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
  return stage;
}
