import assert from "node:assert/strict";
import { readStatus } from "../../lib/client/run_status.ts";

const END = "2026-01-05T09:00:00Z";

const WORDS: readonly (readonly [string, string | null, string, string, boolean])[] = [
  ["running", null, "running", "going", true],
  ["canceling", null, "running", "going", true],
  ["canceling", END, "running", "going", true],
  ["completed", END, "completed", "ended", true],
  ["error", END, "failed", "ended", true],
  ["error", null, "failed", "ended", true],
  ["failed", END, "failed", "ended", true],
  ["canceled", END, "cancelled", "ended", true],
  ["cancelled", END, "cancelled", "ended", true],
  ["Completed", END, "completed", "ended", true],
  ["faulted", null, "failed", "failing", true],
  ["faulted", END, "failed", "failing", true],
  ["hibernating", null, "running", "going", false],
  ["hibernating", END, "failed", "failing", false],
  ["", null, "running", "going", false],
  ["constructor", null, "running", "going", false],
];

for (const [word, completedAt, status, phase, isStatusKnown] of WORDS) {
  const end = completedAt === null ? "no end time" : "an end time";
  Deno.test(`"${word}" with ${end} is ${status}, ${phase}${isStatusKnown ? "" : ", and new to us"}`, () => {
    assert.deepEqual(readStatus(word, completedAt), { status, phase, platformStatus: word, isStatusKnown });
  });
}
