import assert from "node:assert/strict";
import { fastClock, systemClock } from "../lib/clock.ts";
import { virtualClock } from "./support/virtual_clock.ts";

Deno.test("systemClock.sleep() rejects at once with the signal's own reason", async () => {
  const reason = new Error("aborted");
  await assert.rejects(systemClock.sleep(60_000, { signal: AbortSignal.abort(reason) }), (error) => error === reason);
  const controller = new AbortController();
  const sleeping = systemClock.sleep(60_000, { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(sleeping, (error) => error === reason);
});

Deno.test("systemClock.sleep() ends after its time, in the order in which sleeps end", async () => {
  const ends: number[] = [];
  const startMs = performance.now();
  await Promise.all([40, 20, 0].map(async (durationMs) => {
    await systemClock.sleep(durationMs, {});
    assert.ok(performance.now() - startMs >= durationMs);
    ends.push(durationMs);
  }));
  assert.deepEqual(ends, [0, 20, 40]);
});

Deno.test("a disposed systemClock.timeout() does not abort its signal", () => {
  const deadline = systemClock.timeout(60_000);
  deadline[Symbol.dispose]();
  assert.ok(!deadline.signal.aborted);
});

Deno.test("systemClock calls no setTimeout(), whose first call takes long, and its timeout() is a TimeoutError", async () => {
  const { setTimeout } = globalThis;
  Object.assign(globalThis, { setTimeout: () => assert.fail("setTimeout() was called") });
  try {
    for (const durationMs of [-1, 0, 1]) await systemClock.sleep(durationMs, {});
    using deadline = systemClock.timeout(1);
    await new Promise((resolve) => deadline.signal.addEventListener("abort", resolve));
    assert.equal(deadline.signal.reason.name, "TimeoutError");
  } finally {
    Object.assign(globalThis, { setTimeout });
  }
});

Deno.test("fastClock() at speed 60 lets a minute pass in a second", async () => {
  const base = virtualClock();
  const clock = fastClock(base, 60);
  const [startMs, baseStartMs] = [clock.now(), base.now()];
  await clock.sleep(60_000, {});
  assert.equal(base.now() - baseStartMs, 1_000);
  assert.equal(clock.now() - startMs, 60_000);
  assert.throws(() => fastClock(base, 0), RangeError);
});

Deno.test("the clock of tests leaves no timer where a test itself ends the last sleep", async () => {
  const clock = virtualClock();
  const timeout = clock.timeout(1_000);
  const slept = clock.sleep(5_000, { signal: undefined });
  clock.advance(1_000);
  assert.ok(timeout.signal.aborted);
  clock.advance(5_000);
  await slept;
});
