/** The only source of time below the entry points, so that tests can replace it. Instants are milliseconds since the epoch. */
export interface Clock {
  /** Milliseconds since the epoch, for timestamps. Jumps when the machine's clock is set. */
  now(): number;
  /** Milliseconds since an arbitrary instant, for measuring elapsed time. Never jumps, and stops while the machine sleeps. */
  monotonic(): number;
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

/** Timers take a signed 32-bit number of milliseconds; a longer delay would fire at once. */
const MAX_TIMER_MS = 2_147_000_000;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),

  async sleep(durationMs, { signal }) {
    const endMs = performance.now() + durationMs;
    do {
      await wait(endMs - performance.now(), signal);
    } while (performance.now() < endMs);
  },

  timeout(durationMs) {
    const controller = new AbortController();
    const onTimeout = () => controller.abort(new DOMException(`No response within ${durationMs} ms`, "TimeoutError"));
    return { signal: controller.signal, [Symbol.dispose]: startTimer(durationMs, onTimeout) };
  },
};

/**
 * Not `setTimeout`, whose first use loads `node:timers` since Deno 2.9: a third of the time that `list` takes.
 *
 * @returns What stops it.
 */
function startTimer(durationMs: number, onEnd: () => void): () => void {
  const timer = AbortSignal.timeout(Math.min(Math.max(0, durationMs), MAX_TIMER_MS));
  timer.addEventListener("abort", onEnd, { once: true });
  return () => timer.removeEventListener("abort", onEnd);
}

function wait(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      stop();
      reject(signal?.reason);
    };
    const stop = startTimer(durationMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * A clock that runs `speed` times as fast as `base`, and is not set with it: at 60, a minute takes a second. Timeouts take as
 * long as on `base`: they limit a network and a machine, which are no faster.
 */
export function fastClock(base: Clock, speed: number): Clock {
  if (!(speed > 0)) throw new RangeError(`speed must be above 0: got ${speed}`);
  const [startMs, startedMs] = [base.now(), base.monotonic()];
  return {
    now: () => Math.floor(startMs + (base.monotonic() - startedMs) * speed),
    monotonic: () => base.monotonic() * speed,
    sleep: (durationMs, options) => base.sleep(durationMs / speed, options),
    timeout: (durationMs) => base.timeout(durationMs),
  };
}
