/** Why this file: a tick should not end because somebody else was writing to the same file just then. */

import { type RetryParts, withRetry } from "../lib/ledger/kv_retry.ts";
import type { CloudStore } from "./store.ts";

/** The same store, which asks again while its file is locked, and throws nothing but StorageError. */
export function patientStore(store: CloudStore, parts: RetryParts): CloudStore {
  const patient =
    <Args extends readonly unknown[], T>(act: (...args: Args) => Promise<T>) => (...args: Args): Promise<T> =>
      withRetry(() => act(...args), parts);
  return {
    turn: patient(store.turn),
    pass: patient(store.pass),
    acquire: patient(store.acquire),
    release: patient(store.release),
    progress: patient(store.progress),
    begin: patient(store.begin),
    forget: patient(store.forget),
    openSlots: patient(store.openSlots),
    addSlot: patient(store.addSlot),
    slot: patient(store.slot),
    move: patient(store.move),
    lastSlots: patient(store.lastSlots),
    countEnds: patient(store.countEnds),
    reports: patient(store.reports),
    troubles: patient(store.troubles),
    dueMessages: patient(store.dueMessages),
    settleMessage: patient(store.settleMessage),
    tickLog: patient(store.tickLog),
    prune: patient(store.prune),
  };
}
