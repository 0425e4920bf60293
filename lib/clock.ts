/** The only source of time below the entry points, so that tests can replace it. Instants are milliseconds since the epoch. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Waits; rejects with the signal's own reason as soon as the signal is aborted.
   *
   * @param durationMs Milliseconds; zero or less resolves in the next iteration of the event loop.
   */
  sleep(durationMs: number, options: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** A deadline that aborts after `durationMs` unless it is disposed first. */
  timeout(durationMs: number): Deadline;
}

/** A running timer: dispose it when the guarded operation is done. */
export interface Deadline extends Disposable {
  /** Aborts with a `TimeoutError` when the deadline passes. */
  readonly signal: AbortSignal;
}

/** `setTimeout` takes a signed 32-bit number of milliseconds; a longer delay would fire at once. */
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
      () => controller.abort(new DOMException(`No response within ${durationMs} ms`, "TimeoutError")),
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

/** A clock that runs `speed` times as fast as `base`: at 60, a minute takes a second. */
export function fastClock(base: Clock, speed: number): Clock {
  if (!(speed > 0)) throw new RangeError(`speed must be above 0: got ${speed}`);
  const startMs = base.now();
  return {
    now: () => startMs + (base.now() - startMs) * speed,
    sleep: (durationMs, options) => base.sleep(durationMs / speed, options),
    timeout: (durationMs) => base.timeout(durationMs / speed),
  };
}
