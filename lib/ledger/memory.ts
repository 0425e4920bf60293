/** Why this file: a keeper for one process, and the measure that the durable ones are held to. */

import type { HostProfile, Owner, RunRecord } from "../model.ts";
import { isOpen, type Ledger, type RecentPlace, slugOf, StaleRecord, storable } from "./ledger.ts";

/** Keeps everything until the process ends. */
export function memoryLedger(): Ledger {
  const records = new Map<string, RunRecord>();
  const profiles = new Map<string, HostProfile>();
  const newestFirst = () => [...records.values()].sort(byAge);
  const newestOf = (owner: Owner | null) =>
    newestFirst().filter((record) => owner === null || isOwnedBy(record, owner));
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
    findRun: (owner, slug) => Promise.resolve(newestOf(owner).find((record) => slugOf(record) === slug)),
    listOpen: (owner) => Promise.resolve(newestOf(owner).reverse().filter(isOpen)),
    listOpenOfOthers: (owner) =>
      Promise.resolve(newestFirst().reverse().filter((record) => isOpen(record) && !isOwnedBy(record, owner))),
    listRecent: (owner, { limit, workflow, sinceMs = -Infinity, after }) =>
      Promise.resolve(
        newestOf(owner).filter(({ request, intendedAtMs, wishId }) =>
          (workflow === undefined || request.workflow === workflow) && intendedAtMs >= sinceMs &&
          (after === undefined || byAge({ intendedAtMs, wishId }, after) > 0)
        ).slice(0, limit),
      ),
    prune(owner, { beforeMs, keep }) {
      const old = newestOf(owner).filter((record, rank) =>
        !isOpen(record) && (record.intendedAtMs < beforeMs || rank >= keep)
      );
      for (const { wishId } of old) records.delete(wishId);
      return Promise.resolve(old.length);
    },
    profile: (host) => Promise.resolve(profiles.get(host) ?? {}),
    // deno-lint-ignore require-await -- as above
    async learn(host, facts) {
      profiles.set(host, { ...profiles.get(host), ...facts });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Negative where the first is the newer. */
function byAge(a: RecentPlace, b: RecentPlace): number {
  return b.intendedAtMs - a.intendedAtMs || (a.wishId < b.wishId ? 1 : a.wishId > b.wishId ? -1 : 0);
}

function isOwnedBy({ owner }: RunRecord, { host, user }: Owner): boolean {
  return owner.host === host && owner.user === user;
}
