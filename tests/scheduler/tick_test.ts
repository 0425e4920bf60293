import assert from "node:assert/strict";
import { defineSchedules } from "../../lib/scheduler/define.ts";
import { DEFAULT_TICK, tick } from "../../lib/scheduler/tick.ts";
import type { Client } from "../../lib/platform/client.ts";
import { advance } from "../../lib/runs/advance.ts";
import type { Clock } from "../../lib/clock.ts";
import { StorageError, Unavailable } from "../../lib/errors.ts";
import type { StoreBackend } from "../../lib/store/backend.ts";
import type { RunStore } from "../../lib/store/run_store.ts";
import { MAX_QUEUE_LENGTH } from "../../lib/scheduler/occurrences.ts";
import type { ScheduleSpec } from "../../lib/scheduler/schedule.ts";
import {
  acquireTickLock,
  addWaitingOccurrence,
  listDueMessages,
  listServiceProblems,
  listWaitingOccurrences,
  readTickLog,
  readTickState,
  recordIdleTick,
  waitingKey,
} from "../../lib/scheduler/scheduler_store.ts";
import { occurrenceEndOf } from "../../lib/scheduler/report_occurrences.ts";
import { DENO_KV_LIMITS } from "../../lib/store/deno_kv.ts";
import { memoryBackend } from "../../lib/store/memory_kv.ts";
import { anActiveSubmission } from "../support/records.ts";
import { aServiceStage, lasting, type ServiceStage } from "../support/service.ts";
import { advanceOptions, type Service } from "../../lib/scheduler/service.ts";
import { createKv } from "../../lib/store/kv.ts";
import { aLife, mortal } from "./support/mortal.ts";

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 5, 9);
const EVERY: ScheduleSpec = { name: "every", cron: "*/10 * * * *", workflow: "short" };

interface TickTest {
  readonly stage: ServiceStage;
  readonly service: Service;
  /** Ticks at each of these minutes after the start. */
  tickAt(...minutes: readonly number[]): Promise<void>;
}

function tickTest(
  name: string,
  { specs = [EVERY], ...options }: Parameters<typeof aServiceStage>[1] & { readonly specs?: readonly ScheduleSpec[] },
  act: (test: TickTest) => Promise<void>,
): void {
  Deno.test(name, async () => {
    await using stage = await aServiceStage(specs, {
      startMs: START_MS,
      workflows: { short: lasting(30), long: lasting(3_600) },
      ...options,
    });
    const service = await stage.isolate();
    await act({
      stage,
      service,
      async tickAt(...minutes) {
        for (const minute of minutes) {
          stage.clock.advance(Math.max(0, START_MS + minute * MINUTE_MS - stage.clock.now()));
          // The schedules are new at the start, and begin with their next occurrence.
          await tick(service, { ...DEFAULT_TICK, isScheduled: minute > 0 });
        }
      },
    });
  });
}

/** The status or state of each occurrence, earliest first. */
async function statusesOf({ deps, kv }: Service, schedule = "every"): Promise<readonly string[]> {
  const waiting = (await listWaitingOccurrences(kv)).filter((occurrence) => occurrence.schedule === schedule);
  const submissions = await deps.store.listOfSchedule(schedule, 2_000);
  return [
    ...submissions.map((submission) => {
      const { submissionId: id, origin } = submission;
      const isCanceling = submission.state === "active" && submission.run.platformStatus === "canceling";
      const scheduledAtMs = origin.type === "schedule" ? origin.scheduledAtMs : NaN;
      return { id, scheduledAtMs, status: occurrenceEndOf(submission)?.status ?? (isCanceling ? "canceling" : "open") };
    }),
    ...waiting.map((occurrence) => ({ ...occurrence, status: "waiting" })),
  ].sort((one, other) => one.scheduledAtMs - other.scheduledAtMs).map(({ status }) => status);
}

async function countOf(service: Service, status: string, schedule = "every"): Promise<number> {
  return (await statusesOf(service, schedule)).filter((each) => each === status).length;
}

async function problemsOf({ kv }: Service, kind: string): Promise<readonly string[]> {
  return (await listServiceProblems(kv, 2_000)).filter((problem) => problem.kind === kind).map(({ occurrenceId }) =>
    occurrenceId
  );
}

tickTest("a new schedule starts with its next occurrence", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 1, 9);
  assert.equal(stage.simulator.runs().length, 0);
  await tickAt(10, 11);
  assert.deepEqual(await statusesOf(service), ["completed"]);
});

tickTest("a new schedule's first occurrence is not lost when its first tick comes at that minute", {}, async (test) => {
  const { stage, service } = test;
  stage.clock.advance(10 * MINUTE_MS + 300);
  assert.equal((await tick(service)).submitted, 1);
  await tick(service);
  assert.deepEqual(await statusesOf(service), ["open"]);
});

tickTest("a tick with nothing due sends no request to the platform", {}, async ({ stage, tickAt }) => {
  await tickAt(0, 1, 2, 3);
  assert.deepEqual(stage.simulator.received(), []);
});

tickTest("a tick with nothing due writes once, and sets no timer", {}, async ({ stage, tickAt }) => {
  await tickAt(0, 10, 11, 12);
  let writes = 0;
  const write: StoreBackend["write"] = (change) => {
    writes++;
    return stage.backend.write(change);
  };
  const { deps, ...isolate } = await stage.isolate({ kv: createKv({ ...stage.backend, write }) });
  const clock: Clock = {
    ...deps.clock,
    now: () => deps.clock.now(),
    timeout: () => assert.fail("the first timer takes about 5 ms"),
  };
  stage.clock.advance(MINUTE_MS);
  await tick({ ...isolate, deps: { ...deps, clock } });
  assert.equal(writes, 1);
  assert.equal((await readTickLog(isolate.kv))?.startedMs, stage.clock.now());
});

tickTest("a clock that was weeks ahead, and is set back, holds up neither the lock, nor runs, nor schedules", {
  specs: [{ ...EVERY, workflow: "long" }],
}, async ({ stage, service: { deps, ...service }, tickAt }) => {
  await tickAt(0);
  let aheadMs = 40 * 24 * 60 * MINUTE_MS;
  const clock: Clock = { ...deps.clock, now: () => stage.clock.now() + aheadMs };
  const machine = { ...service, deps: { ...deps, clock } };
  stage.clock.advance(10 * MINUTE_MS);
  assert.equal((await tick(machine)).submitted, 1);
  // Another process of this machine dies in its tick.
  await acquireTickLock(service.kv, await readTickState(service.kv), clock.now() + 50_000);
  aheadMs = 0;
  stage.simulator.cancelExternally(stage.simulator.runs()[0]?.slug ?? "");
  stage.clock.advance(MINUTE_MS);
  assert.equal((await tick(machine)).polled, 1);
  assert.deepEqual((await statusesOf(machine)).slice(-1), ["cancelled"]);
  stage.clock.advance(9 * MINUTE_MS);
  assert.equal((await tick(machine)).submitted, 1);
  assert.equal(stage.simulator.runs().length, 2);
});

for (const [what, aheadMs] of [["an hour", 60 * MINUTE_MS], ["ten minutes", 10 * MINUTE_MS]] as const) {
  tickTest(`a clock that was ${what} ahead, and is set back, does not keep a run from being polled`, {
    specs: [{ ...EVERY, workflow: "long" }],
  }, async ({ stage, service: { deps, ...service }, tickAt }) => {
    await tickAt(0);
    let offsetMs: number = aheadMs;
    const clock: Clock = { ...deps.clock, now: () => stage.clock.now() + offsetMs };
    const machine = { ...service, deps: { ...deps, clock } };
    stage.clock.advance(10 * MINUTE_MS);
    await tick(machine);
    stage.simulator.cancelExternally(stage.simulator.runs()[0]?.slug ?? "");
    offsetMs = 0;
    stage.clock.advance(MINUTE_MS);
    await tick(machine);
    assert.deepEqual((await statusesOf(machine)).slice(-1), ["cancelled"]);
  });
}

tickTest(
  "an occurrence that ran, and then counts as missed because the clock was set back, does not wait forever",
  {},
  async (test) => {
    const { service, tickAt } = test;
    await tickAt(0, 10, 11);
    const [ran] = await service.deps.store.listOfSchedule("every", 1);
    const scheduledAtMs = START_MS + 10 * MINUTE_MS;
    const missed = { id: ran?.submissionId ?? "", schedule: "every", scheduledAtMs, missed: "No tick came in time" };
    await service.kv.atomic().set(waitingKey(missed), missed).commit();
    await tickAt(12);
    assert.deepEqual(await statusesOf(service), ["completed"]);
  },
);

tickTest("missed ticks are counted", {}, async ({ service, tickAt }) => {
  await tickAt(0, 1, 2, 7);
  assert.equal((await readTickLog(service.kv))?.missed, 4);
});

tickTest("missed occurrences are reported, and the last one is backfilled", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 46, 47);
  assert.deepEqual(await statusesOf(service), ["missed", "missed", "missed", "completed"]);
  assert.deepEqual((await problemsOf(service, "missed")).toSorted(), [
    "every@2026-01-05T09:10Z",
    "every@2026-01-05T09:20Z",
    "every@2026-01-05T09:30Z",
  ]);
  assert.equal(stage.simulator.runs().length, 1);
});

tickTest("after an outage of days, every missed occurrence is reported and the schedule continues", {
  specs: [{
    ...EVERY,
    cron: "*/5 * * * *",
    notify: [{ url: "https://example.com/a" }, { url: "https://example.com/b" }],
  }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(3 * 24 * 60 * MINUTE_MS);
  await tick({ ...service, fetch: () => Promise.resolve(new Response(null, { status: 503 })) });
  // At most 500 are handled, and the last two of them are on time.
  assert.equal(new Set(await problemsOf(service, "missed")).size, 498);
  assert.equal((await listDueMessages(service.kv, stage.clock.now() + 10 * MINUTE_MS, 2_000)).length, 2 * 498);
  assert.equal(stage.simulator.runs().length, 1);
});

tickTest("after a tick that dies while reporting a long outage, the next one finds the remaining occurrences", {
  specs: [{ ...EVERY, cron: "*/5 * * * *", backfill: { all: 20 }, overlap: "allow" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(24 * 60 * MINUTE_MS);
  let writes = 0;
  const write: StoreBackend["write"] = (change) =>
    ++writes > 2 ? Promise.reject(new Error("killed")) : stage.backend.write(change);
  await assert.rejects(tick(await stage.isolate({ kv: createKv({ ...stage.backend, write }) })), /killed/);
  // One change acquires the lock, and the next stores the first step.
  assert.equal((await listWaitingOccurrences(service.kv)).length, 200);
  stage.clock.advance(MINUTE_MS);
  await tick(service);
  // One is on time, and twenty are backfilled.
  assert.equal(new Set(await problemsOf(service, "missed")).size, 24 * 12 - 21);
  assert.equal(await countOf(service, "missed"), 24 * 12 - 21);
  assert.equal(stage.simulator.runs().length, 21);
});

tickTest("a run past its deadline is reported, and cancelled with onDeadline: cancel", {
  specs: [{
    ...EVERY,
    workflow: "long",
    deadline: "5m",
    onDeadline: "cancel",
    notify: [{ url: "https://example.com/a", on: ["submitted", "cancelled", "deadline"] }],
  }],
}, async ({ stage, service, tickAt }) => {
  const kinds: unknown[] = [];
  const fetch: Service["fetch"] = async (_url, init) => {
    kinds.push((await new Response(init?.body).json()).type);
    return new Response();
  };
  await tickAt(0);
  for (const minutes of [10, 1, 5, 1, 1, 1]) {
    stage.clock.advance(minutes * MINUTE_MS);
    await tick({ ...service, fetch });
  }
  assert.deepEqual(await statusesOf(service), ["cancelled"]);
  assert.equal(stage.simulator.received("cancel-run").length, 1);
  assert.deepEqual(kinds, ["run.submitted", "run.deadline", "run.cancelled"]);
});

tickTest("a run past its deadline is reported and continues by default", {
  specs: [{ ...EVERY, workflow: "long", deadline: "5m" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 16, 17, 18);
  assert.deepEqual(await statusesOf(service), ["open"]);
  assert.equal(stage.simulator.received("cancel-run").length, 0);
  assert.deepEqual(await problemsOf(service, "deadline"), ["every@2026-01-05T09:10Z"]);
});

tickTest("while the server answers 404 to everything, an occurrence waits", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  for (const on of ["get-workflow", "list-workflows", "list-runs"] as const) {
    stage.simulator.addFaults({ on, status: 404 });
  }
  await tickAt(20);
  assert.deepEqual(await statusesOf(service), ["completed", "waiting"]);
  await tickAt(21);
  assert.deepEqual(await statusesOf(service), ["completed", "open"]);
});

tickTest("invalid inputs finish the occurrence as failed, with the reason", {
  specs: [{ ...EVERY, workflow: "hello-world", inputs: { hello: { message: 7 } } }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  assert.deepEqual(await statusesOf(service), ["failed"]);
  const [submission] = await service.deps.store.listOfSchedule("every", 1);
  assert.match(submission?.state === "rejected" ? submission.message : "", /Cannot run hello-world: .*hello\.message/);
  assert.equal(stage.simulator.received("submit").length, 0);
});

const GUARDED = {
  ...lasting(30),
  yaml: `on:\n  execute:\n    inputs:\n      password: { type: password }\n${lasting(30).yaml}`,
};
const WITH_SECRET = { ...EVERY, workflow: "guarded", inputs: { password: "hunter2hunter2" } };

for (
  const [what, fault] of [
    ["the platform does not take at first", { on: "submit", status: 503, times: 2 }],
    ["whose first request does not arrive", { on: "submit", cut: "before-effect" }],
  ] as const
) {
  tickTest(`an occurrence ${what} is sent by a later tick, also with secrets, which are not stored`, {
    specs: [WITH_SECRET],
    workflows: { guarded: GUARDED },
  }, async ({ stage, service, tickAt }) => {
    const capabilities = { keepsSlug: true, refusesDuplicateSlug: true };
    await service.deps.store.updateCapabilities(service.deps.client.host, capabilities);
    await tickAt(0);
    stage.simulator.addFaults(fault);
    await tickAt(10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
    assert.deepEqual(await statusesOf(service), ["completed"]);
    assert.equal(stage.simulator.runs().length, 1);
  });
}

tickTest("an occurrence with secrets whose workflow gets no response delays the poll of no other run", {
  specs: [{ ...WITH_SECRET, cron: "20 * * * *" }, { ...EVERY, name: "long", cron: "10 * * * *", workflow: "long" }],
  workflows: { guarded: GUARDED, long: lasting(3_600) },
  isHeld: true,
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 11);
  stage.simulator.addFaults({ on: "submit", status: 401 });
  await tickAt(20);
  const { client } = service.deps;
  const getWorkflow: Client["getWorkflow"] = async (_name, { signal } = {}) => {
    await stage.clock.sleep(MINUTE_MS, { signal });
    throw new Error("the tick has ended");
  };
  stage.simulator.cancelExternally(stage.simulator.runs()[0]?.slug ?? "");
  stage.clock.advance(MINUTE_MS);
  await tick({ ...service, deps: { ...service.deps, client: { ...client, getWorkflow } } });
  assert.deepEqual([await statusesOf(service, "long"), await statusesOf(service)], [["cancelled"], ["open"]]);
});

tickTest("an occurrence with secrets that its schedule does not have any more waits for one that has, for an hour", {
  specs: [WITH_SECRET],
  workflows: { guarded: GUARDED },
}, async ({ stage, service, tickAt }) => {
  // A refused key can't have started a run.
  stage.simulator.addFaults({ on: "submit", status: 401 });
  await tickAt(0, 10);
  const [other] = defineSchedules([{ ...WITH_SECRET, overlap: "allow", inputs: { password: "another password" } }]);
  assert.ok(other !== undefined);
  for (const [schedules, minutes, want] of [[[], 1, "open"], [[other], 57, "open"], [[other], 3, "failed"]] as const) {
    stage.clock.advance(minutes * MINUTE_MS);
    await tick({ ...service, schedules });
    const { status, message } = (await service.deps.store.get("every@2026-01-05T09:10Z").then((one) => {
      return one && occurrenceEndOf(one);
    })) ?? { status: "open", message: "" };
    assert.equal(status, want);
    if (want === "failed") assert.match(message ?? "", /its inputs contained secrets, which are not stored/);
  }
});

tickTest("a missing workflow fails the occurrence, and the next occurrence tries again", {
  specs: [{ ...EVERY, workflow: "no-such-workflow" }],
}, async ({ service, tickAt }) => {
  await tickAt(0, 10, 20);
  assert.deepEqual(await statusesOf(service), ["failed", "failed"]);
});

tickTest(
  "a temporarily unavailable platform delays an occurrence, and loses none",
  {},
  async ({ stage, service, tickAt }) => {
    await tickAt(0);
    stage.simulator.addFaults({ on: "get-workflow", status: 503, times: 8 });
    await tickAt(10);
    assert.deepEqual(await statusesOf(service), ["waiting"]);
    await tickAt(11, 12, 13, 14);
    assert.deepEqual(await statusesOf(service), ["completed"]);
  },
);

tickTest(
  "a key that is refused for less than an hour delays an occurrence, and loses none; after an hour it has failed",
  {},
  async ({ stage, service, tickAt }) => {
    await tickAt(0);
    stage.simulator.addFaults({ on: "get-workflow", status: 401, times: 2 });
    await tickAt(10);
    assert.match((await readTickLog(service.kv))?.error ?? "", /^The only due occurrence was not submitted: .*401/);
    await tickAt(11, 12, 13);
    assert.deepEqual(await statusesOf(service), ["completed"]);
    stage.simulator.expireKeys("demo");
    await tickAt(20, 21, 79);
    assert.deepEqual((await statusesOf(service)).slice(0, 2), ["completed", "waiting"]);
    await tickAt(80);
    assert.deepEqual((await statusesOf(service)).slice(0, 2), ["completed", "failed"]);
    assert.equal(stage.simulator.received("submit").length, 1);
  },
);

tickTest("a backfilled occurrence from hours ago is tried for an hour, too", {
  specs: [{ ...EVERY, cron: "10 9 * * *" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.simulator.addFaults({ on: "get-workflow", status: 503, times: 8 });
  await tickAt(190);
  assert.deepEqual(await statusesOf(service), ["waiting"]);
  await tickAt(191, 192, 193, 194);
  assert.deepEqual(await statusesOf(service), ["completed"]);
});

tickTest("a backfilled occurrence from hours ago fails after an hour of faults", {
  specs: [{ ...EVERY, cron: "10 9 * * *" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.simulator.addFaults({ on: "get-workflow", status: 401, times: Infinity });
  await tickAt(190, 191, 249);
  assert.deepEqual(await statusesOf(service), ["waiting"]);
  await tickAt(250);
  assert.deepEqual(await statusesOf(service), ["failed"]);
  assert.equal(stage.simulator.received("submit").length, 0);
});

tickTest("a backfilled occurrence waits until the platform shows whether the run before it is open", {
  specs: [{ ...EVERY, cron: "10,20 9 * * *" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  stage.simulator.addFaults({ on: "list-runs", status: 503, times: 2 }, { on: "get-run", status: 503, times: 2 });
  await tickAt(190);
  assert.deepEqual(await statusesOf(service), ["open", "waiting"]);
  await tickAt(191, 192, 193, 194, 195, 196);
  assert.deepEqual(await statusesOf(service), ["completed", "completed"]);
});

tickTest("an occurrence waits while the platform asks not to be polled for the run before it", {
  specs: [{ ...EVERY, cron: "10,20 9 * * *" }],
  workflows: { short: lasting(9 * 60 + 30) },
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  const busy = { status: 429, retryAfter: "150" } as const;
  stage.simulator.addFaults({ on: "list-runs", ...busy }, { on: "get-run", ...busy });
  await tickAt(19);
  // The run has ended meanwhile.
  await tickAt(20);
  assert.deepEqual(await statusesOf(service), ["open", "waiting"]);
  await tickAt(22, 32);
  assert.deepEqual(await statusesOf(service), ["completed", "completed"]);
});

tickTest("a backfilled occurrence does not wait for the platform for longer than an hour", {
  specs: [{ ...EVERY, cron: "10,20 9 * * *" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  const forever = { status: 503, times: Infinity } as const;
  stage.simulator.addFaults({ on: "list-runs", ...forever }, { on: "get-run", ...forever });
  await tickAt(190, 249);
  assert.deepEqual(await statusesOf(service), ["open", "waiting"]);
  await tickAt(250);
  assert.deepEqual(await statusesOf(service), ["open", "skipped"]);
});

tickTest("an occurrence that was queued for hours is tried for an hour, too", {
  specs: [{ ...EVERY, cron: "10,20 9 * * *", workflow: "long", overlap: "queue" }],
  workflows: { long: lasting(2 * 3_600) },
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 11, 20, 129);
  assert.deepEqual(await statusesOf(service), ["open", "waiting"]);
  stage.simulator.addFaults({ on: "get-workflow", status: 503, times: 8 });
  await tickAt(131, 132);
  assert.deepEqual(await statusesOf(service), ["completed", "waiting"]);
  await tickAt(133, 134, 135, 136);
  assert.deepEqual(await statusesOf(service), ["completed", "open"]);
});

tickTest("a fault from before an occurrence was queued does not count after it", {
  specs: [{ ...EVERY, cron: "50 23 * * *", workflow: "long", overlap: "queue" }],
  workflows: { long: lasting(2 * 3_600) },
}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  const occurrence = (minute: number) => ({
    id: `every@${minute}`,
    schedule: "every",
    scheduledAtMs: START_MS + minute * MINUTE_MS,
  });
  await addWaitingOccurrence(service.kv, occurrence(1));
  stage.simulator.addFaults({ on: "get-workflow", status: 503, times: 4 });
  await tickAt(1);
  // Its jitter ends later.
  await addWaitingOccurrence(service.kv, occurrence(0));
  await tickAt(2, 3, 4, 5, 6);
  assert.deepEqual(await statusesOf(service), ["open", "waiting"]);
  stage.simulator.addFaults({ on: "get-workflow", status: 503, times: 4 });
  await tickAt(130);
  assert.deepEqual(await statusesOf(service), ["completed", "waiting"]);
  await tickAt(131, 132, 133);
  assert.deepEqual(await statusesOf(service), ["completed", "open"]);
});

for (
  const [what, minutes, want] of [
    ["for less than an hour delays it", [11, 12, 13], ["completed"]],
    ["for an hour fails it", [40, 69, 71, 72], ["failed"]],
  ] as const
) {
  tickTest(`a key that only the submit of an occurrence is refused with ${what}`, {
    specs: [{ ...EVERY, cron: "10 * * * *" }],
  }, async ({ stage, service, tickAt }) => {
    await tickAt(0);
    stage.simulator.addFaults({ on: "submit", status: 401, times: what.includes("less") ? 2 : Infinity });
    await tickAt(10);
    assert.match((await readTickLog(service.kv))?.error ?? "", /^The only due occurrence was not submitted: .*401/);
    assert.deepEqual(await statusesOf(service), ["open"]);
    await tickAt(...minutes);
    assert.deepEqual((await statusesOf(service)).slice(0, 1), want);
    assert.equal(stage.simulator.runs().length, want[0] === "completed" ? 1 : 0);
  });
}

tickTest("a temporary store failure delays an occurrence, and loses none", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(10 * MINUTE_MS);
  const { store } = service.deps;
  const failing: RunStore = {
    ...store,
    put: () => Promise.reject(new StorageError("Cannot use the store: it is unavailable")),
  };
  await tick({ ...service, deps: { ...service.deps, store: failing } });
  assert.deepEqual(await statusesOf(service), ["waiting"]);
  await tickAt(11, 12);
  assert.deepEqual(await statusesOf(service), ["completed"]);
  assert.equal(stage.simulator.received("submit").length, 1);
});

tickTest("a queue grows to its limit, and later occurrences are skipped and reported", {
  specs: [{ ...EVERY, cron: "* * * * *", workflow: "long", overlap: "queue" }],
  workflows: { long: lasting(100 * 3_600) },
}, async ({ service, tickAt }) => {
  await tickAt(...Array.from({ length: 31 }, (_, minute) => minute));
  const states = await statusesOf(service);
  assert.deepEqual([states.filter((state) => state === "waiting").length, states.length], [MAX_QUEUE_LENGTH, 30]);
  assert.equal((await problemsOf(service, "skipped")).length, 30 - MAX_QUEUE_LENGTH - 1);
});

for (const [what, seconds, want] of [["has ended", 30, "open"], ["continues", 3_600, "skipped"]] as const) {
  tickTest(
    `a run that a dying tick submitted and that ${what}: the next occurrence is ${want}`,
    { specs: [{ ...EVERY, cron: "* * * * *" }], workflows: { short: lasting(seconds) } },
    async ({ stage, service, tickAt }) => {
      await tickAt(0);
      stage.clock.advance(MINUTE_MS);
      await assert.rejects(tick(await mortal(stage, aLife({ end: "submit", isApplied: true }))), /killed/);
      assert.equal(stage.simulator.runs().length, 1);
      await tickAt(2);
      assert.deepEqual(await statusesOf(service), [want === "open" ? "completed" : "open", want]);
    },
  );
}

tickTest("while a run that may have been submitted is searched for, the next occurrence waits", {
  specs: [{ ...EVERY, cron: "* * * * *" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.simulator.addFaults({ on: "submit", cut: "before-effect" });
  await tickAt(1, 2);
  assert.deepEqual(await statusesOf(service), ["open", "waiting"]);
});

tickTest(
  "an occurrence whose submission a dying tick stored is not skipped: its run starts, and is cancelled for the next one",
  {
    specs: [{ ...EVERY, cron: "* * * * *", workflow: "long", overlap: "cancel-previous" }],
  },
  async ({ stage, service, tickAt }) => {
    await tickAt(0);
    stage.clock.advance(MINUTE_MS);
    const { store } = service.deps;
    const dying: RunStore = {
      ...store,
      async put(submission, also) {
        await store.put(submission, also);
        throw new Error("killed");
      },
    };
    await assert.rejects(tick({ ...service, deps: { ...service.deps, store: dying } }), /killed/);
    await tickAt(2);
    assert.equal(stage.simulator.runs().length, 2);
    await tickAt(2.5);
    assert.deepEqual(await statusesOf(service), ["cancelled", "open"]);
  },
);

tickTest("after a lost response, the next ticks find the run, and nothing is sent twice", {
  faults: [{ on: "submit", cut: "after-effect" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 11, 12);
  assert.deepEqual(await statusesOf(service), ["completed"]);
  assert.equal(stage.simulator.received("submit").length, 1);
});

tickTest("a submission whose run is never found is reported, and later ticks send no request for it", {
  faults: [{ on: "submit", cut: "before-effect" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 1);
  await addWaitingOccurrence(service.kv, { id: "every@once", schedule: "every", scheduledAtMs: stage.clock.now() });
  await tickAt(2, 3, 4, 5, 6, 7);
  assert.deepEqual(await statusesOf(service), ["unknown"]);
  const before = stage.simulator.received().length;
  await tickAt(8, 9);
  assert.equal(stage.simulator.received().length, before);
});

const MISSING: ScheduleSpec = { ...EVERY, notify: [{ url: "https://example.com/a", on: ["missed"] }] };

tickTest("an unavailable platform does not prevent notifications", { specs: [MISSING] }, async ({ stage, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(46 * MINUTE_MS);
  stage.simulator.addFaults({ on: "auth-session", status: 503, times: 1_000 });
  let sent = 0;
  const fresh = await stage.isolate({ fetch: () => Promise.resolve(new Response(null, { status: 200 + 4 * ++sent })) });
  await assert.rejects(tick(fresh), Unavailable);
  assert.equal(sent, 3);
  assert.match((await readTickLog(fresh.kv))?.error ?? "", /identify the key's user/);
});

tickTest("an unresponsive platform does not prevent notifications", { specs: [MISSING] }, async (test) => {
  const { stage, service, tickAt } = test;
  await tickAt(0);
  stage.clock.advance(46 * MINUTE_MS);
  let sent = 0;
  const report = await tick({
    ...service,
    fetch: () => Promise.resolve(new Response(null, { status: 200 + 4 * ++sent })),
    deps: {
      ...service.deps,
      client: {
        ...service.deps.client,
        whoAmI: ({ signal } = {}) =>
          new Promise((_, reject) => {
            signal?.addEventListener("abort", () => reject(signal?.reason));
            stage.clock.advance(20_000);
          }),
      },
    },
  });
  assert.deepEqual([sent, report.delivered, report.isCutShort], [3, 3, true]);
});

for (
  const [what, error] of [
    ["a bug", new TypeError("a bug")],
    ["a store that fails", new StorageError("Cannot use the store: it is unavailable")],
  ] as const
) {
  tickTest(`${what} fails the tick, also after its budget is spent`, {}, async ({ stage, service, tickAt }) => {
    await tickAt(0, 10);
    let reads = 0;
    const store: RunStore = {
      ...service.deps.store,
      listUnreported(limit) {
        if (++reads === 1) return service.deps.store.listUnreported(limit);
        stage.clock.advance(26_000);
        return Promise.reject(error);
      },
    };
    await assert.rejects(tick({ ...service, deps: { ...service.deps, store } }), error);
    assert.equal((await readTickLog(service.kv))?.error, error.message);
  });
}

tickTest("a bug in a request fails the tick, also after the time for requests is over", {}, async (test) => {
  const { stage, service, tickAt } = test;
  await tickAt(0);
  stage.clock.advance(10 * MINUTE_MS);
  const whoAmI: Client["whoAmI"] = () => {
    stage.clock.advance(20_000);
    return Promise.reject(new TypeError("a bug"));
  };
  const client = { ...service.deps.client, whoAmI };
  await assert.rejects(tick({ ...service, deps: { ...service.deps, client } }), /a bug/);
});

tickTest("a tick that finds nothing to do keeps the error of the last one that worked", {}, async (test) => {
  const { stage, service, tickAt } = test;
  await tickAt(0);
  stage.clock.advance(10 * MINUTE_MS);
  const error = "Cannot identify the key's user: the platform is unavailable";
  const whoAmI: Client["whoAmI"] = () => Promise.reject(new Unavailable(error, { status: 503 }));
  const deps = { ...service.deps, client: { ...service.deps.client, whoAmI } };
  await assert.rejects(tick({ ...service, deps }), Unavailable);
  // Nothing waits any more, and nothing is due.
  for (const { id, schedule } of await listWaitingOccurrences(service.kv)) {
    await service.kv.atomic().delete(["waiting", schedule, id]).commit();
  }
  await tickAt(12, 13);
  assert.equal((await readTickLog(service.kv))?.error, error);
  await tickAt(20);
  assert.equal((await readTickLog(service.kv))?.error, null);
});

tickTest("a tick of which every occurrence is rejected has failed, and each is logged", {
  specs: [{ ...EVERY, workflow: "no-such-workflow" }, { ...EVERY, name: "other", workflow: "none-either" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(10 * MINUTE_MS);
  const lines: string[] = [];
  const log = (_level: string, message: string) => void lines.push(message);
  const { failure } = await tick({ ...service, deps: { ...service.deps, log } });
  assert.match(failure ?? "", /^None of 2 due occurrences was submitted: every@\S+: Cannot .*no-such-workflow/);
  assert.equal((await readTickLog(service.kv))?.error, failure);
  for (const name of ["every", "other"]) {
    assert.ok(lines.some((line) => line.startsWith(`${name}@2026-01-05T09:10Z failed: `)), lines.join("\n"));
  }
});

tickTest(
  "a tick that leaves all it should submit waiting has failed, and the next one that submits has not",
  {},
  async (test) => {
    const { stage, service, tickAt } = test;
    await tickAt(0);
    stage.simulator.addFaults({ on: "get-workflow", status: 503, times: 8 });
    await tickAt(10);
    assert.match((await readTickLog(service.kv))?.error ?? "", /^The only due occurrence was not submitted: every@/);
    await tickAt(11, 12, 13, 14);
    assert.deepEqual([await statusesOf(service), (await readTickLog(service.kv))?.error], [["completed"], null]);
  },
);

tickTest("a tick that submits some of what is due has not failed", {
  specs: [EVERY, { ...EVERY, name: "other", workflow: "no-such-workflow" }],
}, async ({ service, tickAt }) => {
  await tickAt(0, 10);
  assert.deepEqual(await statusesOf(service, "other"), ["failed"]);
  assert.equal((await readTickLog(service.kv))?.error, null);
});

tickTest("a submit that the platform rejects has failed, one without a response has not", {
  specs: [EVERY, { ...EVERY, name: "other", cron: "20 * * * *" }],
  faults: [{ on: "submit", status: 422 }, { on: "submit", cut: "after-effect" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  assert.match((await readTickLog(service.kv))?.error ?? "", /^The only due occurrence was not submitted: every@/);
  stage.clock.advance(10 * MINUTE_MS);
  await tick({ ...service, schedules: service.schedules.slice(1) });
  assert.equal((await readTickLog(service.kv))?.error, null);
});

tickTest("an error of any length is logged, and the lock is released", {
  backend: { ...memoryBackend(), limits: DENO_KV_LIMITS },
}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(10 * MINUTE_MS);
  const whoAmI: Client["whoAmI"] = () => Promise.reject(new TypeError("x".repeat(20_000)));
  const deps = { ...service.deps, client: { ...service.deps.client, whoAmI } };
  await assert.rejects(tick({ ...service, deps }), TypeError);
  assert.equal((await readTickLog(service.kv))?.error, `${"x".repeat(500)}…`);
  assert.ok((await readTickState(service.kv)).lockedUntilMs <= stage.clock.now());
});

const HANGING: ScheduleSpec = { ...EVERY, name: "hanging", workflow: "long" };

tickTest("a workflow without a response delays no other, and its occurrence fails after an hour", {
  specs: [HANGING, { ...EVERY, overlap: "allow" }],
}, async ({ stage, service, tickAt }) => {
  const { client } = service.deps;
  const hangOn = <T>(name: string, signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> => {
    if (name !== "long") return act();
    return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal?.reason)));
  };
  const hangingService: Service = {
    ...service,
    deps: {
      ...service.deps,
      client: {
        ...client,
        getWorkflow: (name, options) => hangOn(name, options?.signal, () => client.getWorkflow(name, options)),
        getWorkflowYaml: (name, options) => hangOn(name, options?.signal, () => client.getWorkflowYaml(name, options)),
        async submit(...args) {
          const response = await client.submit(...args);
          // The budget is spent once the other workflow is submitted.
          stage.clock.advance(20_000);
          return response;
        },
      },
    },
  };
  await tickAt(0);
  stage.clock.advance(10 * MINUTE_MS);
  assert.equal((await tick(hangingService)).isCutShort, true);
  assert.deepEqual([await statusesOf(service), await statusesOf(service, "hanging")], [["open"], ["waiting"]]);
  stage.clock.advance(60 * MINUTE_MS);
  await tick(hangingService);
  assert.equal((await statusesOf(service, "hanging"))[0], "failed");
});

tickTest("a tick reports how many runs it submitted, across workflows", {
  specs: [EVERY, { ...EVERY, name: "other", workflow: "long" }, { ...EVERY, name: "third", workflow: "quick" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(10 * MINUTE_MS);
  assert.equal((await tick(service)).submitted, 3);
  assert.equal(stage.simulator.runs().length, 3);
});

tickTest(
  "an occurrence of an unknown schedule waits for a revision that contains it",
  { specs: [EVERY] },
  async (test) => {
    const { stage, service, tickAt } = test;
    await tickAt(0);
    // From hours ago: its jitter has ended now, it is backfilled, or it was queued.
    const occurrence = { id: "other@a", schedule: "other", scheduledAtMs: stage.clock.now() - 120 * MINUTE_MS };
    await addWaitingOccurrence(service.kv, occurrence);
    await tickAt(1, 10, 60);
    assert.deepEqual(await statusesOf(service, "other"), ["waiting"]);
    await tickAt(61);
    assert.deepEqual(await statusesOf(service, "other"), ["skipped"]);
  },
);

tickTest("a run of another account finishes its occurrence as unknown, and blocks no other", {
  specs: [{ ...EVERY, workflow: "long" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  assert.deepEqual(await statusesOf(service), ["open"]);
  const client: Client = {
    ...service.deps.client,
    whoAmI: async (options) => ({ ...await service.deps.client.whoAmI(options), user: "other-user" }),
  };
  stage.clock.advance(MINUTE_MS);
  await tick({ ...service, deps: { ...service.deps, client } });
  assert.deepEqual(await statusesOf(service), ["unknown"]);
});

tickTest("a tick on request does not count as one of the cron trigger", {}, async ({ stage, service, tickAt }) => {
  await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  assert.equal(await readTickLog(service.kv), null);
  await tickAt(0, 1);
  for (let minute = 2; minute < 30; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  }
  assert.equal((await readTickLog(service.kv))?.startedMs, START_MS + MINUTE_MS);
  await tickAt(30);
  assert.equal((await readTickLog(service.kv))?.missed, 28);
});

tickTest("a tick of the cron trigger during one on request is not missed", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 1);
  stage.clock.advance(MINUTE_MS);
  await addWaitingOccurrence(stage.kv, { id: "every@now", schedule: "every", scheduledAtMs: stage.clock.now() });
  const client: Client = {
    ...service.deps.client,
    async getWorkflow(...args) {
      assert.equal((await tick(service)).didTick, false);
      return await service.deps.client.getWorkflow(...args);
    },
  };
  await tick({ ...service, deps: { ...service.deps, client } }, { ...DEFAULT_TICK, isScheduled: false });
  await tickAt(3);
  assert.equal((await readTickLog(service.kv))?.missed, 0);
});

tickTest("a tick on request leaves the log alone that another process wrote meanwhile", {}, async (test) => {
  const { stage, tickAt } = test;
  await tickAt(0);
  stage.clock.advance(MINUTE_MS);
  const newer = { startedMs: stage.clock.now(), tookMs: 1, missed: 7, error: "a newer log" };
  let isFirst = true;
  const write: StoreBackend["write"] = async (change) => {
    if (isFirst) {
      isFirst = false;
      await recordIdleTick(stage.kv, await readTickState(stage.kv), newer);
    }
    return await stage.backend.write(change);
  };
  const isolate = await stage.isolate({ kv: createKv({ ...stage.backend, write }) });
  await addWaitingOccurrence(stage.kv, { id: "every@now", schedule: "every", scheduledAtMs: stage.clock.now() });
  const report = await tick(isolate, { ...DEFAULT_TICK, isScheduled: false });
  assert.deepEqual([report.didTick, report.submitted], [true, 1]);
  assert.deepEqual(await readTickLog(stage.kv), newer);
});

tickTest("if there are more runs than a tick may poll, ticks poll different ones", {
  specs: [{ ...EVERY, cron: "* * * * *", workflow: "long", overlap: "allow" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(...Array.from({ length: 13 }, (_, minute) => minute));
  const early = stage.simulator.runs().map(({ slug }) => slug);
  const before = stage.simulator.received("get-run").length;
  for (let minute = 0; minute < 12; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service, { ...DEFAULT_TICK, maxPolls: 3 });
  }
  const polled = stage.simulator.received("get-run").slice(before).map(({ path }) => path.split("/").at(-1));
  assert.ok(polled.length <= 36);
  assert.deepEqual(early.filter((slug) => !polled.includes(slug ?? "")), []);
});

tickTest("a schedule of another timeline does not run, and its occurrences are not missed", {
  specs: [{ ...EVERY, enabled: ["git-branch/main"] }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 21);
  assert.equal(stage.simulator.runs().length, 0);
  const moved = { ...service, timeline: "git-branch/main" };
  await tick(moved);
  stage.clock.advance(10 * MINUTE_MS);
  await tick(moved);
  assert.equal(stage.simulator.runs().length, 1);
  assert.deepEqual(await problemsOf(service, "missed"), []);
});

tickTest(
  "what passes while a schedule is disabled is neither made up for nor missed",
  {},
  async ({ stage, service, tickAt }) => {
    await tickAt(0, 10);
    const disabled = { ...service, schedules: defineSchedules([{ ...EVERY, enabled: false }]) };
    for (let time = 0; time < 3; time++) {
      stage.clock.advance(10 * MINUTE_MS);
      await tick(disabled);
    }
    await tickAt(41);
    assert.equal(stage.simulator.runs().length, 1);
    assert.deepEqual(await problemsOf(service, "missed"), []);
    await tickAt(50);
    assert.equal(stage.simulator.runs().length, 2);
  },
);

tickTest(
  "what waits of a schedule is skipped once it is disabled, but not what was requested",
  { specs: [{ ...EVERY, workflow: "long", overlap: "queue" }] },
  async ({ stage, service, tickAt }) => {
    await tickAt(0, 10, 20, 30);
    assert.deepEqual(await statusesOf(service), ["open", "waiting", "waiting"]);
    const requested = { id: "every@requested", schedule: "every", scheduledAtMs: stage.clock.now() + 1 };
    await addWaitingOccurrence(service.kv, requested);
    const schedules = defineSchedules([{ ...EVERY, workflow: "long", overlap: "queue", enabled: false }]);
    for (let time = 0; time < 4; time++) {
      stage.clock.advance(10 * MINUTE_MS);
      await tick({ ...service, schedules });
    }
    assert.deepEqual(await statusesOf(service), ["completed", "skipped", "skipped", "open"]);
    assert.equal((await service.deps.store.get(requested.id))?.state, "active");
  },
);

tickTest(
  "a tick that loses its lock while it prepares a run submits nothing",
  {},
  async ({ stage, service, tickAt }) => {
    await tickAt(0);
    const client: Client = {
      ...service.deps.client,
      async getWorkflow(...call) {
        await acquireTickLock(service.kv, await readTickState(service.kv), Infinity);
        return await service.deps.client.getWorkflow(...call);
      },
    };
    stage.clock.advance(10 * MINUTE_MS);
    await tick({ ...service, deps: { ...service.deps, client } });
    assert.equal(stage.simulator.received("submit").length, 0);
    assert.equal((await listWaitingOccurrences(service.kv)).length, 1);
  },
);

tickTest("inputs come from a deployed file, and inline inputs override it", {
  specs: [{ ...EVERY, inputsFile: "inputs.yaml", inputs: { b: 2 } }],
}, async ({ stage, service }) => {
  const isolate = { ...service, readTextFile: () => Promise.resolve("a: 1\nb: 1\n") };
  await tick(isolate);
  stage.clock.advance(10 * MINUTE_MS);
  await tick(isolate);
  const [submit] = stage.simulator.received("submit");
  assert.deepEqual((submit?.body as { inputs: unknown }).inputs, { a: 1, b: 2 });
});

tickTest(
  "of several concurrent ticks, only one does the work",
  {},
  async ({ stage, service, tickAt }) => {
    await tickAt(0);
    stage.clock.advance(10 * MINUTE_MS);
    const reports = await Promise.all([tick(service), tick(await stage.isolate()), tick(await stage.isolate())]);
    assert.deepEqual(reports.map(({ didTick }) => didTick).sort(), [false, false, true]);
    assert.equal(stage.simulator.runs().length, 1);
  },
);

tickTest("old occurrences and problems are pruned", { random: () => 0 }, async ({ stage, service, tickAt }) => {
  await tickAt(0, 46, 47);
  assert.equal((await problemsOf(service, "missed")).length, 3);
  const later = await stage.isolate({ schedules: [] });
  stage.clock.advance(100 * 24 * 60 * MINUTE_MS);
  await tick(later);
  assert.deepEqual([await statusesOf(service), await problemsOf(service, "missed")], [[], []]);
});

for (const [what, isApplied] of [["before", false], ["after", true]] as const) {
  tickTest(
    `a tick that is killed ${what} any of its operations loses no occurrence, and starts none twice`,
    {},
    async ({ stage, service, tickAt }) => {
      // As `doctor --probe` records them: without these, a submit during which a tick died stays unknown.
      await service.deps.store.updateCapabilities(service.deps.client.host, {
        keepsSlug: true,
        refusesDuplicateSlug: true,
      });
      await tickAt(0);
      let end = 0;
      for (let isOver = false; !isOver; end++) {
        stage.clock.advance(10 * MINUTE_MS - stage.clock.now() % (10 * MINUTE_MS));
        const life = aLife({ end, isApplied });
        await tick(await mortal(stage, life)).catch(() => {});
        isOver = !life.isEnded();
        for (let minute = 0; minute < 6; minute++) {
          stage.clock.advance(MINUTE_MS);
          await tick(service);
        }
      }
      assert.ok(end > 20, `a tick has only ${end} operations`);
      assert.deepEqual(await statusesOf(service), Array.from({ length: end }, () => "completed"));
      assert.equal(stage.simulator.runs().length, end);
    },
  );
}

tickTest("with overlap: skip, a run of a second never blocks the next minute", {
  specs: [{ ...EVERY, cron: "* * * * *", workflow: "instant", overlap: "skip" }],
  workflows: { instant: lasting(1) },
}, async ({ service, tickAt }) => {
  await tickAt(...Array.from({ length: 32 }, (_, minute) => minute));
  assert.deepEqual([await countOf(service, "completed"), await countOf(service, "skipped")], [30, 0]);
});

tickTest("with overlap: skip, occurrences after a short outage run on time", {
  specs: [{ ...EVERY, cron: "* * * * *", workflow: "instant", overlap: "skip" }],
  workflows: { instant: lasting(1) },
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 1, 2, 5);
  assert.deepEqual(await statusesOf(service), ["completed", "completed", "open", "skipped", "skipped"]);
  await tickAt(6, 7, 8);
  assert.deepEqual((await statusesOf(service)).slice(5), ["completed", "completed", "open"]);
  assert.equal(stage.simulator.runs().length, 6);
});

tickTest("with overlap: skip, occurrences after a short outage of the platform run on time", {
  specs: [{ ...EVERY, cron: "* * * * *", workflow: "instant", overlap: "skip" }],
  workflows: { instant: lasting(1) },
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 1);
  stage.simulator.addFaults({ on: "get-run", status: 503, times: 3 });
  await tickAt(2, 3, 4);
  assert.deepEqual(await statusesOf(service), ["open", "waiting", "waiting", "waiting"]);
  await tickAt(5, 6, 7);
  const statuses = ["completed", "completed", "skipped", "skipped", "skipped", "completed", "open"];
  assert.deepEqual(await statusesOf(service), statuses);
  assert.equal(stage.simulator.runs().length, 4);
});

tickTest("a run that ended during an outage does not block the backfilled occurrence", {
  specs: [{ ...EVERY, workflow: "hour", overlap: "skip" }],
  workflows: { hour: lasting(3_600) },
}, async ({ service, tickAt }) => {
  await tickAt(0, 10, 11);
  assert.deepEqual(await statusesOf(service), ["open"]);
  await tickAt(24 * 60 + 7);
  const [last, ...others] = (await statusesOf(service)).toReversed();
  assert.equal(last, "open");
  assert.deepEqual(new Set(others), new Set(["missed", "completed"]));
});

tickTest("a run that still runs blocks the next occurrence with overlap: skip", {
  specs: [{ ...EVERY, workflow: "long" }],
}, async ({ service, tickAt }) => {
  await tickAt(0, 10, 20, 21);
  assert.deepEqual(await statusesOf(service), ["open", "skipped"]);
});

tickTest("an occurrence is not skipped while the platform does not show whether the earlier run is open", {
  specs: [{ ...EVERY, workflow: "quarter" }],
  workflows: { quarter: lasting(15 * 60) },
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  stage.clock.advance(20 * MINUTE_MS);
  stage.simulator.addFaults({ on: "get-run", status: 503, times: 1 });
  await tick(service);
  assert.deepEqual(await statusesOf(service), ["open", "missed", "waiting"]);
  await tickAt(31);
  assert.deepEqual(await statusesOf(service), ["completed", "missed", "open"]);
});

tickTest("a run that was deleted on the platform ends its occurrence as unknown, and blocks no later one", {
  specs: [{ ...EVERY, workflow: "long" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 11);
  stage.simulator.deleteExternally(stage.simulator.runs()[0]?.slug ?? "");
  await tickAt(12, 13, 14, 20, 21);
  assert.deepEqual(await statusesOf(service), ["unknown", "open"]);
  const [, deleted] = await service.deps.store.listOfSchedule("every", 2);
  assert.match(deleted && occurrenceEndOf(deleted)?.message || "", /^Run long-\S+ was deleted on the platform/);
});

tickTest("a replaced run is cancelled although the run that replaced it ended first", {
  specs: [{ ...EVERY, workflow: "first-long", overlap: "cancel-previous" }],
  workflows: { "first-long": lasting(3_600), short: lasting(30) },
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  stage.simulator.addFaults({ on: "cancel-run", status: 503, times: 2 });
  const [schedule] = service.schedules;
  assert.ok(schedule);
  const later = { ...service, schedules: [{ ...schedule, workflow: "short" }] };
  stage.clock.advance(10 * MINUTE_MS);
  await tick(later);
  for (let minute = 0; minute < 4; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(later);
  }
  assert.deepEqual(await statusesOf(service), ["cancelled", "completed"]);
  assert.equal(stage.simulator.received("cancel-run").length, 3);
  assert.deepEqual(await Array.fromAsync(service.kv.list({ prefix: ["replaced"] })), []);
});

for (
  const [what, spec, statuses] of [
    ["that a later one replaces", { overlap: "cancel-previous" }, ["cancelled", "cancelled", "open"]],
    ["past its deadline", { deadline: "5m", onDeadline: "cancel" }, ["cancelled", "cancelled", "cancelled"]],
  ] as const
) {
  tickTest(`an occurrence ${what} before the platform accepted it is cancelled, and never sent`, {
    specs: [{ ...EVERY, cron: "10,20,30 9 * * *", workflow: "long", ...spec }],
    faults: [{ on: "submit", status: 429, retryAfter: "2400", times: 2 }],
  }, async ({ stage, service, tickAt }) => {
    await tickAt(0, 10, 15, 20, 25, 30, 35, 36, 39);
    const before = await statusesOf(service);
    await tickAt(50.5, 60.5);
    assert.equal(stage.simulator.received("submit").length, 3);
    assert.deepEqual([before, stage.simulator.runs().length], [statuses, 1]);
  });
}

tickTest("a cancellation is requested by each tick until the run shows it", {
  specs: [{ ...EVERY, workflow: "long", deadline: "5m", onDeadline: "cancel" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  stage.simulator.addFaults({ on: "cancel-run", status: 503, times: 3 });
  await tickAt(15, 16, 17, 18, 19, 20.5, 21);
  assert.equal((await statusesOf(service))[0], "cancelled");
  assert.equal(stage.simulator.received("cancel-run").length, 4);
  assert.equal((await problemsOf(service, "deadline")).length, 1);
});

tickTest("an occurrence whose submission exists is not submitted again, and stops waiting", {}, async (test) => {
  const { stage, service, tickAt } = test;
  await tickAt(0, 10, 11);
  await addWaitingOccurrence(service.kv, {
    id: "every@2026-01-05T09:10Z",
    schedule: "every",
    scheduledAtMs: START_MS + 10 * MINUTE_MS,
  });
  await tickAt(12);
  assert.deepEqual(await statusesOf(service), ["completed"]);
  assert.equal(stage.simulator.received("submit").length, 1);
});

tickTest("runs of schedules are polled before those that were started over HTTP", {}, async (test) => {
  const { stage, service, tickAt } = test;
  await tickAt(0);
  for (let count = 0; count < 30; count++) {
    const submission = anActiveSubmission({
      submissionId: `http-${count}`,
      owner: { host: service.deps.client.host, user: "demo" },
      origin: { type: "http" },
      runId: { type: "slug", slug: `http-${count}` },
      createdAtMs: count,
    });
    await service.deps.store.put(submission);
  }
  await tickAt(10);
  const before = stage.simulator.received("get-run").length;
  stage.clock.advance(MINUTE_MS);
  await tick(service, { ...DEFAULT_TICK, maxPolls: 5 });
  const polled = stage.simulator.received("get-run").slice(before).map(({ path }) => path.split("/").at(-1) ?? "");
  assert.equal(polled.length, 5);
  assert.ok(polled.some((slug) => slug.startsWith("short-")), polled.join());
  assert.deepEqual(await statusesOf(service), ["completed"]);
});

tickTest("where schedules have more runs than a tick polls, those started over HTTP are still polled", {
  specs: [{ ...EVERY, cron: "* * * * *", workflow: "long", overlap: "allow" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(...Array.from({ length: 13 }, (_, minute) => minute));
  const owner = { host: service.deps.client.host, user: "demo" };
  await service.deps.store.put(anActiveSubmission({ owner, origin: { type: "http" } }));
  stage.clock.advance(MINUTE_MS);
  await tick(service, { ...DEFAULT_TICK, maxPolls: 10 });
  assert.equal(
    stage.simulator.received("get-run").filter(({ path }) => path.endsWith("/hello-world-abcdefghijklmnop")).length,
    1,
  );
});

tickTest("a tick reads the list of running runs once for all of its polls, and once more where most are missing", {
  specs: [],
}, async ({ stage, service }) => {
  const owner = { host: service.deps.client.host, user: "demo" };
  for (let count = 0; count < 1_100; count++) {
    const runId = { type: "slug", slug: `http-${count}` } as const;
    await service.deps.store.put(
      anActiveSubmission({ submissionId: `http-${count}`, owner, origin: { type: "http" }, runId }),
    );
  }
  stage.clock.advance(MINUTE_MS);
  await tick(service, { ...DEFAULT_TICK, maxPolls: 1_100 });
  assert.equal(stage.simulator.received("get-run").length, 1_100);
  assert.equal(stage.simulator.received("list-runs").filter(({ path }) => path.includes("status=running")).length, 2);
});

tickTest("where the list lacks most of its runs, a tick reads it again, instead of each run", {
  specs: [{ ...EVERY, cron: "* * * * *", workflow: "long", overlap: "allow" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(...Array.from({ length: 11 }, (_, minute) => minute));
  const { client } = service.deps;
  let lists = 0;
  const listRuns: Client["listRuns"] = async (query) => {
    const page = await client.listRuns(query);
    return query?.statuses === undefined || ++lists > 1 ? page : { ...page, runs: page.runs.slice(0, 2), total: 2 };
  };
  const before = stage.simulator.received("get-run").length;
  stage.clock.advance(MINUTE_MS);
  const report = await tick({ ...service, deps: { ...service.deps, client: { ...client, listRuns } } });
  assert.deepEqual([report.polled, lists, stage.simulator.received("get-run").length - before], [10, 2, 0]);
});

tickTest("a run is listed as unknown, and reported once, when the API key becomes another account's", {
  specs: [{ ...EVERY, workflow: "long" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  const { client } = service.deps;
  const whoAmI: Client["whoAmI"] = async (options) => ({ ...await client.whoAmI(options), user: "other-user" });
  const other = { ...service, deps: { ...service.deps, client: { ...client, whoAmI } } };
  for (let minute = 0; minute < 10; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(other);
  }
  assert.deepEqual(await statusesOf(service), ["unknown", "open"]);
  assert.equal((await problemsOf(service, "unknown")).length, 1);
});

tickTest("a run whose account's key is back is reported when it ends", {
  specs: [{
    ...EVERY,
    workflow: "long",
    notify: [{ url: "https://example.com/hook", on: ["unknown", "completed", "cancelled"] }],
  }],
}, async ({ stage, service: { deps, ...service }, tickAt }) => {
  await tickAt(0, 10);
  const { client } = deps;
  let user: string | undefined;
  const whoAmI: Client["whoAmI"] = async (options) => {
    const own = await client.whoAmI(options);
    return { ...own, user: user ?? own.user };
  };
  const fetch = () => Promise.resolve(new Response(null, { status: 503 }));
  const switching = { ...service, fetch, deps: { ...deps, client: { ...client, whoAmI } } };
  for (const current of ["other-user", undefined, "other-user", undefined]) {
    user = current;
    stage.clock.advance(MINUTE_MS);
    await tick(switching);
    assert.deepEqual(await statusesOf(switching), ["unknown"]);
  }
  stage.simulator.cancelExternally(stage.simulator.runs()[0]?.slug ?? "");
  stage.clock.advance(MINUTE_MS);
  await tick(switching);
  assert.deepEqual(await statusesOf(switching), ["cancelled"]);
  const messages = await listDueMessages(service.kv, stage.clock.now() + 60 * MINUTE_MS, 10);
  const kinds = messages.map(({ value }) => value.notification.kind);
  assert.deepEqual(kinds.toSorted(), ["cancelled", "unknown"]);
});

tickTest("a run whose account's key is back is reported when it ends, also if a request notices that", {
  specs: [{ ...EVERY, workflow: "long" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  const { deps } = service;
  const whoAmI: Client["whoAmI"] = async (options) => ({ ...await deps.client.whoAmI(options), user: "other-user" });
  stage.clock.advance(MINUTE_MS);
  await tick({ ...service, deps: { ...deps, client: { ...deps.client, whoAmI } } });
  stage.simulator.cancelExternally(stage.simulator.runs()[0]?.slug ?? "");
  stage.clock.advance(MINUTE_MS);
  // As GET /runs/:id does.
  await advance(deps, await deps.store.listOpen("service"), advanceOptions(new AbortController().signal));
  assert.deepEqual(await statusesOf(service), ["cancelled"]);
  assert.equal((await deps.store.listUnreported(10)).length, 1);
});

tickTest("a poll without a response does not keep what is due from being submitted", {
  specs: [{ ...EVERY, name: "hanging", workflow: "long" }, { ...EVERY, cron: "20 * * * *" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  const { client } = service.deps;
  const getRun: Client["getRun"] = (_id, { signal } = {}) =>
    new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal?.reason));
      stage.clock.advance(10_500);
    });
  stage.clock.advance(10 * MINUTE_MS);
  const report = await tick({ ...service, deps: { ...service.deps, client: { ...client, getRun } } });
  assert.deepEqual([report.submitted, report.isCutShort], [1, true]);
});

tickTest("of ticks that begin at once, one reads what is open", {
  specs: [{ ...EVERY, workflow: "long" }],
}, async ({ stage, tickAt }) => {
  await tickAt(0, 10);
  let reads = 0;
  const page: StoreBackend["page"] = (query) => {
    if (query.start.startsWith("open") && query.limit > 1) reads++;
    return stage.backend.page(query);
  };
  const isolates = await Promise.all(
    [1, 2, 3, 4].map(() => stage.isolate({ kv: createKv({ ...stage.backend, page }) })),
  );
  stage.clock.advance(MINUTE_MS);
  const reports = await Promise.all(isolates.map((isolate) => tick(isolate)));
  assert.equal(reports.filter(({ didTick }) => didTick).length, 1);
  // Each one page, to see whether there is anything.
  assert.equal(reads, 4 + 1);
});

for (const workflows of [1, 20]) {
  tickTest(`200 occurrences of ${workflows} workflows, due at once, are submitted in one tick over a slow store`, {
    specs: Array.from(
      { length: 200 },
      (_, index) => ({ ...EVERY, name: `s${index}`, workflow: `w${index % workflows}` }),
    ),
    workflows: Object.fromEntries(Array.from({ length: workflows }, (_, index) => [`w${index}`, lasting(30)])),
  }, async ({ stage, tickAt }) => {
    await tickAt(0);
    const { read, page, write } = stage.backend;
    const slow = <Args extends readonly unknown[], T>(act: (...args: Args) => Promise<T>) => async (...args: Args) => {
      await stage.clock.sleep(20, {});
      return await act(...args);
    };
    const backend = { ...stage.backend, read: slow(read), page: slow(page), write: slow(write) };
    const service = await stage.isolate({ kv: createKv(backend) });
    stage.clock.advance(10 * MINUTE_MS);
    const report = await tick(service);
    assert.deepEqual([report.submitted, report.isCutShort], [200, false]);
    assert.equal(stage.simulator.runs().length, 200);
  });
}

Deno.test("a tick leaves a lock that another process holds, and takes over one whose holder is late", async () => {
  await using stage = await aServiceStage([{ name: "every", cron: "* * * * *", workflow: "quick" }]);
  const service = await stage.isolate();
  await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  stage.clock.advance(MINUTE_MS);
  const heldUntilMs = stage.clock.now() + 10_000;
  assert.notEqual(await acquireTickLock(service.kv, await readTickState(service.kv), heldUntilMs), undefined);
  assert.equal((await tick(service)).didTick, false);
  assert.equal(stage.simulator.runs().length, 0);
  stage.clock.advance(10_001);
  assert.equal((await tick(service)).didTick, true);
  assert.equal(stage.simulator.runs().length, 1);
});
