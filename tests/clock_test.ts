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

Deno.test("a disposed systemClock.timeout() does not abort its signal", () => {
  const deadline = systemClock.timeout(60_000);
  deadline[Symbol.dispose]();
  assert.ok(!deadline.signal.aborted);
});

Deno.test("systemClock.timeout() aborts with a TimeoutError, and calls no setTimeout(), whose first call takes long", async () => {
  const { setTimeout } = globalThis;
  Object.assign(globalThis, { setTimeout: () => assert.fail("setTimeout() was called") });
  try {
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
