/** Why this file: a local file of Deno KV is locked while another handle writes, and says so at once. */

import type { Clock } from "../clock.ts";
import { StorageError } from "../errors.ts";
import { WriteConflict } from "./run_store.ts";

/** What pauses between tries are made of. */
export interface RetryParts {
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
}

/** Beyond that something else is wrong. */
export const MAX_TRIES = 8;

/**
 * Acts again while the store is locked, ever more seldom, for a few seconds. What was locked has changed nothing.
 *
 * @throws StorageError for what Deno KV throws in the end; WriteConflict as it comes.
 */
export async function withRetry<T>(act: () => Promise<T>, { clock, random }: RetryParts): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await act();
    } catch (error) {
      if (error instanceof WriteConflict || error instanceof StorageError) throw error;
      const words = error instanceof Error ? error.message : String(error);
      // SQLite's own fixed words, below Deno KV: it passes no code.
      if (tries < MAX_TRIES && /database is locked/.test(words)) {
        await clock.sleep(random() * 20 * 2 ** tries, {});
        continue;
      }
      throw new StorageError(`Cannot use the store: ${words}`, { hint: "Try again", cause: error });
    }
  }
}
