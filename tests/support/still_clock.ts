import type { Clock } from "../../lib/clock.ts";

/** A stopped clock: a sleep ends only by its signal, and leaves no timer behind. */
export function stillClock(nowMs: number = Date.UTC(2026, 0, 5, 9)): Clock {
  return {
    now: () => nowMs,
    sleep: (_durationMs, { signal }) =>
      new Promise((_resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
    timeout: () => ({ signal: new AbortController().signal, [Symbol.dispose]: () => {} }),
  };
}
