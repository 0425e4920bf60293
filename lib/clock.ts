/** Why this file: everything below the faces takes its time from here, so that tests own the clock. */

/** The one source of time. All instants are milliseconds since the epoch. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Waits, or rejects with the signal's own reason as soon as it is aborted.
   *
   * @param durationMs Milliseconds; zero or less resolves on the next turn.
   */
  sleep(durationMs: number, options: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** A signal that aborts with a `TimeoutError` after `durationMs`, until it is disposed. */
  timeout(durationMs: number): Deadline;
}

/** A running deadline: dispose it when what it guards is done. */
export interface Deadline extends Disposable {
  /** Aborts with a `TimeoutError` when the time is up. */
  readonly signal: AbortSignal;
}

/** setTimeout counts in a signed 32-bit number; a longer wait would end at once. */
const MAX_TIMER_MS = 2_147_000_000;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),

  async sleep(durationMs, { signal }) {
    const endMs = Date.now() + durationMs;
    do {
      await timer(Math.min(Math.max(0, endMs - Date.now()), MAX_TIMER_MS), signal);
    } while (Date.now() < endMs);
  },

  timeout(durationMs) {
    const controller = new AbortController();
    const id = setTimeout(
      () => controller.abort(new DOMException(`No answer within ${durationMs} ms`, "TimeoutError")),
      Math.min(durationMs, MAX_TIMER_MS),
    );
    return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(id) };
  },
};

function timer(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(id);
      reject(signal?.reason);
    };
    const id = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, durationMs);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** A clock that runs `speed` times as fast as another: what takes a minute there takes a second here at 60. */
export function fastClock(base: Clock, speed: number): Clock {
  if (!(speed > 0)) throw new RangeError(`speed must be above 0: got ${speed}`);
  const startMs = base.now();
  return {
    now: () => startMs + (base.now() - startMs) * speed,
    sleep: (durationMs, options) => base.sleep(durationMs / speed, options),
    timeout: (durationMs) => base.timeout(durationMs / speed),
  };
}
