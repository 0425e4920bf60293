import assert from "node:assert/strict";
import { readStatus } from "../../lib/client/run_status.ts";

for (
  const [word, completedAt, status, phase, isKnown] of [
    ["running", null, "running", "going", true],
    ["canceling", null, "running", "going", true],
    ["completed", "2026-01-05T09:00:00Z", "completed", "ended", true],
    ["error", null, "failed", "ended", true],
    ["canceled", null, "cancelled", "ended", true],
    ["cancelled", null, "cancelled", "ended", true],
    ["Completed", null, "completed", "ended", true],
    ["faulted", null, "failed", "failing", true],
    ["hibernating", null, "running", "going", false],
    ["hibernating", "2026-01-05T09:00:00Z", "failed", "failing", false],
    ["", null, "running", "going", false],
  ] as const
) {
  Deno.test(`readStatus("${word}") ${completedAt === null ? "" : "with an end "}is ${status}, ${phase}`, () => {
    assert.deepEqual(readStatus(word, completedAt), { status, phase, platformStatus: word, isStatusKnown: isKnown });
  });
}
