import assert from "node:assert/strict";
import { isTransient, RETRY_POLICY, retryDelayMs } from "../../lib/platform/request.ts";
import { httpDateMs, retryAfterMs } from "../../lib/platform/response_error.ts";

const NOW = Date.UTC(1994, 10, 6, 8, 49, 30);
const state = { failures: 1, elapsedMs: 0, retryAfterMs: undefined };

for (const status of [429, 500, 502, 503, 504]) {
  Deno.test(`status ${status} is transient`, () => assert.equal(isTransient(status), true));
}
for (const status of [400, 401, 403, 404, 409, 422, 501, 505]) {
  Deno.test(`status ${status} is not transient`, () => assert.equal(isTransient(status), false));
}

for (const [failures, capMs] of [[1, 500], [2, 1000], [3, 2000]] as const) {
  Deno.test(`after ${failures} failures the delay is between 0 and ${capMs} ms`, () => {
    const delayMs = (random: number) => retryDelayMs({ ...state, failures }, RETRY_POLICY, () => random);
    assert.deepEqual([delayMs(0), delayMs(0.5)], [0, capMs / 2]);
  });
}

Deno.test("the delay never exceeds the cap, however many attempts failed", () => {
  const policy = { ...RETRY_POLICY, maxAttempts: 100 };
  assert.equal(retryDelayMs({ ...state, failures: 60 }, policy, () => 1), RETRY_POLICY.maxDelayMs);
});

Deno.test("the fourth failure ends the retries", () => {
  assert.notEqual(retryDelayMs({ ...state, failures: 3 }, RETRY_POLICY, () => 0), null);
  assert.equal(retryDelayMs({ ...state, failures: 4 }, RETRY_POLICY, () => 0), null);
});

Deno.test("the delay is at least Retry-After, even beyond the cap", () => {
  assert.equal(retryDelayMs({ ...state, retryAfterMs: 45_000 }, RETRY_POLICY, () => 0.5), 45_000);
  assert.equal(retryDelayMs({ ...state, retryAfterMs: 0 }, RETRY_POLICY, () => 0.5), 250);
});

Deno.test("a retry that exceeds the budget is not attempted", () => {
  assert.equal(retryDelayMs({ ...state, retryAfterMs: 61_000 }, RETRY_POLICY, () => 0), null);
  assert.equal(retryDelayMs({ ...state, elapsedMs: 59_900 }, RETRY_POLICY, () => 0.5), null);
  assert.equal(retryDelayMs({ ...state, elapsedMs: 59_000 }, RETRY_POLICY, () => 0.5), 250);
});

const HEADERS: readonly (readonly [string | null, number | undefined])[] = [
  ["0", 0],
  ["120", 120_000],
  [" 7 ", 7_000],
  ["Sun, 06 Nov 1994 08:49:37 GMT", 7_000],
  ["Sunday, 06-Nov-94 08:49:37 GMT", 7_000],
  ["Sun Nov  6 08:49:37 1994", 7_000],
  ["Sun, 06 Nov 1994 08:49:00 GMT", 0],
  [null, undefined],
  ["", undefined],
  ["-5", undefined],
  ["1.5", undefined],
  ["2026", 2_026_000],
  ["soon", undefined],
  ["Sun, 99 Foo 1994", undefined],
  ["99999999999999999999", undefined],
];

for (const [header, want] of HEADERS) {
  Deno.test(`Retry-After ${JSON.stringify(header)} is ${want} ms`, () => {
    assert.equal(retryAfterMs(header, NOW), want);
  });
}

Deno.test("an ISO 8601 date is not an HTTP date", () => assert.equal(httpDateMs("1994-11-06T08:49:37Z"), undefined));
