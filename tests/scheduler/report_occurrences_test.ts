import assert from "node:assert/strict";
import { rejectOccurrence, reportDeadlines, reportEnds } from "../../lib/scheduler/report_occurrences.ts";
import {
  acquireTickLock,
  addWaitingOccurrence,
  listDueMessages,
  listServiceProblems,
  listWaitingOccurrences,
  readTickState,
} from "../../lib/scheduler/scheduler_store.ts";
import type { TickContext } from "../../lib/scheduler/service.ts";
import { DENO_KV_LIMITS } from "../../lib/store/deno_kv.ts";
import { memoryBackend } from "../../lib/store/memory_kv.ts";
import { aFinishedSubmission, anActiveSubmission } from "../support/records.ts";
import { aServiceStage } from "../support/service.ts";

const SPEC = { name: "every", cron: "* * * * *", workflow: "quick", deadline: "5m" };
const ORIGIN = {
  type: "schedule",
  schedule: "every",
  scheduledAtMs: 1,
  isDeadlineReported: false,
  isReported: false,
} as const;

for (const isLost of [false, true]) {
  Deno.test(`a tick that ${isLost ? "lost" : "holds"} its lock ${isLost ? "reports nothing" : "reports once"}`, async () => {
    await using stage = await aServiceStage([SPEC]);
    const { kv } = stage;
    const service = await stage.isolate();
    const { store } = service.deps;
    await addWaitingOccurrence(kv, { id: "every@a", schedule: "every", scheduledAtMs: 1 });
    await store.put(anActiveSubmission({ submissionId: "every@b", origin: ORIGIN }));
    await store.put(aFinishedSubmission({ submissionId: "every@c", origin: ORIGIN }));
    const lock = await acquireTickLock(kv, await readTickState(kv), Infinity);
    assert.ok(lock !== undefined);
    if (isLost) await acquireTickLock(kv, await readTickState(kv), Infinity);
    const schedules = new Map(service.schedules.map((schedule) => [schedule.name, schedule]));
    const context: TickContext = { service, schedules, lock, signal: AbortSignal.timeout(10_000) };
    for (let time = 0; time < 2; time++) {
      await rejectOccurrence(context, { id: "every@a", schedule: "every", scheduledAtMs: 1 }, {
        kind: "missed",
        message: "late",
      });
      await reportDeadlines(context, await Array.fromAsync(store.openRows("service")));
      await reportEnds(context);
    }
    const problems = (await listServiceProblems(kv, 10)).map(({ kind }) => kind).toSorted();
    assert.deepEqual(problems, isLost ? [] : ["deadline", "missed"]);
    assert.equal((await listWaitingOccurrences(kv)).length, isLost ? 1 : 0);
    assert.equal((await store.listUnreported(9)).length, isLost ? 1 : 0);
    assert.equal((await store.get("every@a"))?.state, isLost ? undefined : "rejected");
  });
}

Deno.test("a message of any length is reported: what the webhook gets of it fits into one row of Deno KV", async () => {
  const notify = [{ url: "https://example.com/a", on: ["failed", "unknown"] as const }];
  await using stage = await aServiceStage([{ ...SPEC, notify }], {
    backend: { ...memoryBackend(), limits: DENO_KV_LIMITS },
  });
  const service = await stage.isolate();
  const { store } = service.deps;
  const result = { ...aFinishedSubmission().result, status: "failed", errorMessage: "x".repeat(20_000) } as const;
  await store.put(aFinishedSubmission({ submissionId: "every@a", origin: ORIGIN, result }));
  const lock = await acquireTickLock(stage.kv, await readTickState(stage.kv), Infinity);
  assert.ok(lock !== undefined);
  const schedules = new Map(service.schedules.map((schedule) => [schedule.name, schedule]));
  await reportEnds({ service, schedules, lock, signal: AbortSignal.timeout(10_000) });
  assert.equal((await store.listUnreported(9)).length, 0);
  const [message] = await listDueMessages(stage.kv, stage.clock.now(), 10);
  assert.equal(message?.value.notification.message, `${"x".repeat(500)}…`);
});
