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

interface Play {
  readonly stage: ServiceStage;
  readonly service: Service;
  /** A tick at each of these minutes after the start. */
  tickAt(...minutes: readonly number[]): Promise<void>;
}

function play(
  name: string,
  { specs = [EVERY], ...options }: Parameters<typeof aServiceStage>[1] & { readonly specs?: readonly ScheduleSpec[] },
  act: (play: Play) => Promise<void>,
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

async function ends(service: Service, schedule = "every"): Promise<readonly (string | undefined)[]> {
  return (await service.schedulerStore.lastOccurrences(schedule, 20)).map(({ state, end }) => end?.status ?? state)
    .reverse();
}

play("a schedule that is new begins with its next slot", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 1, 9);
  assert.equal(stage.simulator.runs().length, 0);
  await tickAt(10, 11);
  assert.deepEqual(await ends(service), ["completed"]);
});

play("a tick with nothing due asks the platform nothing", {}, async ({ stage, tickAt }) => {
  await tickAt(0, 1, 2, 3);
  assert.deepEqual(stage.simulator.received(), []);
});

play("a tick with nothing due writes once, and sets no timer", {}, async ({ stage, tickAt }) => {
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
    timeout: () => assert.fail("a timer costs some 5 ms the first time"),
  };
  stage.clock.advance(MINUTE_MS);
  await tick({ ...isolate, deps: { ...deps, clock } });
  assert.equal(writes, 1);
  assert.equal((await isolate.schedulerStore.tickLog())?.startedMs, stage.clock.now());
});

play("ticks that stay away are counted and told", {}, async ({ service, tickAt }) => {
  await tickAt(0, 1, 2, 7);
  assert.equal((await service.schedulerStore.tickLog())?.missed, 4);
});

play("missed slots are reported, and the last of them is made up for", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 46, 47);
  assert.deepEqual(await ends(service), ["completed"]);
  const missed = (await service.schedulerStore.notifications(10)).filter(({ kind }) => kind === "missed");
  assert.deepEqual(missed.map(({ occurrenceId }) => occurrenceId).sort(), [
    "every@2026-01-05T09:10Z",
    "every@2026-01-05T09:20Z",
    "every@2026-01-05T09:30Z",
  ]);
  assert.equal(stage.simulator.runs().length, 1);
});

play("after an outage of days every missed slot is told, however many, and the schedule goes on", {
  specs: [{
    ...EVERY,
    cron: "*/5 * * * *",
    notify: [{ url: "https://example.com/a" }, { url: "https://example.com/b" }],
  }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(3 * 24 * 60 * MINUTE_MS);
  await tick({ ...service, fetch: () => Promise.resolve(new Response(null, { status: 503 })) });
  const missed = (await service.schedulerStore.notifications(2_000)).filter(({ kind }) => kind === "missed");
  // No more than 500 are looked at, and the last two of them are in time.
  assert.equal(new Set(missed.map(({ occurrenceId }) => occurrenceId)).size, 498);
  assert.equal(
    (await service.schedulerStore.dueOutboxMessages(stage.clock.now() + 10 * MINUTE_MS, 2_000)).length,
    2 * 498,
  );
  assert.equal(stage.simulator.runs().length, 1);
});

play("a tick that dies within a long outage's reports leaves the next one the same slots", {
  specs: [{ ...EVERY, cron: "*/5 * * * *", catchUp: { all: 20 }, overlap: "allow" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(24 * 60 * MINUTE_MS);
  let steps = 0;
  const begin: Service["schedulerStore"]["begin"] = (...step) =>
    steps++ < 11 ? service.schedulerStore.begin(...step) : Promise.reject(new Error("killed"));
  await assert.rejects(tick({ ...service, schedulerStore: { ...service.schedulerStore, begin } }), /killed/);
  await tick(service);
  const missed = (await service.schedulerStore.notifications(2_000)).filter(({ kind }) => kind === "missed");
  // Two are in time, and twenty are made up for.
  assert.equal(missed.length, 24 * 12 - 22);
  assert.equal((await service.schedulerStore.lastOccurrences("every", 2_000)).length, 22);
  assert.equal(stage.simulator.runs().length, 22);
});

play("a run past its deadline is told of, and cancelled where that is wished", {
  specs: [{ ...EVERY, workflow: "long", deadline: "5m", onDeadline: "cancel" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 11, 16, 17, 18, 19);
  assert.deepEqual(await ends(service), ["cancelled"]);
  assert.equal(stage.simulator.received("cancel-run").length, 1);
  const kinds = (await service.schedulerStore.notifications(10)).map(({ kind }) => kind);
  assert.deepEqual(kinds.sort(), ["cancelled", "deadline", "submitted"]);
});

play("a run past its deadline goes on where it may", {
  specs: [{ ...EVERY, workflow: "long", deadline: "5m" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 16, 17, 18);
  assert.deepEqual(await ends(service), ["open"]);
  assert.equal(stage.simulator.received("cancel-run").length, 0);
  assert.equal((await service.schedulerStore.notifications(10)).filter(({ kind }) => kind === "deadline").length, 1);
});

play("inputs that are wrong end the slot, and say why", {
  specs: [{ ...EVERY, workflow: "hello-world", inputs: { hello: { message: 7 } } }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  assert.deepEqual(await ends(service), ["failed"]);
  const [report] = await service.schedulerStore.notifications(1);
  assert.match(report?.message ?? "", /Cannot run hello-world: .*hello\.message/);
  assert.equal(stage.simulator.received("submit").length, 0);
});

play("a workflow that is not there ends the slot, and the next one is tried again", {
  specs: [{ ...EVERY, workflow: "no-such-workflow" }],
}, async ({ service, tickAt }) => {
  await tickAt(0, 10, 20);
  assert.deepEqual(await ends(service), ["failed", "failed"]);
});

play("a platform that is away for a while delays a slot, and loses none", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.simulator.addFaults({ on: "get-workflow", status: 503, times: 8 });
  await tickAt(10);
  assert.deepEqual(await ends(service), ["waiting"]);
  await tickAt(11, 12, 13, 14);
  assert.deepEqual(await ends(service), ["completed"]);
});

play("a store that fails for a moment delays a slot, and loses none", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(10 * MINUTE_MS);
  const { store } = service.deps;
  const failing: KvRunStore = {
    ...store,
    put: () => Promise.reject(new StorageError("Cannot use the store: it is away")),
  };
  await tick({ ...service, deps: { ...service.deps, store: failing } });
  assert.deepEqual(await ends(service), ["waiting"]);
  await tickAt(11, 12);
  assert.deepEqual(await ends(service), ["completed"]);
  assert.equal(stage.simulator.received("submit").length, 1);
});

play("a queue grows to its bound, and what comes after is skipped and told", {
  specs: [{ ...EVERY, cron: "* * * * *", workflow: "long", overlap: "queue" }],
  workflows: { long: lasting(100 * 3_600) },
}, async ({ service, tickAt }) => {
  await tickAt(...Array.from({ length: 31 }, (_, minute) => minute));
  const states = (await service.schedulerStore.lastOccurrences("every", 100)).map(({ state }) => state);
  assert.deepEqual([states.filter((state) => state === "waiting").length, states.length], [MAX_QUEUE_LENGTH, 30]);
  const skipped = (await service.schedulerStore.notifications(100)).filter(({ kind }) => kind === "skipped");
  assert.equal(skipped.length, 30 - MAX_QUEUE_LENGTH - 1);
});

play("a slot whose intent a dying tick left is not passed over: its run comes, and is cancelled for the next", {
  specs: [{ ...EVERY, cron: "* * * * *", workflow: "long", overlap: "cancel-previous" }],
}, async ({ stage, service, tickAt }) => {
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
  const occurrences = await service.schedulerStore.lastOccurrences("every", 10);
  assert.equal(occurrences.filter(({ submissionId }) => submissionId !== null).length, stage.simulator.runs().length);
  assert.deepEqual(await ends(service), ["cancelling", "open"]);
});

play("a lost answer is looked for by the next ticks, and nothing is sent twice", {
  faults: [{ on: "submit", cut: "after-effect" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 11, 12);
  assert.deepEqual(await ends(service), ["completed"]);
  assert.equal(stage.simulator.received("submit").length, 1);
});

play("a run that is looked for in vain is told of, and costs no later tick a request", {
  faults: [{ on: "submit", cut: "before-effect" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 1);
  await service.schedulerStore.addOccurrence({ id: "every@once", schedule: "every", atMs: stage.clock.now() });
  await tickAt(2, 3, 4, 5, 6, 7);
  assert.deepEqual(await ends(service), ["unknown"]);
  const asked = stage.simulator.received().length;
  await tickAt(8, 9);
  assert.equal(stage.simulator.received().length, asked);
});

const MISSING: ScheduleSpec = { ...EVERY, notify: [{ url: "https://example.com/a", on: ["missed"] }] };

play("a platform that is away keeps nobody from being told", { specs: [MISSING] }, async ({ stage, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(46 * MINUTE_MS);
  stage.simulator.addFaults({ on: "auth-session", status: 503, times: 1_000 });
  let told = 0;
  const fresh = await stage.isolate({ fetch: () => Promise.resolve(new Response(null, { status: 200 + 4 * ++told })) });
  await assert.rejects(tick(fresh), Unavailable);
  assert.equal(told, 3);
  assert.match((await fresh.schedulerStore.tickLog())?.error ?? "", /whose key it is/);
});

play("a platform that does not answer keeps nobody from being told", { specs: [MISSING] }, async (play) => {
  const { stage, service, tickAt } = play;
  await tickAt(0);
  stage.clock.advance(46 * MINUTE_MS);
  let told = 0;
  const report = await tick({
    ...service,
    fetch: () => Promise.resolve(new Response(null, { status: 200 + 4 * ++told })),
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
  assert.deepEqual([told, report.told, report.isCutShort], [3, 3, true]);
});

const HUNG: ScheduleSpec = { ...EVERY, name: "a-hung-one", workflow: "long" };

play("a workflow that the platform has no answer for delays no other, and its slot is given up after an hour", {
  specs: [HUNG, { ...EVERY, overlap: "allow" }],
}, async ({ stage, service, tickAt }) => {
  const { client } = service.deps;
  const hanging = <T>(name: string, signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> => {
    if (name !== "long") return act();
    return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal?.reason)));
  };
  const hung: Service = {
    ...service,
    deps: {
      ...service.deps,
      client: {
        ...client,
        getWorkflow: (name, options) => hanging(name, options.signal, () => client.getWorkflow(name, options)),
        getWorkflowYaml: (name, options) => hanging(name, options.signal, () => client.getWorkflowYaml(name, options)),
        async submit(...args) {
          const answer = await client.submit(...args);
          // The budget is spent as soon as the other is through.
          stage.clock.advance(20_000);
          return answer;
        },
      },
    },
  };
  await tickAt(0);
  stage.clock.advance(10 * MINUTE_MS);
  assert.equal((await tick(hung)).isCutShort, true);
  assert.deepEqual([await ends(service), await ends(service, "a-hung-one")], [["open"], ["waiting"]]);
  stage.clock.advance(60 * MINUTE_MS);
  await tick(hung);
  assert.equal((await ends(service, "a-hung-one"))[0], "failed");
});

play("a tick says how many it submitted, of however many workflows", {
  specs: [EVERY, { ...EVERY, name: "other", workflow: "long" }, { ...EVERY, name: "third", workflow: "quick" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0);
  stage.clock.advance(10 * MINUTE_MS);
  assert.equal((await tick(service)).submitted, 3);
  assert.equal(stage.simulator.runs().length, 3);
});

play("a slot whose schedule this revision does not know waits for one that does", { specs: [EVERY] }, async (play) => {
  const { stage, service, tickAt } = play;
  await tickAt(0);
  const occurrence = { id: "other@a", schedule: "other", atMs: stage.clock.now() };
  await service.schedulerStore.addOccurrence(occurrence);
  await tickAt(1, 9);
  assert.equal((await service.schedulerStore.occurrence("other", occurrence.id))?.state, "waiting");
  await tickAt(10);
  assert.equal((await service.schedulerStore.occurrence("other", occurrence.id))?.end?.status, "skipped");
});

play("a run of another account's key ends its slot, and holds no other back", {
  specs: [{ ...EVERY, workflow: "long" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10);
  assert.deepEqual(await ends(service), ["open"]);
  const client: Client = {
    ...service.deps.client,
    whoAmI: async (options) => ({ ...await service.deps.client.whoAmI(options), user: "somebody-else" }),
  };
  stage.clock.advance(MINUTE_MS);
  await tick({ ...service, deps: { ...service.deps, client } });
  assert.deepEqual(await ends(service), ["unknown"]);
});

play("a tick between those of the bell does not pass for one", {}, async ({ stage, service, tickAt }) => {
  await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  assert.equal(await service.schedulerStore.tickLog(), null);
  await tickAt(0, 1);
  for (let minute = 2; minute < 30; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service, { ...DEFAULT_TICK, isScheduled: false });
  }
  assert.equal((await service.schedulerStore.tickLog())?.startedMs, START_MS + MINUTE_MS);
  await tickAt(30);
  assert.equal((await service.schedulerStore.tickLog())?.missed, 28);
});

play("more runs than a tick may look at take turns", {
  specs: [{ ...EVERY, cron: "* * * * *", workflow: "long", overlap: "allow" }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(...Array.from({ length: 13 }, (_, minute) => minute));
  const before = stage.simulator.received("get-run").length;
  for (let minute = 0; minute < 4; minute++) {
    stage.clock.advance(MINUTE_MS);
    await tick(service, { ...DEFAULT_TICK, maxPolls: 3 });
  }
  const looked = stage.simulator.received("get-run").slice(before).map(({ path }) => path);
  assert.ok(new Set(looked).size >= 10, `only ${new Set(looked).size} were looked at`);
});

play("a schedule of another timeline does not run, and what passes meanwhile is not missed", {
  specs: [{ ...EVERY, enabled: ["git-branch/main"] }],
}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 20);
  assert.equal(stage.simulator.runs().length, 0);
  const moved = { ...service, timeline: "git-branch/main" };
  await tick(moved);
  stage.clock.advance(10 * MINUTE_MS);
  await tick(moved);
  assert.equal(stage.simulator.runs().length, 1);
  assert.deepEqual((await service.schedulerStore.notifications(10)).filter(({ kind }) => kind === "missed"), []);
});

play("inputs come from a file that is deployed along, and inline ones stand above it", {
  specs: [{ ...EVERY, inputsFile: "inputs.yaml", inputs: { b: 2 } }],
}, async ({ stage, service }) => {
  const isolate = { ...service, readTextFile: () => Promise.resolve("a: 1\nb: 1\n") };
  await tick(isolate);
  stage.clock.advance(10 * MINUTE_MS);
  await tick(isolate);
  const [submit] = stage.simulator.received("submit");
  assert.deepEqual((submit?.body as { inputs: unknown }).inputs, { a: 1, b: 2 });
});

play(
  "two isolates that tick at once share the work, and one of them says so",
  {},
  async ({ stage, service, tickAt }) => {
    await tickAt(0);
    stage.clock.advance(10 * MINUTE_MS);
    const notifications = await Promise.all([tick(service), tick(await stage.isolate()), tick(await stage.isolate())]);
    assert.deepEqual(notifications.map(({ didTick }) => didTick).sort(), [false, false, true]);
    assert.equal(stage.simulator.runs().length, 1);
  },
);

play("what is old is forgotten in time", {}, async ({ stage, service, tickAt }) => {
  await tickAt(0, 10, 11);
  stage.clock.advance(100 * 24 * 60 * MINUTE_MS);
  assert.equal(await service.schedulerStore.prune(stage.clock.now() - 90 * 24 * 60 * MINUTE_MS, 100), 3);
  assert.deepEqual(await ends(service), []);
});
