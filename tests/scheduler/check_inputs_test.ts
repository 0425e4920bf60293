import assert from "node:assert/strict";
import { checkInputs, scheduledTick } from "../../lib/scheduler/cron.ts";
import { listDueMessages, listServiceProblems } from "../../lib/scheduler/scheduler_store.ts";
import { defineSchedules } from "../../lib/scheduler/define.ts";
import type { Service } from "../../lib/scheduler/service.ts";
import { aServiceStage, type ServiceStage } from "../support/service.ts";

const START_MS = Date.UTC(2026, 0, 5, 9);
const HOUR_MS = 60 * 60_000;
const NIGHTLY = {
  name: "nightly",
  cron: "0 2 * * *",
  workflow: "sized",
  inputs: { size: 3 },
  notify: [{ url: "https://example.com/hook" }],
};
const signal = new AbortController().signal;

/** A workflow that accepts a size from `min`. */
function sized(min: number): string {
  return `on:
  execute:
    inputs:
      size: { type: number, min: ${min} }
jobs:
  main:
    steps:
      - name: work
        run: sleep 1
`;
}

async function problemsOf({ kv }: Service): Promise<readonly string[]> {
  return (await listServiceProblems(kv, 10)).map(({ kind, occurrenceId, message }) =>
    `${kind} ${occurrenceId} ${message}`
  );
}

Deno.test("inputs that do not fit are reported once at the start: log, page and webhook", async () => {
  const lines: string[] = [];
  await using stage = await aServiceStage([NIGHTLY], { workflows: { sized: sized(5) } });
  const plain = await stage.isolate();
  const service = { ...plain, deps: { ...plain.deps, log: (_: string, message: string) => void lines.push(message) } };
  await checkInputs(service, signal);
  await checkInputs(await stage.isolate(), signal);
  const [problem, ...others] = await problemsOf(service);
  assert.match(problem ?? "", /^invalid nightly@2026-01-06T02:00Z The inputs do not fit the workflow: size .*5/);
  assert.equal(others.length, 0);
  assert.match(lines.join("\n"), /nightly@2026-01-06T02:00Z would fail: .*size/);
  assert.equal((await listDueMessages(service.kv, stage.clock.now(), 10)).length, 1);
  assert.equal(stage.simulator.received("submit").length, 0);
});

Deno.test("a form that changes is noticed within an hour, reported once, and again after it fitted", async () => {
  await using before = await aServiceStage([NIGHTLY], { workflows: { sized: sized(1) } });
  // The same store, on a platform with the changed form.
  await using after = await aServiceStage([NIGHTLY], { workflows: { sized: sized(5) }, backend: before.backend });
  const problemsAfter = async (hours: number, stage: ServiceStage) => {
    const service = await stage.isolate();
    stage.clock.advance(START_MS + hours * HOUR_MS - stage.clock.now());
    await checkInputs(service, signal);
    return (await problemsOf(service)).length;
  };
  assert.deepEqual([await problemsAfter(0, before), await problemsAfter(1, after), await problemsAfter(2, after)], [
    0,
    1,
    1,
  ]);
  assert.deepEqual([await problemsAfter(3, before), await problemsAfter(4, after)], [1, 2]);
});

Deno.test("inputs are checked again when the schedules change, otherwise once an hour", async () => {
  await using stage = await aServiceStage([NIGHTLY], { workflows: { sized: sized(1) } });
  const service = await stage.isolate();
  const requests = async (act: Service) => {
    const before = stage.simulator.received().length;
    await checkInputs(act, signal);
    return stage.simulator.received().length - before;
  };
  assert.ok(await requests(service) > 0);
  stage.clock.advance(HOUR_MS - 1);
  assert.equal(await requests(service), 0);
  const changed = { ...service, schedules: defineSchedules([{ ...NIGHTLY, inputs: { size: "many" } }]) };
  assert.ok(await requests(changed) > 0);
  assert.equal((await problemsOf(service)).length, 1);
  // A clock that was ahead is set back.
  stage.clock.set(-HOUR_MS - 1);
  assert.ok(await requests(changed) > 0);
});

Deno.test("a schedule that was removed for a while starts anew when it is back, and one that was gone for minutes goes on", async () => {
  const hourly = { name: "hourly", cron: "0 * * * *", workflow: "sized", inputs: { size: 3 } };
  const before = "hourly@2026-01-05T09:00Z";
  for (const [goneMinutes, expected] of [[65, ["hourly@2026-01-05T10:00Z", before]], [200, [before]]] as const) {
    await using stage = await aServiceStage([hourly], { workflows: { sized: sized(1) }, startMs: START_MS });
    const service = await stage.isolate();
    const without = { ...service, schedules: defineSchedules([{ ...hourly, name: "another" }]) };
    await scheduledTick(() => Promise.resolve(service), signal);
    for (let minute = 1; minute <= goneMinutes; minute++) {
      stage.clock.advance(60_000);
      await scheduledTick(() => Promise.resolve(without), signal);
    }
    stage.clock.advance(60_000);
    await scheduledTick(() => Promise.resolve(service), signal);
    const found = await service.deps.store.listOfSchedule("hourly", 10);
    assert.deepEqual(found.map(({ submissionId }) => submissionId), expected);
  }
});

for (const [what, status] of [["does not respond", 503], ["a proxy has lost", 404]] as const) {
  Deno.test(`a platform that ${what} is no problem of the schedules`, async () => {
    const suite = { name: "suite", cron: "0 3 * * *", suite: "a.suite.yaml" };
    await using stage = await aServiceStage([NIGHTLY, suite], { workflows: { sized: sized(5) } });
    stage.simulator.addFaults({ on: "*", status, times: Infinity });
    const text = "version: 1\nname: a\ncases:\n  - { name: a, workflow: sized }\n";
    const service = await stage.isolate({ readTextFile: () => Promise.resolve(text) });
    await checkInputs(service, signal);
    assert.deepEqual(await problemsOf(service), []);
  });
}

Deno.test("a check during an outage is repeated minutes later, not each minute", async () => {
  await using stage = await aServiceStage([NIGHTLY], { workflows: { sized: sized(5) }, isHeld: true });
  const service = await stage.isolate();
  stage.simulator.addFaults({ on: "*", status: 503, times: Infinity });
  await checkInputs(service, signal);
  const before = stage.simulator.received().length;
  for (let minute = 1; minute < 5; minute++) {
    stage.clock.advance(60_000);
    await checkInputs(service, signal);
  }
  assert.equal(stage.simulator.received().length, before);
  await using after = await aServiceStage([NIGHTLY], { workflows: { sized: sized(5) }, backend: stage.backend });
  after.clock.advance(stage.clock.now() + 60_000 - after.clock.now());
  await checkInputs(await after.isolate(), signal);
  assert.equal((await problemsOf(service)).length, 1);
});

Deno.test("a check that the end of the process interrupts is repeated minutes later", async () => {
  await using stage = await aServiceStage([NIGHTLY], { workflows: { sized: sized(5) } });
  const service = await stage.isolate();
  await checkInputs(service, AbortSignal.abort(new DOMException("The server is shutting down", "AbortError")));
  assert.deepEqual(await problemsOf(service), []);
  stage.clock.advance(5 * 60_000);
  await checkInputs(service, signal);
  assert.equal((await problemsOf(service)).length, 1);
});

Deno.test("of more schedules than one check has time for, each is checked in the end", async () => {
  const specs = Array.from({ length: 60 }, (_, at) => ({ ...NIGHTLY, name: `nightly-${at}`, notify: [] }));
  await using stage = await aServiceStage(specs, { workflows: { sized: sized(5) }, isHeld: true });
  stage.simulator.addFaults({ on: "get-workflow", latencyMs: 2_000, times: Infinity });
  const service = await stage.isolate();
  const reported = async () => (await listServiceProblems(service.kv, 100)).length;
  await checkInputs(service, signal);
  assert.ok(await reported() < specs.length);
  for (let hour = 1; hour < 15; hour++) {
    stage.clock.advance(HOUR_MS);
    await checkInputs(service, signal);
  }
  assert.equal(await reported(), specs.length);
});
