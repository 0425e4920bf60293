/**
 * A clock that tests control. Nothing waits in real time: as soon as something sleeps, the clock jumps to the earliest
 * instant of a sleep or timeout. The simulator shares the clock. Requests in flight are real, so the jump happens in a
 * later iteration of the event loop, and only if something is still sleeping.
 */

import type { Clock } from "../../lib/clock.ts";

interface Waiter {
  readonly atMs: number;
  readonly isSleep: boolean;
  readonly wake: () => void;
}

export interface VirtualClock extends Clock {
  /** Advances the time; sleeps and timeouts that are due end. */
  advance(durationMs: number): void;
  /** The total time of completed sleeps. */
  readonly sleptMs: number;
}

export function virtualClock(startMs: number = Date.UTC(2026, 0, 5, 9)): VirtualClock {
  let nowMs = startMs;
  let sleptMs = 0;
  let jump: ReturnType<typeof setTimeout> | undefined;
  const waiters = new Set<Waiter>();

  const moveTo = (instantMs: number) => {
    nowMs = Math.max(nowMs, instantMs);
    for (const waiter of [...waiters].sort((a, b) => a.atMs - b.atMs)) {
      if (waiter.atMs > nowMs) break;
      waiters.delete(waiter);
      waiter.wake();
    }
    plan();
  };
  const plan = () => {
    const isSleeping = [...waiters].some((waiter) => waiter.isSleep);
    if (!isSleeping || jump !== undefined) return;
    jump = setTimeout(() => {
      jump = undefined;
      if (![...waiters].some((waiter) => waiter.isSleep)) return;
      moveTo(Math.min(...[...waiters].map((waiter) => waiter.atMs)));
    }, 0);
  };

  return {
    now: () => nowMs,
    get sleptMs() {
      return sleptMs;
    },
    advance: (durationMs) => moveTo(nowMs + durationMs),
    sleep(durationMs, { signal }) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const startedMs = nowMs;
        const waiter: Waiter = {
          atMs: nowMs + Math.max(0, durationMs),
          isSleep: true,
          wake: () => {
            signal?.removeEventListener("abort", onAbort);
            sleptMs += nowMs - startedMs;
            resolve();
          },
        };
        const onAbort = () => {
          waiters.delete(waiter);
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
        atMs: nowMs + durationMs,
        isSleep: false,
        wake: () => controller.abort(new DOMException(`No response within ${durationMs} ms`, "TimeoutError")),
      };
      waiters.add(waiter);
      return { signal: controller.signal, [Symbol.dispose]: () => void waiters.delete(waiter) };
    },
  };
}
