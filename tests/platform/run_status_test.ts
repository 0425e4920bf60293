import assert from "node:assert/strict";
import { readStatus } from "../../lib/platform/run_schema.ts";

const END = "2026-01-05T09:00:00Z";

const STATUSES: readonly (readonly [string, string | null, string, boolean, boolean])[] = [
  ["running", null, "running", false, true],
  ["canceling", null, "running", false, true],
  ["canceling", END, "running", false, true],
  ["completed", END, "completed", true, true],
  ["error", END, "failed", true, true],
  ["error", null, "failed", true, true],
  ["failed", END, "failed", true, true],
  ["canceled", END, "cancelled", true, true],
  ["cancelled", END, "cancelled", true, true],
  ["Completed", END, "completed", true, true],
  ["faulted", null, "failed", false, true],
  ["faulted", END, "failed", false, true],
  ["hibernating", null, "running", false, false],
  ["hibernating", END, "failed", false, false],
  ["", null, "running", false, false],
  ["constructor", null, "running", false, false],
];

for (const [platformStatus, completedAt, status, isFinal, isStatusKnown] of STATUSES) {
  const end = completedAt === null ? "no end time" : "an end time";
  const kind = `${isFinal ? "final" : "not final"}${isStatusKnown ? "" : ", and unknown"}`;
  Deno.test(`readStatus("${platformStatus}") with ${end} is ${status}, ${kind}`, () => {
    assert.deepEqual(readStatus(platformStatus, completedAt), { status, isFinal, platformStatus, isStatusKnown });
  });
}
