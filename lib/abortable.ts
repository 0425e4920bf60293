import type { Clock, Deadline } from "./clock.ts";

/** Waits for something that cannot be aborted itself: rejects with the signal's reason once that aborts. */
export async function abortable<T>(pending: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([aborted.promise, pending]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** A signal that aborts `delayMs` later than another one, with its reason. */
export function delayedAbort(
  signal: AbortSignal,
  { clock, delayMs }: { readonly clock: Pick<Clock, "sleep">; readonly delayMs: number },
): Deadline {
  const delayed = new AbortController();
  const disposed = new AbortController();
  const onAbort = () => {
    clock.sleep(delayMs, { signal: disposed.signal }).then(() => delayed.abort(signal.reason), () => {});
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return {
    signal: delayed.signal,
    [Symbol.dispose]() {
      signal.removeEventListener("abort", onAbort);
      disposed.abort();
    },
  };
}
