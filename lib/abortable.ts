import type { Clock, Deadline } from "./clock.ts";

/** Waits for something that cannot be aborted itself: rejects with the signal's reason once that aborts. */
export async function abortable<T>(pending: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await pending;
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

/** Rejects with the reason of the abort once the grace period has passed since then. */
export async function endedAfterAbort<T>(
  pending: Promise<T>,
  { signal, clock, graceMs, onEnd }: {
    readonly signal: AbortSignal;
    readonly clock: Pick<Clock, "timeout">;
    readonly graceMs: number;
    readonly onEnd: () => void;
  },
): Promise<T> {
  const ended = Promise.withResolvers<never>();
  let deadline: Deadline | undefined;
  const onAbort = () => {
    deadline = clock.timeout(graceMs);
    deadline.signal.addEventListener("abort", () => {
      onEnd();
      ended.reject(signal.reason);
    });
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([ended.promise, pending]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    deadline?.[Symbol.dispose]();
  }
}
