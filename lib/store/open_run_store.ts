import type { Clock } from "../clock.ts";
import { openKv } from "./open_kv.ts";
import { createRunStore, type RunStore } from "./run_store.ts";

/** What opening a store needs. */
export interface OpenRunStoreOptions {
  /** For the delays between attempts. */
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
  /** Called with what happened when a damaged file was set aside; `null` leaves it in place, and throws. */
  readonly onSetAside: ((message: string) => void) | null;
}

/**
 * Opens a store for runs by its name: a path, `sqlite:PATH`, `postgres://…`, `deno-kv:…` or `memory:`. Opens it when it is
 * first used; faults that pass are retried. Each use throws StorageError if it cannot be opened.
 *
 * @throws UsageError for any other name.
 */
export function openRunStore(
  name: string,
  options: OpenRunStoreOptions,
): RunStore {
  return createRunStore(openKv(name, options));
}
