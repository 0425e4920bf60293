/** A local Deno KV file is locked while another handle writes, and then operations fail without waiting. */

import type { Clock } from "../clock.ts";
import { StorageError } from "../errors.ts";
import { WriteConflict } from "./run_store.ts";

export interface RetryOptions {
  readonly clock: Clock;
  /** Returns a number in [0, 1), like `Math.random`. */
  readonly random: () => number;
}

export const MAX_ATTEMPTS = 8;

/**
 * Retries with exponential backoff and full jitter while the store is locked, for a few seconds. A locked operation has
 * changed nothing.
 *
 * @throws StorageError for the errors of Deno KV; WriteConflict.
 */
export async function withRetry<T>(act: () => Promise<T>, { clock, random }: RetryOptions): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (error instanceof WriteConflict || error instanceof StorageError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      // SQLite's message: Deno KV passes no code.
      if (attempt < MAX_ATTEMPTS && /database is locked/.test(message)) {
        await clock.sleep(random() * 20 * 2 ** attempt, {});
        continue;
      }
      throw new StorageError(`Cannot use the store: ${message}`, { hint: "Try again", cause: error });
    }
  }
}
