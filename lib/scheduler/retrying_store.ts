/** Why this file: a tick should not end because somebody else was writing to the same file just then. */

import { type RetryParts, withRetry } from "../store/kv_retry.ts";
import type { SchedulerStore } from "./scheduler_store.ts";

/** The same store, which asks again while its file is locked, and throws nothing but StorageError. */
export function retryingStore(store: SchedulerStore, parts: RetryParts): SchedulerStore {
  const patient =
    <Args extends readonly unknown[], T>(act: (...args: Args) => Promise<T>) => (...args: Args): Promise<T> =>
      withRetry(() => act(...args), parts);
  return {
    turn: patient(store.turn),
    recordIdleTick: patient(store.recordIdleTick),
    acquire: patient(store.acquire),
    release: patient(store.release),
    progress: patient(store.progress),
    begin: patient(store.begin),
    removeProgress: patient(store.removeProgress),
    openOccurrences: patient(store.openOccurrences),
    addOccurrence: patient(store.addOccurrence),
    occurrence: patient(store.occurrence),
    move: patient(store.move),
    lastOccurrences: patient(store.lastOccurrences),
    countEnds: patient(store.countEnds),
    notifications: patient(store.notifications),
    problemNotifications: patient(store.problemNotifications),
    dueOutboxMessages: patient(store.dueOutboxMessages),
    completeMessage: patient(store.completeMessage),
    tickLog: patient(store.tickLog),
    prune: patient(store.prune),
  };
}
