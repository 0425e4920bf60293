/** A clock that stands: a sleep ends by its signal alone, and leaves no timer behind. */

import type { Clock } from "../../lib/clock.ts";

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
