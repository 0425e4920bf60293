import { RunnerError } from "../errors.ts";
import type { Abortable } from "./client.ts";

/** @param initial From an earlier lookup; `undefined` if there was none. */
export function createLookup<T>(send: (options: Abortable) => Promise<T>, initial?: T) {
  let value = initial;
  let pending: { readonly value: Promise<T>; readonly signal: AbortSignal | undefined } | undefined;
  return {
    /** `undefined` until it is known. */
    cached: () => value,
    /** Makes the request unnecessary. */
    set: (known: T) => void (value = known),
    /** Sends the request the first time only; callers that arrive in the meantime share it. */
    async get(options: Abortable): Promise<T> {
      while (value === undefined) {
        const shared = pending ??= { value: send(options), signal: options.signal };
        try {
          value = await shared.value;
        } catch (error) {
          if (pending === shared) pending = undefined;
          options.signal?.throwIfAborted();
          // Only the caller that started the shared request was aborted: start another one.
          if (error instanceof RunnerError || shared.signal?.aborted !== true) throw error;
        }
      }
      return value;
    },
  };
}
