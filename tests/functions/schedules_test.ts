/** The shipped schedules, on the simulated platform. */

import assert from "node:assert/strict";
import { schedules } from "../../functions/schedules.ts";
import { addWaitingOccurrence } from "../../lib/scheduler/scheduler_store.ts";
import { tick } from "../../lib/scheduler/tick.ts";
import { aServiceStage } from "../support/service.ts";

for (const schedule of schedules) {
  Deno.test(`the shipped schedule ${schedule.name} runs to its end`, async () => {
    await using stage = await aServiceStage([]);
    const service = await stage.isolate({ schedules: [schedule] });
    const scheduledAtMs = stage.clock.now();
    await addWaitingOccurrence(service.kv, { id: "once", schedule: schedule.name, scheduledAtMs });
    for (let minute = 0; minute < 15; minute++) {
      await tick(service);
      stage.clock.advance(60_000);
    }
    const submission = await service.deps.store.get("once");
    assert.equal(submission?.state, "finished", JSON.stringify(submission));
    assert.equal(submission?.state === "finished" && submission.result.status, "completed");
  });
}
