import assert from "node:assert/strict";
import { aPendingSubmission } from "../support/records.ts";
import { cliStage } from "../support/cli_stage.ts";

Deno.test("resume never sends a row of a batch that was never sent, and names the batch", async () => {
  await using stage = await cliStage();
  const origin = { type: "batch", batchId: "sweep-1", rowKey: "a", attempt: 1, isRetry: false } as const;
  await stage.put(aPendingSubmission({ owner: stage.owner, createdAtMs: stage.nowMs(), origin }));
  for (const options of [[], ["--submit-pending"]]) {
    const { stderr } = await stage.call(["resume", ...options]);
    assert.match(stderr, /belongs to the batch sweep-1/);
  }
  assert.equal(stage.simulator.received("submit").length, 0);
});
