import assert from "node:assert/strict";
import { recordObservation } from "../../lib/runs/advance_result.ts";
import { sending } from "../../lib/runs/transition.ts";
import { memoryRunStore } from "../../lib/store/memory_kv.ts";
import type { PendingSubmission, Submission } from "../../lib/submission.ts";
import { aPendingSubmission } from "../support/records.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const REJECTED = { type: "rejected", kind: "never_sent", message: "Its suite ended before it was sent" } as const;

const OTHERS: Readonly<Record<string, (stored: PendingSubmission) => Submission>> = {
  "is sending meanwhile": (stored) => sending(stored, 2_000),
  "will send again after a lost response": (stored) => ({ ...stored, attempts: 1, lostResponses: 1 }),
};

for (const [what, changed] of Object.entries(OTHERS)) {
  Deno.test(`what another process ${what} is not recorded as never sent`, async () => {
    const store = memoryRunStore();
    const deps = { store, clock: virtualClock(), log: () => {} };
    const pending = await store.put(aPendingSubmission({ revision: 0 }));
    assert.ok(pending.state === "pending");
    const inFlight = await store.put(changed(pending));
    assert.equal((await recordObservation(deps, pending, REJECTED)).state, inFlight.state);
    assert.deepEqual(await store.get(pending.submissionId), inFlight);
  });
}

Deno.test("what is not to be sent any more is recorded as such although its record was touched", async () => {
  const store = memoryRunStore();
  const deps = { store, clock: virtualClock(), log: () => {} };
  const pending = await store.put(aPendingSubmission({ revision: 0 }));
  assert.ok(pending.state === "pending");
  await store.put({ ...pending, nextPollAtMs: 3_000 });
  assert.equal((await recordObservation(deps, pending, REJECTED)).state, "rejected");
});
