import assert from "node:assert/strict";
import { formatAbsoluteTime, formatRelativeTime } from "../../../lib/server/html.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9, 30);

for (
  const [offsetMs, want] of [
    [0, "now"],
    [999, "now"],
    [-999, "now"],
    [185_000, "in 3m 05s"],
    [-1_000, "1s ago"],
    [-130 * 60_000, "2h 10m ago"],
  ] as const
) {
  Deno.test(`${offsetMs} ms from now is "${want}"`, () => {
    assert.equal(formatRelativeTime(NOW_MS + offsetMs, NOW_MS), want);
  });
}

for (
  const [at, want] of [
    ["2026-01-05T02:05:59Z", "02:05 UTC"],
    ["2026-01-06T00:00:00Z", "6 Jan 00:00 UTC"],
    ["2025-12-31T23:59:00Z", "31 Dec 2025 23:59 UTC"],
    ["2027-01-05T09:30:00Z", "5 Jan 2027 09:30 UTC"],
  ] as const
) {
  Deno.test(`on 5 January 2026, ${at} is "${want}"`, () => {
    assert.equal(formatAbsoluteTime(Date.parse(at), NOW_MS), want);
  });
}
