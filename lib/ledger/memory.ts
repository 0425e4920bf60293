/** Why this file: a keeper for one process, and the measure that the durable ones are held to. */

import type { HostProfile, RunRecord } from "../model.ts";
import { type Ledger, StaleRecord, storable } from "./ledger.ts";

/** Keeps everything until the process ends. */
export function memoryLedger(): Ledger {
  const records = new Map<string, RunRecord>();
  const profiles = new Map<string, HostProfile>();
  const newestFirst = () => [...records.values()].sort((a, b) => b.intendedAtMs - a.intendedAtMs);
  return {
    // deno-lint-ignore require-await -- the interface is asynchronous for keepers that are
    async put(record) {
      const stored = records.get(record.wishId)?.revision ?? 0;
      if (stored !== record.revision) {
        throw new StaleRecord(`Cannot write ${record.wishId}: revision ${stored} is stored, not ${record.revision}`);
      }
      const written = { ...record, revision: record.revision + 1 };
      records.set(record.wishId, structuredClone(storable(written)));
      return written;
    },
    get: (wishId) => Promise.resolve(records.get(wishId)),
    listOpen: ({ host, user }) =>
      Promise.resolve(
        newestFirst().reverse().filter((record) =>
          record.owner.host === host && record.owner.user === user &&
          record.state !== "settled" && record.state !== "refused"
        ),
      ),
    listRecent: ({ host, user }, { limit, workflow }) =>
      Promise.resolve(
        newestFirst().filter((record) =>
          record.owner.host === host && record.owner.user === user &&
          (workflow === undefined || record.request.workflow === workflow)
        ).slice(0, limit),
      ),
    profile: (host) => Promise.resolve(profiles.get(host) ?? {}),
    // deno-lint-ignore require-await -- as above
    async learn(host, facts) {
      profiles.set(host, { ...profiles.get(host), ...facts });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
