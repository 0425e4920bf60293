import assert from "node:assert/strict";
import { httpDateMs, isPassing, RETRY_POLICY, retryAfterMs, retryDelayMs } from "../../lib/client/retry.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9, 0, 0);

for (
  const [header, wantMs] of [
    ["7", 7_000],
    ["0", 0],
    [" 12 ", 12_000],
    ["Mon, 05 Jan 2026 09:00:07 GMT", 7_000],
    ["Monday, 05-Jan-26 09:00:07 GMT", 7_000],
    ["Mon Jan  5 09:00:07 2026", 7_000],
    ["Mon, 05 Jan 2026 08:00:00 GMT", 0],
    ["-5", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["2026-01-05T09:00:07Z", undefined],
    ["", undefined],
    [null, undefined],
  ] as const
) {
  Deno.test(`retryAfterMs(${JSON.stringify(header)}) is ${wantMs}`, () => {
    assert.equal(retryAfterMs(header, NOW_MS), wantMs);
  });
}

Deno.test("httpDateMs() reads no other form of date", () => assert.equal(httpDateMs("5 Jan 2026 09:00"), undefined));

for (
  const [status, want] of [
    [429, true],
    [500, true],
    [502, true],
    [503, true],
    [504, true],
    [501, false],
    [404, false],
    [409, false],
    [200, false],
  ] as const
) {
  Deno.test(`isPassing(${status}) is ${want}`, () => assert.equal(isPassing(status), want));
}

const trial = { failures: 1, elapsedMs: 0, retryAfterMs: undefined };

Deno.test("retryDelayMs() is full jitter under a doubling bound", () => {
  assert.equal(retryDelayMs(trial, RETRY_POLICY, () => 0), 0);
  assert.equal(retryDelayMs(trial, RETRY_POLICY, () => 1), 500);
  assert.equal(retryDelayMs({ ...trial, failures: 3 }, RETRY_POLICY, () => 1), 2_000);
  const patient = { ...RETRY_POLICY, maxAttempts: 100 };
  assert.equal(retryDelayMs({ ...trial, failures: 50 }, patient, () => 1), 30_000);
});

Deno.test("retryDelayMs() takes Retry-After for a floor, and gives up where it leads beyond the budget", () => {
  assert.equal(retryDelayMs({ ...trial, retryAfterMs: 7_000 }, RETRY_POLICY, () => 0), 7_000);
  assert.equal(retryDelayMs({ ...trial, retryAfterMs: 61_000 }, RETRY_POLICY, () => 0), null);
  assert.equal(retryDelayMs({ ...trial, elapsedMs: 59_900, retryAfterMs: 200 }, RETRY_POLICY, () => 0), null);
});

Deno.test("retryDelayMs() ends after four attempts", () => {
  assert.equal(retryDelayMs({ ...trial, failures: 4 }, RETRY_POLICY, () => 0), null);
});
