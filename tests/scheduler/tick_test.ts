import assert from "node:assert/strict";
import { DEFAULT_TICK, tick } from "../../lib/scheduler/tick.ts";
import type { Client } from "../../lib/platform/client.ts";
import type { Clock } from "../../lib/clock.ts";
import { StorageError, Unavailable } from "../../lib/errors.ts";
import type { KvRunStore } from "../../lib/store/kv_run_store.ts";
import { MAX_QUEUE_LENGTH } from "../../lib/scheduler/overlap.ts";
import type { ScheduleSpec } from "../../lib/scheduler/schedule.ts";
import { aServiceStage, lasting, type ServiceStage } from "../support/service.ts";
import type { Service } from "../../lib/scheduler/service.ts";

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
          await tick(service);
        }
      },
    });
  });
}

/** The status or state of each occurrence, earliest first. */
async function statusesOf(service: Service, schedule = "every"): Promise<readonly string[]> {
  const occurrences = await service.schedulerStore.listRecentOccurrences(schedule, 20);
  return occurrences.map(({ state, result }) => result?.status ?? state).reverse();
}

tickTest("a new schedule starts with its next occurrence", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 1, 9);
  assert.equal(stage.simulator.runs().length, 0);
  await tickAt(10, 11);
  assert.deepEqual(await statusesOf(service), ["completed"]);
});

tickTest("a tick with nothing due sends no request to the platform", {}, async ({ stage, tickAt }) => {
  await tickAt(0, 1, 2, 3);
  assert.deepEqual(stage.simulator.received(), []);
});

tickTest("a tick with nothing due writes once, and sets no timer", {}, async ({ stage, tickAt }) => {
  await tickAt(0, 10, 11, 12);
  let writes = 0;
  const counting = new Proxy(stage.kv, {
    get(target, name) {
      if (name === "atomic") writes++;
      return Reflect.get(target, name).bind(target);
    },
  });
  const { deps, ...isolate } = await stage.isolate({ kv: counting });
  const clock: Clock = {
    ...deps.clock,
    now: () => deps.clock.now(),
    timeout: () => assert.fail("the first timer takes about 5 ms"),
  };
  stage.clock.advance(MINUTE_MS);
  await tick({ ...isolate, deps: { ...deps, clock } });
  assert.equal(writes, 1);
  assert.equal((await isolate.schedulerStore.getTickLog())?.startedMs, stage.clock.now());
});

tickTest("missed ticks are counted", {}, async ({ service, tickAt }) => {
  await tickAt(0, 1, 2, 7);
  assert.equal((await service.schedulerStore.getTickLog())?.missed, 4);
});

tickTest("missed occurrences are reported, and the last one is backfilled", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 46, 47);
  assert.deepEqual(await statusesOf(service), ["completed"]);
  const missed = (await service.schedulerStore.listNotifications(10)).filter(({ kind }) => kind === "missed");
  assert.deepEqual(missed.map(({ occurrenceId }) => occurrenceId).sort(), [
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
  const missed = (await service.schedulerStore.listNotifications(2_000)).filter(({ kind }) => kind === "missed");
  // At most 500 are handled, and the last two of them are on time.
  assert.equal(new Set(missed.map(({ occurrenceId }) => occurrenceId)).size, 498);
  assert.equal(
    (await service.schedulerStore.listDueMessages(stage.clock.now() + 10 * MINUTE_MS, 2_000)).length,
    2 * 498,
  );
  assert.equal(stage.simulator.runs().length, 1);
});

tickTest("after a tick that dies while reporting a long outage, the next one finds the remaining occurrences", {
  specs: [{ ...EVERY, cron: "*/5 * * * *", backfill: { all: 20 }, overlap: "allow" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(24 * 60 * MINUTE_MS);
  let calls = 0;
  const recordProgress: Service["schedulerStore"]["recordProgress"] = (...args) =>
    calls++ < 11 ? service.schedulerStore.recordProgress(...args) : Promise.reject(new Error("killed"));
  await assert.rejects(tick({ ...service, schedulerStore: { ...service.schedulerStore, recordProgress } }), /killed/);
  await tick(service);
  const missed = (await service.schedulerStore.listNotifications(2_000)).filter(({ kind }) => kind === "missed");
  // Two are on time, and twenty are backfilled.
  assert.equal(missed.length, 24 * 12 - 22);
  assert.equal((await service.schedulerStore.listRecentOccurrences("every", 2_000)).length, 22);
  assert.equal(stage.simulator.runs().length, 22);
});

tickTest("a run past its deadline is reported, and cancelled with onDeadline: cancel", {
  specs: [{ ...EVERY, workflow: "long", deadline: "5m", onDeadline: "cancel" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 11, 16, 17, 18, 19);
  assert.deepEqual(await statusesOf(service), ["cancelled"]);
  assert.equal(stage.simulator.received("cancel-run").length, 1);
  const kinds = (await service.schedulerStore.listNotifications(10)).map(({ kind }) => kind);
  assert.deepEqual(kinds.sort(), ["cancelled", "deadline", "submitted"]);
});

tickTest("a run past its deadline is reported and continues by default", {
  specs: [{ ...EVERY, workflow: "long", deadline: "5m" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 16, 17, 18);
  assert.deepEqual(await statusesOf(service), ["open"]);
  assert.equal(stage.simulator.received("cancel-run").length, 0);
  assert.equal(
    (await service.schedulerStore.listNotifications(10)).filter(({ kind }) => kind === "deadline").length,
    1,
  );
});

tickTest("invalid inputs finish the occurrence as failed, with the reason", {
  specs: [{ ...EVERY, workflow: "hello-world", inputs: { hello: { message: 7 } } }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  assert.deepEqual(await statusesOf(service), ["failed"]);
  const [notification] = await service.schedulerStore.listNotifications(1);
  assert.match(notification?.message ?? "", /Cannot run hello-world: .*hello\.message/);
  assert.equal(stage.simulator.received("submit").length, 0);
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

tickTest("a temporary store failure delays an occurrence, and loses none", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(10 * MINUTE_MS);
  const { store } = service.deps;
  const failing: KvRunStore = {
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
  const states = (await service.schedulerStore.listRecentOccurrences("every", 100)).map(({ state }) => state);
  assert.deepEqual([states.filter((state) => state === "waiting").length, states.length], [MAX_QUEUE_LENGTH, 30]);
  const skipped = (await service.schedulerStore.listNotifications(100)).filter(({ kind }) => kind === "skipped");
  assert.equal(skipped.length, 30 - MAX_QUEUE_LENGTH - 1);
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
    const dying: KvRunStore = {
      ...store,
      async put(record) {
        await store.put(record);
        throw new Error("killed");
      },
    };
    await assert.rejects(tick({ ...service, deps: { ...service.deps, store: dying } }), /killed/);
    await tickAt(2);
    const occurrences = await service.schedulerStore.listRecentOccurrences("every", 10);
    assert.equal(occurrences.filter(({ submissionId }) => submissionId !== null).length, stage.simulator.runs().length);
    assert.deepEqual(await statusesOf(service), ["cancelling", "open"]);
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
  await service.schedulerStore.addOccurrence({ id: "every@once", schedule: "every", scheduledAtMs: stage.clock.now() });
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
  assert.match((await fresh.schedulerStore.getTickLog())?.error ?? "", /identify the key's user/);
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
        whoAmI: ({ signal }) =>
          new Promise((_, reject) => {
            signal?.addEventListener("abort", () => reject(signal?.reason));
            stage.clock.advance(20_000);
          }),
      },
    },
  });
  assert.deepEqual([sent, report.delivered, report.isCutShort], [3, 3, true]);
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
        getWorkflow: (name, options) => hangOn(name, options.signal, () => client.getWorkflow(name, options)),
        getWorkflowYaml: (name, options) => hangOn(name, options.signal, () => client.getWorkflowYaml(name, options)),
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
    const occurrence = { id: "other@a", schedule: "other", scheduledAtMs: stage.clock.now() };
    await service.schedulerStore.addOccurrence(occurrence);
    await tickAt(1, 9);
    assert.equal((await service.schedulerStore.getOccurrence("other", occurrence.id))?.state, "waiting");
    await tickAt(10);
    assert.equal((await service.schedulerStore.getOccurrence("other", occurrence.id))?.result?.status, "skipped");
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
  assert.equal(await service.schedulerStore.getTickLog(), null);
  await tickAt(0, 1);
  for (let minute = 2; minute < 30; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  }
  assert.equal((await service.schedulerStore.getTickLog())?.startedMs, START_MS + MINUTE_MS);
  await tickAt(30);
  assert.equal((await service.schedulerStore.getTickLog())?.missed, 28);
});

tickTest("if there are more runs than a tick may poll, ticks poll different ones", {
  specs: [{ ...EVERY, cron: "* * * * *", workflow: "long", overlap: "allow" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(...Array.from({ length: 13 }, (_, minute) => minute));
  const before = stage.simulator.received("get-run").length;
  for (let minute = 0; minute < 4; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service, { ...DEFAULT_TICK, maxPolls: 3 });
  }
  const polled = new Set(stage.simulator.received("get-run").slice(before).map(({ path }) => path));
  assert.ok(polled.size >= 10, `only ${polled.size} were polled`);
});

tickTest("a schedule of another timeline does not run, and its occurrences are not missed", {
  specs: [{ ...EVERY, enabled: ["git-branch/main"] }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 20);
  assert.equal(stage.simulator.runs().length, 0);
  const moved = { ...service, timeline: "git-branch/main" };
  await tick(moved);
  stage.clock.advance(10 * MINUTE_MS);
  await tick(moved);
  assert.equal(stage.simulator.runs().length, 1);
  assert.deepEqual((await service.schedulerStore.listNotifications(10)).filter(({ kind }) => kind === "missed"), []);
});

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

tickTest("old occurrences and notifications are pruned", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 11);
  stage.clock.advance(100 * 24 * 60 * MINUTE_MS);
  assert.equal(await service.schedulerStore.prune(stage.clock.now() - 90 * 24 * 60 * MINUTE_MS, 100), 3);
  assert.deepEqual(await statusesOf(service), []);
});
