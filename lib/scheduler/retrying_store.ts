import { type RetryOptions, withRetry } from "../store/kv_retry.ts";
import type { SchedulerStore } from "./scheduler_store.ts";

/**
 * A store that retries while its file is locked, so that a concurrent write does not end a tick. Its methods throw only
 * StorageError.
 */
export function retryingStore(store: SchedulerStore, options: RetryOptions): SchedulerStore {
  const retrying =
    <Args extends readonly unknown[], T>(act: (...args: Args) => Promise<T>) => (...args: Args): Promise<T> =>
      withRetry(() => act(...args), options);
  return {
    readLock: retrying(store.readLock),
    recordIdleTick: retrying(store.recordIdleTick),
    acquireLock: retrying(store.acquireLock),
    releaseLock: retrying(store.releaseLock),
    listProgress: retrying(store.listProgress),
    recordProgress: retrying(store.recordProgress),
    removeProgress: retrying(store.removeProgress),
    listOpenOccurrences: retrying(store.listOpenOccurrences),
    addOccurrence: retrying(store.addOccurrence),
    getOccurrence: retrying(store.getOccurrence),
    updateOccurrence: retrying(store.updateOccurrence),
    listRecentOccurrences: retrying(store.listRecentOccurrences),
    countResults: retrying(store.countResults),
    listNotifications: retrying(store.listNotifications),
    listProblemNotifications: retrying(store.listProblemNotifications),
    listDueMessages: retrying(store.listDueMessages),
    updateMessage: retrying(store.updateMessage),
    getTickLog: retrying(store.getTickLog),
    prune: retrying(store.prune),
  };
}
