import assert from "node:assert/strict";
import {
  DEFAULT_POLL_INTERVAL,
  followDelayMs,
  pollDelayMs,
  resubmitDelayMs,
  searchDelayMs,
} from "../../lib/runs/poll_interval.ts";

const never = () => 0;
const always = () => 0.999;

for (
  const [elapsedMs, wantMs] of [
    [0, 1_000],
    [1_000, 1_500],
    [2_500, 2_500],
    [4_600, 7_300],
    [5_000, 7_500],
    [12_500, 11_250],
    [3_600_000, 60_000],
  ] as const
) {
  Deno.test(`pollDelayMs() after ${elapsedMs} ms is ${wantMs} ms`, () => {
    assert.equal(pollDelayMs(elapsedMs, DEFAULT_POLL_INTERVAL, never), wantMs);
  });
}

Deno.test("pollDelayMs() grows by half from poll to poll up to the maximum", () => {
  const pollInterval = { pollIntervalMs: 2_000, maxPollIntervalMs: 100_000 };
  const delays: number[] = [];
  for (let elapsedMs = 0; delays.length < 8; elapsedMs += delays.at(-1) ?? 0) {
    delays.push(pollDelayMs(elapsedMs, pollInterval, never));
  }
  for (const [index, delay] of delays.entries()) {
    if (index > 0) assert.equal(delay / (delays[index - 1] ?? NaN), 1.5);
  }
});

Deno.test("pollDelayMs() is shortened by at most a tenth, and never below Retry-After", () => {
  assert.ok(pollDelayMs(0, DEFAULT_POLL_INTERVAL, always) >= 900);
  assert.equal(pollDelayMs(0, DEFAULT_POLL_INTERVAL, always, 7_000), 7_000);
});

Deno.test("pollDelayMs() treats a clock that went back as no elapsed time", () => {
  assert.equal(pollDelayMs(-50_000, DEFAULT_POLL_INTERVAL, never), 1_000);
});

Deno.test("pollDelayMs() keeps the interval when the maximum is below it", () => {
  assert.equal(pollDelayMs(9_999, { pollIntervalMs: 20_000, maxPollIntervalMs: 15_000 }, never), 20_000);
});

Deno.test("searchDelayMs() allows at least three searches in a minute", () => {
  let elapsedMs = 0;
  let searches = 0;
  while (elapsedMs < 60_000) elapsedMs += searchDelayMs(searches++);
  assert.ok(searches >= 3 && searches <= 10, `${searches} searches`);
});

Deno.test("resubmitDelayMs() grows up to 30 s, with jitter, and is at least Retry-After", () => {
  assert.equal(resubmitDelayMs(1, never), 1_000);
  assert.ok(resubmitDelayMs(50, always) <= 30_000);
  assert.ok(resubmitDelayMs(1, never, 7_000) >= 7_000);
  assert.ok(resubmitDelayMs(50, always, 7_000) <= 10_000);
});

Deno.test("followDelayMs() grows up to 15 s while nothing is added, and is a second again when something is", () => {
  const delays: number[] = [];
  for (let previousMs = 0; delays.length < 9; previousMs = delays.at(-1) ?? 0) {
    delays.push(Math.round(followDelayMs(previousMs, { hasGrown: false, tookMs: 10 })));
  }
  assert.deepEqual(delays, [1_000, 1_500, 2_250, 3_375, 5_063, 7_595, 11_393, 15_000, 15_000]);
  assert.equal(followDelayMs(15_000, { hasGrown: true, tookMs: 10 }), 1_000);
});

Deno.test("followDelayMs() spends at most a quarter of the time on reading", () => {
  assert.equal(followDelayMs(1_000, { hasGrown: true, tookMs: 20_000 }), 60_000);
});
