import assert from "node:assert/strict";
import type { Clock } from "../../lib/clock.ts";
import { type BatchEvent, type BatchTask, createBatchControl } from "../../lib/runs/batch_task.ts";
import type { TaskEnd } from "../../lib/runs/retry_policy.ts";
import { NotFound, StorageError, Unreachable } from "../../lib/errors.ts";
import type { Simulator } from "../../lib/simulator/simulator.ts";
import { advance } from "../../lib/runs/advance.ts";
import { createSubmission } from "../../lib/runs/create_submission.ts";
import type { Deps } from "../../lib/runs/deps.ts";
import { updateCapabilities } from "../../lib/runs/server_capabilities.ts";
import { DEFAULT_EXECUTE } from "../../lib/runs/options.ts";
import type { ActiveSubmission, Submission } from "../../lib/submission.ts";
import { depsFor } from "../support/deps.ts";
import { aRequest } from "../support/records.ts";
import { aStage, aTask, breakable, endless, endsOf, hastyClock, ranBatch, SOLVE, tasks } from "../support/batch.ts";

/** Ends all running runs whenever `running` of them were polled, and the last ones when all have been submitted. */
function endAt({ simulator }: { readonly simulator: Simulator }, running: number, count: number) {
  return (event: BatchEvent) => {
    if (event.type !== "polled" || (event.running !== running && simulator.runs().length < count)) return;
    for (const { slug, status } of simulator.runs()) if (status === "running") simulator.cancelExternally(slug);
  };
}

function mostAtOnce(events: readonly BatchEvent[]): number {
  let running = 0;
  let most = 0;
  for (const event of events) {
    if (event.type === "run" && event.event.type === "started") most = Math.max(most, ++running);
    if (event.type === "attempt-ended") running--;
  }
  return most;
}

Deno.test("a batch submits each task once, and tracks all of them to their ends", async () => {
  await using stage = await aStage();
  const ran = await ranBatch(stage.deps, tasks(12, (index) => index === 3));
  assert.deepEqual(endsOf(ran), Array.from({ length: 12 }, (_, index) => index === 3 ? "failed" : "completed"));
  assert.equal(stage.simulator.runs().length, 12);
  assert.equal(ran.outcome.stopped, null);
});

for (const state of ["pending", "unconfirmed"]) {
  Deno.test(`a submission that cannot be stored as ${state} ends a batch with the runs that it has started`, async () => {
    await using stage = await aStage();
    let stored = 0;
    const store: Deps["store"] = {
      ...stage.deps.store,
      put: (submission) =>
        submission.state === state && ++stored > 2
          ? Promise.reject(new StorageError("the disk is full"))
          : stage.deps.store.put(submission),
    };
    const { outcome } = await ranBatch({ ...stage.deps, store }, endless(4));
    assert.equal(outcome.error?.kind, "not_submitted");
    assert.match(outcome.error?.message ?? "", /the disk is full/);
    assert.deepEqual(outcome.ends.map(({ type }) => type), ["open", "open", "not-submitted", "not-submitted"]);
    assert.equal(stage.simulator.runs().length, 2);
  });
}

Deno.test("a store that cannot be read ends a batch: its rows were not rejected, and are submitted by the next call", async () => {
  await using stage = await aStage();
  const get: Deps["store"]["get"] = (id) =>
    stage.simulator.runs().length === 2
      ? Promise.reject(new StorageError("it is starting up"))
      : stage.deps.store.get(id);
  const { outcome, events } = await ranBatch({ ...stage.deps, store: { ...stage.deps.store, get } }, endless(4));
  assert.deepEqual(outcome.ends.map(({ type }) => type), ["open", "open", "not-submitted", "not-submitted"]);
  assert.equal(outcome.error?.kind, "storage");
  assert.deepEqual(events.filter(({ type }) => type === "attempt-ended"), []);
});

for (
  const [name, parts, most] of [
    ["four at once", {}, 4],
    ["one of those that share a lock", { locks: ["gpu"] }, 1],
    ["two on one cluster", { cluster: "a" }, 2],
  ] as const
) {
  Deno.test(`a batch of twelve runs ${name}`, async () => {
    await using stage = await aStage();
    const ran = await ranBatch(stage.deps, endless(12, parts), { maxPerCluster: 2 }, endAt(stage, most, 12));
    assert.equal(mostAtOnce(ran.events), most);
    assert.equal(stage.simulator.runs().length, 12);
  });
}

Deno.test("of twenty running runs none is polled by name, and each end is read once", async () => {
  await using stage = await aStage();
  const reads = () => stage.simulator.received("get-run").length;
  const seen: number[] = [];
  await ranBatch(stage.deps, endless(20), { control: createBatchControl(20) }, (event) => {
    if (event.type !== "polled" || event.running !== 20) return;
    seen.push(reads());
    if (seen.length === 3) endAt(stage, 20, 20)(event);
  });
  assert.equal(seen[2], seen[0]);
  assert.equal(reads() - (seen[2] ?? 0), 20);
});

Deno.test("a batch also runs on a server with the older API", async () => {
  await using stage = await aStage({ behavior: { apiVersion: "legacy", legacyRead: "run" } });
  const ran = await ranBatch(stage.deps, tasks(5, (index) => index === 2));
  assert.deepEqual(endsOf(ran), ["completed", "completed", "failed", "completed", "completed"]);
  assert.equal(stage.simulator.runs().length, 5);
});

for (const apiVersion of ["current", "legacy"] as const) {
  Deno.test(`processes that share a history submit each task once on a server with the ${apiVersion} API`, async () => {
    await using stage = await aStage({ behavior: { apiVersion, legacyRead: "run" } });
    const { clock, simulator, deps: { store } } = stage;
    const processes = [
      stage.deps,
      await depsFor(simulator, { clock, store }),
      await depsFor(simulator, { clock, store }),
    ];
    const ran = await Promise.all(processes.map((deps) => ranBatch(deps, tasks(5, (index) => index === 2))));
    for (const one of ran) {
      assert.deepEqual(endsOf(one), ["completed", "completed", "failed", "completed", "completed"]);
    }
    assert.equal(simulator.runs().length, 5);
  });
}

Deno.test("a row whose run another process has started ends once, although it is polled when it is found and with the others", async () => {
  await using stage = await aStage();
  const { clock, simulator, deps: { store } } = stage;
  const [shared] = tasks(2).slice(1);
  assert.ok(shared);
  const detaching = new AbortController();
  const other = await depsFor(simulator, { clock, store });
  const left = ranBatch(other, [shared], { signal: detaching.signal }, ({ type }) => {
    if (type === "polled") detaching.abort(new Error("detached"));
  });
  await assert.rejects(left, { message: "detached" });
  const [{ slug } = { slug: "" }] = simulator.runs();
  simulator.cancelExternally(slug);
  await clock.sleep(5_000, {});

  // The first response is late if there is a second one.
  let polls = 0;
  const second = Promise.withResolvers<void>();
  const send: typeof fetch = async (input, init) => {
    const poll = String(input).endsWith(slug) ? ++polls : 0;
    const response = await fetch(input, init);
    if (poll === 1) await Promise.race([second.promise, clock.sleep(20_000, {})]);
    if (poll === 2) second.resolve();
    return response;
  };
  const deps = await depsFor(simulator, { clock, store, fetch: send });
  let roundsAfter = 0;
  const pollInterval = { pollIntervalMs: 1_000, maxPollIntervalMs: 1_000 };
  const ran = await ranBatch(deps, [...endless(1), shared], { pollInterval }, ({ type }) => {
    if (type === "attempt-ended" || type === "polled" && roundsAfter > 0) roundsAfter++;
    if (roundsAfter === 5) { for (const one of simulator.runs()) simulator.cancelExternally(one.slug); }
  });
  assert.deepEqual(endsOf(ran), ["cancelled", "cancelled"]);
  assert.equal(ran.events.filter(({ type }) => type === "attempt-ended").length, 2);
  assert.equal(simulator.runs().length, 2);
});

for (const count of [2, 6]) {
  Deno.test(`of ${count} rows that two machines submit at once to a server that accepts a taken slug, one run each remains`, async () => {
    await using stage = await aStage({ behavior: { slugs: "ignored", listLagMs: 1_000 } });
    const { clock, simulator } = stage;
    // However busy this machine is, each row is submitted by both: none finds the run of the other one before.
    const rounds: { arrived: number; readonly all: PromiseWithResolvers<void> }[] = [];
    const machine = () => {
      let submits = 0;
      const send: typeof fetch = async (input, init) => {
        if (init?.method === "POST" && String(input).endsWith("/api/workflow-runs")) {
          const round = rounds[submits++] ??= { arrived: 0, all: Promise.withResolvers() };
          if (++round.arrived === 2) round.all.resolve();
          await Promise.race([round.all.promise, clock.sleep(100_000, {})]);
        }
        return await fetch(input, init);
      };
      return depsFor(simulator, { clock, fetch: send });
    };
    const machines = [await machine(), await machine()];
    const startMs = clock.now();
    const end = () => {
      const running = simulator.runs().filter(({ status }) => status === "running");
      const isSettled = simulator.runs().length === 2 * count && running.length === count;
      if (isSettled || clock.now() - startMs > 400_000) {
        for (const { slug } of running) simulator.cancelExternally(slug);
      }
    };
    const ending = setInterval(end, 250);
    try {
      const pollInterval = { pollIntervalMs: 500, maxPollIntervalMs: 2_000 };
      const options = () => ({ control: createBatchControl(6), pollInterval, requestsPerMinute: 600 });
      const ran = await Promise.all(machines.map((deps) => ranBatch(deps, endless(count), options())));
      const cancelled = ran.flatMap(({ events }) =>
        events.flatMap((event) =>
          event.type === "run" && event.event.type === "duplicate-cancelled" ? [event.event.slug] : []
        )
      );
      assert.equal(simulator.runs().length, 2 * count);
      assert.equal(new Set(cancelled).size, count);
    } finally {
      clearInterval(ending);
    }
  });
}

Deno.test("a task waits until it is ready, and is not submitted when it can never be", async () => {
  await using stage = await aStage();
  const ended: string[] = [];
  const [first, second, third] = tasks(3);
  assert.ok(first && second && third);
  const dependent = [
    { ...second, isReady: () => ended.includes(first.key) },
    first,
    { ...third, isReady: () => ended.includes(first.key) ? "never" as const : false },
  ];
  const ran = await ranBatch(stage.deps, dependent, {}, (event) => {
    if (event.type === "attempt-ended") ended.push(event.key);
  });
  assert.deepEqual(endsOf(ran), ["completed", "completed", "not-submitted"]);
  assert.equal(mostAtOnce(ran.events), 1);
});

Deno.test("when the first three to end have all failed, the batch stops submitting and tracks what runs", async () => {
  await using stage = await aStage();
  const ran = await ranBatch(stage.deps, tasks(40, () => true), { canary: 3 });
  assert.equal(ran.outcome.stopped?.reason, "canary");
  const submitted = endsOf(ran).filter((end) => end !== "not-submitted");
  assert.ok(submitted.length < 12 && submitted.every((end) => end === "failed"), submitted.join());
  assert.equal(stage.simulator.runs().length, submitted.length);
});

for (const limit of [{ canary: 3 }, { maxFailures: 3 }]) {
  Deno.test(`retries go before rows that have not run, so that ${Object.keys(limit)} stops a batch that they do not help`, async () => {
    await using stage = await aStage();
    const retry = { maxRetries: 1, on: "any", delayMs: 1_000 } as const;
    const ran = await ranBatch(stage.deps, tasks(30, () => true), { ...limit, retry });
    assert.notEqual(ran.outcome.stopped, null);
    const submitted = stage.simulator.runs().length;
    assert.ok(submitted < 24, `${submitted} runs`);
  });
}

for (
  const [reason, parts, fails] of [
    ["max-failures", { maxFailures: 2 }, true],
    ["fail-fast", { until: "fail-fast" }, true],
    ["any", { until: "any" }, false],
  ] as const
) {
  Deno.test(`a batch stops submitting for ${reason}`, async () => {
    await using stage = await aStage();
    const ran = await ranBatch(stage.deps, tasks(30, () => fails), parts);
    assert.equal(ran.outcome.stopped?.reason, reason);
    assert.ok(endsOf(ran).filter((end) => end === "not-submitted").length > 15);
    assert.equal(endsOf(ran).includes("open"), false);
  });
}

Deno.test("after an interrupt nothing is submitted, and what runs is tracked", async () => {
  await using stage = await aStage();
  let sentBefore = 0;
  const ran = await ranBatch(stage.deps, tasks(30, (index) => index % 2 === 0), {
    retry: { maxRetries: 2, on: "any", delayMs: 1 },
  }, (event, control) => {
    if (event.type !== "polled" || control.stopped !== null) return;
    control.stop("interrupted");
    sentBefore = stage.simulator.received("submit").length;
  });
  assert.equal(stage.simulator.received("submit").length - sentBefore <= 1, true);
  assert.equal(endsOf(ran).includes("open"), false);
  assert.ok(endsOf(ran).includes("not-submitted"));
});

Deno.test("more runs at once are allowed while it runs", async () => {
  await using stage = await aStage();
  const ran = await ranBatch(stage.deps, endless(40), {}, (event, control) => {
    if (event.type === "polled" && event.running === 4) control.setJobs(16);
    endAt(stage, 16, 40)(event);
  });
  assert.equal(mostAtOnce(ran.events), 16);
});

Deno.test("a failed run is retried by its cause, and the same error twice is final", async () => {
  await using stage = await aStage();
  const retry = { maxRetries: 5, on: "any", delayMs: 1_000 } as const;
  const ran = await ranBatch(stage.deps, tasks(1, () => true), { retry });
  assert.deepEqual(endsOf(ran), ["failed"]);
  assert.equal(ran.outcome.ends[0]?.type === "result" && ran.outcome.ends[0].attempt, 2);
  assert.equal(stage.simulator.runs().length, 2);
  const infra = await ranBatch(stage.deps, [aTask("other", { fails: true })], { retry: { ...retry, on: "infra" } });
  assert.deepEqual(endsOf(infra), ["failed"]);
  assert.equal(stage.simulator.runs().length, 3);
});

Deno.test("a task that cannot be prepared ends with its error, and the others run", async () => {
  await using stage = await aStage();
  const broken = aTask("broken", {}, { prepare: () => Promise.reject(new NotFound("Cannot find it")) });
  const ran = await ranBatch(stage.deps, [broken, ...tasks(2)]);
  assert.deepEqual(endsOf(ran), ["not_found", "completed", "completed"]);
});

Deno.test("a server that limits runs slows the batch down, which is reported once, and loses no row", async () => {
  await using stage = await aStage();
  stage.simulator.addFaults({ on: "submit", status: 429, retryAfter: "20", times: 3, after: 4 });
  const ran = await ranBatch(stage.deps, tasks(12));
  assert.deepEqual([...new Set(endsOf(ran))], ["completed"]);
  assert.equal(stage.simulator.runs().length, 12);
  assert.equal(ran.events.filter(({ type }) => type === "slowed").length, 1);
});

Deno.test("where no list is ever answered, those polled longest ago are read by name, so that each end is noticed", async () => {
  await using stage = await aStage();
  let [started, ended] = [0, 0];
  const ran = await ranBatch(stage.deps, [...endless(10), ...tasks(14).slice(10)], {
    control: createBatchControl(14),
  }, (event) => {
    if (event.type === "run" && event.event.type === "started" && ++started === 14) {
      stage.simulator.addFaults({ on: "list-runs", status: 429, retryAfter: "5", times: Infinity });
    }
    if (event.type !== "attempt-ended" || ++ended !== 4) return;
    for (const { slug, status } of stage.simulator.runs()) {
      if (status === "running") stage.simulator.cancelExternally(slug);
    }
  });
  assert.deepEqual(endsOf(ran), [...Array(10).fill("cancelled"), ...Array(4).fill("completed")]);
});

for (
  const [problem, fault, kind] of [
    ["asks to wait before each submission", { on: "list-runs", status: 429, retryAfter: "5" }, "unavailable"],
    ["cannot be reached", { on: "*", cut: "before-effect" }, "response_lost"],
  ] as const
) {
  Deno.test(`a batch ends when a server ${problem} for longer than allowed`, async () => {
    await using stage = await aStage();
    stage.simulator.addFaults({ ...fault, times: Infinity });
    const ran = await ranBatch(stage.deps, tasks(3), { unreachableTimeoutMs: 5 * 60_000 });
    assert.equal(ran.outcome.error?.kind, kind);
    assert.deepEqual(endsOf(ran), ["not-submitted", "not-submitted", "not-submitted"]);
    assert.equal(stage.simulator.runs().length, 0);
  });
}

for (const retryAfter of ["7", undefined]) {
  const asks = retryAfter === undefined ? "429 without Retry-After" : "429";
  Deno.test(`a batch ends when a server answers every poll with ${asks} for longer than allowed; what runs continues`, async () => {
    await using stage = await aStage();
    const options = { unreachableTimeoutMs: 5 * 60_000, control: createBatchControl(6) };
    const ran = await ranBatch(stage.deps, endless(6), options, (event) => {
      if (event.type === "polled" && event.running === 6) {
        stage.simulator.addFaults({ on: "*", status: 429, ...(retryAfter && { retryAfter }), times: Infinity });
      }
      // As another process does that the server has asked to wait longer.
      const pausedUntilMs = stage.clock.now() + 40_000;
      if (event.type === "poll-delayed") {
        void updateCapabilities(stage.deps, stage.deps.client.host, { pausedUntilMs });
      }
    });
    assert.equal(ran.outcome.error?.kind, "unavailable");
    assert.deepEqual(endsOf(ran), Array(6).fill("open"));
    // The server responds.
    assert.deepEqual(ran.events.filter(({ type }) => type.startsWith("connection-")), []);
  });
}

Deno.test("an unreachable timeout also ends the search for a key's run that is in flight on a server that hangs", async () => {
  await using stage = await aStage({ clock: hastyClock() });
  // The first list shows the API version.
  stage.simulator.addFaults({ on: "get-run", latencyMs: 60 * 60_000, times: Infinity });
  stage.simulator.addFaults({ on: "list-runs", after: 1, latencyMs: 60 * 60_000, times: Infinity });
  const ran = await ranBatch(stage.deps, tasks(1), { unreachableTimeoutMs: 25_000 });
  assert.match(ran.outcome.error?.message ?? "", /^Cannot submit solve: the server did not respond in time/);
  assert.deepEqual(endsOf(ran), ["not-submitted"]);
});

Deno.test("an unreachable timeout ends the polls of a batch that are in flight on a server that hangs", async () => {
  await using stage = await aStage({ clock: hastyClock() });
  const ran = await ranBatch(stage.deps, endless(2), { unreachableTimeoutMs: 25_000 }, (event) => {
    if (event.type !== "polled" || event.running < 2) return;
    stage.simulator.addFaults({ on: "*", latencyMs: 60 * 60_000, times: Infinity });
  });
  assert.equal(ran.outcome.error?.kind, "response_lost");
  // That is shorter than the client's own limit: the first round was the last.
  assert.match(ran.outcome.error?.message ?? "", /the server did not respond in time/);
  assert.deepEqual(endsOf(ran), ["open", "open"]);
});

Deno.test("a server that is busy, cannot be reached, and is busy again is reported as lost in between only", async () => {
  await using stage = await aStage();
  const { deps, connection } = await breakable(stage);
  let isFirst = true;
  const ran = await ranBatch(deps, endless(2), { unreachableTimeoutMs: 5 * 60_000 }, ({ type }) => {
    if (type === "polled" && isFirst) {
      stage.simulator.addFaults({ on: "get-run", status: 429, retryAfter: "7", times: Infinity });
    }
    if (type === "poll-delayed") connection.isDown = isFirst;
    if (type === "poll-delayed") isFirst = false;
    if (type === "connection-lost") connection.isDown = false;
  });
  assert.equal(ran.outcome.error?.kind, "unavailable");
  const types = ran.events.map(({ type }) => type).filter((type) => /^poll|^connection/.test(type));
  // A round that was not answered shows nothing of the runs: it does not count as polled.
  const want = ["poll-delayed", "connection-lost", "connection-restored", "poll-delayed"];
  assert.deepEqual(types.slice(types.lastIndexOf("polled") + 1), want);
});

Deno.test("an outage after a long limit is reported once while no run is polled, and so is its end", async () => {
  await using stage = await aStage({ faults: [{ on: "submit", status: 429, retryAfter: "15", times: 3 }] });
  const { deps, connection } = await breakable(stage);
  let refusals = 0;
  const ran = await ranBatch(deps, tasks(2), { unreachableTimeoutMs: 5 * 60_000 }, (event) => {
    if (event.type === "run" && event.event.type === "submit-delayed" && ++refusals === 3) connection.isDown = true;
    if (event.type === "connection-lost") connection.isDown = false;
  });
  assert.deepEqual(endsOf(ran), ["completed", "completed"]);
  const reported = ran.events.filter(({ type }) => type === "slowed" || type.startsWith("connection-"));
  assert.deepEqual(reported.map(({ type }) => type), ["slowed", "connection-lost", "connection-restored"]);
});

for (const when of ["before a run starts", "while a submit waits"]) {
  Deno.test(`a clock that is set back ${when} neither delays a submit nor makes a run exceed its timeout`, async () => {
    const delay = { on: "submit", status: 429, retryAfter: "5" } as const;
    await using stage = await aStage({ faults: when === "while a submit waits" ? [delay] : [] });
    let offsetMs = 0;
    const clock: Clock = { ...stage.clock, now: () => stage.clock.now() + offsetMs };
    const setBack = () => offsetMs = -3_600_000;
    const rows = tasks(1).map((task) => ({
      ...task,
      timeoutMs: 1_800_000,
      async prepare(attempt: number) {
        await clock.sleep(1_000, {});
        if (when === "before a run starts") setBack();
        return await task.prepare(attempt);
      },
    }));
    const options = { onTimeout: "cancel", deadlineMs: 300_000 } as const;
    const ran = await ranBatch({ ...stage.deps, clock }, rows, options, (event) => {
      if (event.type === "slowed") setBack();
    });
    assert.deepEqual(endsOf(ran), ["completed"]);
  });
}

Deno.test("a clock that is set forward while a run works does not make it exceed its timeout", async () => {
  await using stage = await aStage();
  let [offsetMs, isWorking] = [0, false];
  const clock: Clock = { ...stage.clock, now: () => stage.clock.now() + offsetMs };
  const rows = tasks(1).map((task) => ({
    ...task,
    timeoutMs: 1_800_000,
    queueTimeoutMs: 1_800_000,
    onWork: () => void (isWorking = true),
  }));
  const options = { onTimeout: "cancel", deadlineMs: 300_000 } as const;
  const ran = await ranBatch({ ...stage.deps, clock }, rows, options, ({ type }) => {
    if (isWorking && type === "polled") offsetMs = 3_600_000;
  });
  assert.equal(offsetMs, 3_600_000);
  assert.deepEqual(endsOf(ran), ["completed"]);
});

for (
  const [what, jumpMs, when] of [
    ["forward", 3_600_000, "a poll is in flight"],
    ["back", -3_600_000, "a poll is in flight"],
    ["forward", 3_600_000, "the store is asked for requests"],
  ] as const
) {
  Deno.test(`a clock that is set ${what} while ${when} does not make runs exceed their timeout`, async () => {
    await using stage = await aStage();
    let offsetMs = 0;
    const clock: Clock = { ...stage.clock, now: () => stage.clock.now() + offsetMs };
    const isInFlight = when === "a poll is in flight";
    const send: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (isInFlight && String(input).includes("status=running")) offsetMs = jumpMs;
      return response;
    };
    const deps = await depsFor(stage.simulator, { clock, fetch: send });
    const { store } = deps;
    const takeRequests: typeof store.batches.takeRequests = (...request) => {
      offsetMs = jumpMs;
      return store.batches.takeRequests(...request);
    };
    const batches = { ...store.batches, takeRequests };
    const timeoutMs = 1_800_000;
    // More than twenty share a budget.
    const rows = isInFlight ? [aTask("row", {}, { timeoutMs })] : endless(21, { timeoutMs });
    const options = { onTimeout: "cancel", deadlineMs: 1_200_000, control: createBatchControl(21) } as const;
    const ran = await ranBatch({ ...deps, store: { ...store, batches } }, rows, options, endAt(stage, 21, 21));
    assert.equal(offsetMs, jumpMs);
    assert.deepEqual(endsOf(ran), rows.map(() => isInFlight ? "completed" : "cancelled"));
  });
}

Deno.test("rows whose submits are given up during an outage do not end it", async () => {
  await using stage = await aStage({ faults: [{ on: "submit", status: 429, retryAfter: "2", times: 2 }] });
  const { deps, connection } = await breakable(stage);
  const options = { submitTimeoutMs: 60_000, unreachableTimeoutMs: 3 * 60_000, control: createBatchControl(2) };
  const ran = await ranBatch(deps, tasks(3), options, (event) => {
    if (event.type === "run" && event.event.type === "submit-delayed") connection.isDown = true;
  });
  assert.equal(ran.outcome.error?.kind, "unreachable");
  const reported = ran.events.filter(({ type }) => type.startsWith("connection-"));
  assert.deepEqual(reported.map(({ type }) => type), ["connection-lost"]);
});

Deno.test("a run that exceeds its timeout ends as timed out: it continues, or is cancelled and awaited", async () => {
  for (const onTimeout of ["keep", "cancel"] as const) {
    await using stage = await aStage();
    const prepare = () => Promise.resolve(aRequest({ workflow: "never-ending", inputs: {} }));
    const task = { ...aTask("slow", {}, { prepare }), timeoutMs: 3_000 };
    // While it is being cancelled, it is polled a few times.
    const pollInterval = { pollIntervalMs: 500, maxPollIntervalMs: 500 };
    const ran = await ranBatch(stage.deps, [task], { onTimeout, pollInterval, requestsPerMinute: 600 });
    assert.deepEqual(endsOf(ran), ["timeout"]);
    assert.deepEqual(stage.simulator.runs().map(({ status }) => status), [
      onTimeout === "keep" ? "running" : "canceled",
    ]);
  }
});

Deno.test("at its deadline a batch ends, also one that was stopped before", async () => {
  await using stage = await aStage();
  const ran = await ranBatch(
    stage.deps,
    endless(3),
    { control: createBatchControl(1), deadlineMs: 10_000 },
    (event, control) => {
      if (event.type === "run" && event.event.type === "started") control.stop("max-failures", "2 failed");
    },
  );
  assert.deepEqual(endsOf(ran), ["open", "not-submitted", "not-submitted"]);
  assert.equal(ran.outcome.stopped?.reason, "deadline");
});

Deno.test("at its deadline a batch ends, and states what continues", async () => {
  await using stage = await aStage();
  const ran = await ranBatch(stage.deps, endless(8), { deadlineMs: 90_000 });
  assert.equal(ran.outcome.stopped?.reason, "deadline");
  assert.deepEqual([...endsOf(ran)].sort(), [...Array(4).fill("not-submitted"), ...Array(4).fill("open")]);
});

Deno.test("a refused API key ends the batch; what runs continues", async () => {
  await using stage = await aStage();
  const ran = await ranBatch(stage.deps, tasks(8), {}, (event) => {
    if (event.type === "polled") stage.simulator.expireKeys("demo");
  });
  assert.equal(ran.outcome.error?.kind, "credential_refused");
  assert.ok(endsOf(ran).includes("open"));
});

Deno.test("detaching leaves everything running", async () => {
  await using stage = await aStage();
  const detaching = new AbortController();
  const ran = ranBatch(stage.deps, tasks(8), { signal: detaching.signal }, (event) => {
    if (event.type === "polled") detaching.abort(new Error("detached"));
  });
  await assert.rejects(ran, { message: "detached" });
  assert.ok(stage.simulator.runs().length > 0);
  assert.ok(stage.simulator.runs().every(({ status }) => status === "running"));
});

Deno.test("processes that track many runs share a budget of list requests, and others honor a pause", async () => {
  await using stage = await aStage();
  const { deps, clock } = stage;
  const owner = { host: deps.client.host, user: "demo" };
  const take = (count: number, nowMs: number) =>
    deps.store.batches.takeRequests(owner, { count, perMinute: 60, nowMs });
  assert.equal(await take(50, 0), 0);
  assert.equal(await take(10, 0), 0);
  assert.equal(await take(5, 0), 5_000);
  assert.equal(await take(5, 5_000), 0);
  const [pending] = await submittedRuns(deps, 1);
  assert.ok(pending?.state === "active");
  await deps.store.updateCapabilities(owner.host, { pausedUntilMs: clock.now() + 60_000 });
  const reads = stage.simulator.received("get-run").length;
  const [paused] = await advance(deps, [{ ...pending, nextPollAtMs: 0 }], ADVANCE);
  assert.equal(stage.simulator.received("get-run").length, reads);
  assert.ok(paused !== undefined && paused.submission.state === "active");
  assert.ok(paused.submission.nextPollAtMs > clock.now() + 30_000);
});

Deno.test("nothing is concluded from a list with a page that could not be read", async () => {
  await using stage = await aStage();
  const submissions = await submittedRuns(stage.deps, 30);
  stage.simulator.addFaults({ on: "list-runs", status: 502, times: Infinity });
  const reads = stage.simulator.received("get-run").length;
  const results = await advance(stage.deps, submissions.map((one) => ({ ...one, nextPollAtMs: 0 })), ADVANCE);
  assert.ok(results.every(({ submission }) => submission.state === "active"));
  assert.equal(stage.simulator.received("get-run").length - reads, 8);
});

Deno.test("when many runs vanish from the list at once, it is read again before any of them by name", async () => {
  await using stage = await aStage({ behavior: { listLagMs: 0 } });
  const submissions = await submittedRuns(stage.deps, 30);
  stage.simulator.addFaults({ on: "list-runs", body: "wrong-shape" });
  stage.simulator.setBehavior({ listLagMs: 10 * 60_000 });
  const [lists, reads] = [stage.simulator.received("list-runs").length, stage.simulator.received("get-run").length];
  await advance(stage.deps, submissions.map((one) => ({ ...one, nextPollAtMs: 0 })), ADVANCE);
  await advance(stage.deps, submissions.map((one) => ({ ...one, nextPollAtMs: 0 })), ADVANCE);
  assert.equal(stage.simulator.received("list-runs").length - lists, 3);
  assert.equal(stage.simulator.received("get-run").length - reads, 8 + 30);
});

const ADVANCE = {
  ...DEFAULT_EXECUTE,
  pollInterval: { pollIntervalMs: 1_000, maxPollIntervalMs: 15_000 },
  submitted: "yes",
  signal: new AbortController().signal,
} as const;

/** Active, and running on the platform for a while. */
async function submittedRuns(deps: Deps, count: number): Promise<readonly ActiveSubmission[]> {
  const submissions: Submission[] = [];
  for (let index = 0; index < count; index++) {
    submissions.push(await createSubmission(deps, aRequest({ workflow: "never-ending", inputs: {} }), ADVANCE));
  }
  const results = await advance(deps, submissions, ADVANCE);
  return results.flatMap(({ submission }) => submission.state === "active" ? [submission] : []);
}
Deno.test("a task may judge the ends of its attempts itself, and another waits for its judgement", async () => {
  await using stage = await aStage();
  const [first, second] = tasks(2);
  assert.ok(first && second);
  const judged: number[] = [];
  let isDecided = false;
  const judging = {
    ...first,
    retry: { maxRetries: 1, on: "any", delayMs: 1_000 },
    async judge(end: TaskEnd) {
      await stage.clock.sleep(500, {});
      const attempt = end.type === "result" ? end.attempt : 0;
      judged.push(attempt);
      return attempt === 1 ? { cause: "run", error: "wrong energy" } as const : { cause: null, error: null };
    },
    onEnd: (isRetried: boolean) => void (isDecided = !isRetried),
  } as const;
  const ran = await ranBatch(stage.deps, [judging, { ...second, isReady: () => isDecided }]);
  assert.deepEqual(judged, [1, 2]);
  assert.deepEqual(endsOf(ran), ["completed", "completed"]);
  assert.equal(mostAtOnce(ran.events), 1);
  assert.equal(stage.simulator.runs().length, 3);
});

Deno.test("the end of an earlier process is judged again, and nothing is submitted for it", async () => {
  await using stage = await aStage();
  const [task] = tasks(1);
  assert.ok(task);
  await ranBatch(stage.deps, [task]);
  const [attempt] = await stage.deps.store.batches.attempts("sweep-1");
  const last = await stage.deps.store.get(attempt?.submissionId ?? "");
  assert.ok(last);
  const judged: string[] = [];
  const judge = (end: TaskEnd) => {
    judged.push(end.type === "result" ? end.result.kind : end.type);
    return Promise.resolve({ cause: null, error: null });
  };
  const previous = { attempt: 1, last, ended: [{ cause: null, error: null, isRetry: false }] };
  const ran = await ranBatch(stage.deps, [{ ...task, previous, judge }]);
  assert.deepEqual([judged, endsOf(ran), stage.simulator.runs().length], [["completed"], ["completed"], 1]);
});

Deno.test("an error of a judgement ends the batch with it", async () => {
  await using stage = await aStage();
  const judge = () => Promise.reject(new TypeError("judge is broken"));
  await assert.rejects(ranBatch(stage.deps, tasks(3).map((task) => ({ ...task, judge }))), {
    message: "judge is broken",
  });
});

Deno.test("a row whose secrets are not stored is prepared again, also where the network fails at first", async () => {
  await using stage = await aStage();
  const request = aRequest({ workflow: "solve", inputs: { password: "hunter2hunter2" }, secretPaths: ["password"] });
  const last = await createSubmission(stage.deps, request, { ...ADVANCE, isWaiting: true });
  const stored = await stage.deps.store.get(last.submissionId);
  assert.equal(stored?.request.inputs, null);
  let prepared = 0;
  const prepare = () => ++prepared <= 2 ? Promise.reject(new Unreachable("No network")) : Promise.resolve(request);
  assert.ok(stored);
  const previous = { attempt: 1, last: stored, ended: [] };
  const ran = await ranBatch(stage.deps, [{ ...aTask("row", {}, { prepare }), previous }]);
  assert.deepEqual(endsOf(ran), ["completed"]);
  assert.deepEqual(stage.simulator.runs().length, 1);
});

/** Once the run has started, eight polls fail, ten seconds apart. */
async function ranInOutage(
  { deps, simulator }: Pick<Awaited<ReturnType<typeof aStage>>, "deps" | "simulator">,
  task: BatchTask,
  onTimeout: "keep" | "cancel",
) {
  let hasStarted = false;
  const pollInterval = { pollIntervalMs: 10_000, maxPollIntervalMs: 10_000 };
  return await ranBatch(deps, [task], { onTimeout, pollInterval }, (event) => {
    if (event.type !== "run" || event.event.type !== "started" || hasStarted) return;
    hasStarted = true;
    simulator.addFaults({ on: "get-run", status: 502, times: 8 });
  });
}

Deno.test("a run that left the queue while the server could not be reached has not waited for too long", async () => {
  const scenario = { queue: { lasts: "40s" }, "main/solve": { lasts: "5m" } };
  await using stage = await aStage({ workflows: { queued: { yaml: SOLVE.yaml, scenario } } });
  const prepare = () => Promise.resolve(aRequest({ workflow: "queued", inputs: {} }));
  const task = { ...aTask("row", {}, { prepare }), queueTimeoutMs: 60_000, timeoutMs: 10 * 60_000 };
  const ran = await ranInOutage(stage, task, "cancel");
  assert.deepEqual(endsOf(ran), ["completed"]);
  assert.equal(stage.simulator.received("cancel-run").length, 0);
  const [first, ...polls] = stage.simulator.received("get-run").slice(0, 9).map(({ atMs }) => atMs);
  assert.ok((polls.at(-1) ?? 0) - (first ?? 0) > 60_000, "the outage was longer than the limit");
});

Deno.test("a run that ended in time while the server could not be reached has not timed out", async () => {
  await using stage = await aStage();
  const task = { ...aTask("row"), timeoutMs: 60_000 };
  const ran = await ranInOutage(stage, task, "keep");
  assert.deepEqual(endsOf(ran), ["completed"]);
});
