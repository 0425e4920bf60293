/**
 * A clock that tests control. Nothing waits in real time: as soon as something sleeps, the clock jumps to the earliest
 * instant of a sleep or timeout. The simulator shares the clock. Requests in flight are real, so the jump happens in a
 * later iteration of the event loop, and only if something is still sleeping. Like a real clock, it shows whole
 * milliseconds.
 */

import type { Clock } from "../../lib/clock.ts";

const TIMEOUT_SETTLES_MS = 20;

interface Waiter {
  readonly atMs: number;
  readonly isSleep: boolean;
  readonly wake: () => void;
}

export interface VirtualClock extends Clock {
  /** Advances the time; sleeps and timeouts that are due end. */
  advance(durationMs: number): void;
  /** Sets the wall clock forward, or back by a negative duration; no time passes. */
  set(durationMs: number): void;
  /** Until it is disposed, the clock does not jump: something real is to be waited for. */
  hold(): Disposable;
  /** Takes back a hold until it is disposed. */
  release(): Disposable;
  /** The total time of completed sleeps. */
  readonly sleptMs: number;
}

export function virtualClock(startMs: number = Date.UTC(2026, 0, 5, 9)): VirtualClock {
  let nowMs = startMs;
  let offsetMs = 0;
  let sleptMs = 0;
  let holds = 0;
  let jump: ReturnType<typeof setTimeout> | undefined;
  const waiters = new Set<Waiter>();

  const moveTo = (instantMs: number) => {
    nowMs = Math.max(nowMs, instantMs);
    let delayMs = 0;
    for (const waiter of [...waiters].sort((a, b) => a.atMs - b.atMs)) {
      if (waiter.atMs > nowMs) break;
      waiters.delete(waiter);
      waiter.wake();
      // What a timeout ends is real, and must have ended before the time goes on.
      if (!waiter.isSleep) delayMs = TIMEOUT_SETTLES_MS;
    }
    unplan();
    plan(delayMs);
  };
  const isSleeping = () => [...waiters].some((waiter) => waiter.isSleep);
  const plan = (delayMs = 0) => {
    if (!isSleeping() || jump !== undefined || holds > 0) return;
    jump = setTimeout(() => {
      jump = undefined;
      if (holds > 0 || !isSleeping()) return;
      moveTo(Math.min(...[...waiters].map((waiter) => waiter.atMs)));
    }, delayMs);
  };
  /** A timer must not outlive the test. */
  const unplan = () => {
    if (isSleeping()) return;
    clearTimeout(jump);
    jump = undefined;
  };

  const holding = (count: number): Disposable => {
    holds += count;
    plan();
    return {
      [Symbol.dispose]() {
        holds -= count;
        plan();
      },
    };
  };

  return {
    hold: () => holding(1),
    release: () => holding(-1),
    now: () => nowMs + offsetMs,
    monotonic: () => nowMs - startMs,
    set: (durationMs) => void (offsetMs += durationMs),
    get sleptMs() {
      return sleptMs;
    },
    advance: (durationMs) => moveTo(nowMs + durationMs),
    sleep(durationMs, { signal }) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const startedMs = nowMs;
        const waiter: Waiter = {
          atMs: nowMs + Math.max(0, Math.ceil(durationMs)),
          isSleep: true,
          wake: () => {
            signal?.removeEventListener("abort", onAbort);
            sleptMs += nowMs - startedMs;
            resolve();
          },
        };
        const onAbort = () => {
          waiters.delete(waiter);
          unplan();
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", onAbort, { once: true });
        waiters.add(waiter);
        plan();
      });
    },
    timeout(durationMs) {
      const controller = new AbortController();
      const waiter: Waiter = {
        atMs: nowMs + Math.ceil(durationMs),
        isSleep: false,
        wake: () => controller.abort(new DOMException(`No response within ${durationMs} ms`, "TimeoutError")),
      };
      waiters.add(waiter);
      return { signal: controller.signal, [Symbol.dispose]: () => void waiters.delete(waiter) };
    },
  };
}
