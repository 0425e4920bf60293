/** Why this file: a keeper for one process, and the measure that the durable ones are held to. */

import type { Owner } from "../account.ts";
import type { ServerCapabilities } from "../capabilities.ts";
import type { Submission } from "../submission.ts";
import { isOpen, type RecentCursor, type RunStore, slugOf, storable, WriteConflict } from "./run_store.ts";

/** Keeps everything until the process ends. */
export function memoryRunStore(): RunStore {
  const records = new Map<string, Submission>();
  const profiles = new Map<string, ServerCapabilities>();
  const newestFirst = () => [...records.values()].sort(byAge);
  const newestOf = (owner: Owner | null) =>
    newestFirst().filter((record) => owner === null || isOwnedBy(record, owner));
  return {
    // deno-lint-ignore require-await -- the interface is asynchronous for keepers that are
    async put(record) {
      const stored = records.get(record.submissionId)?.revision ?? 0;
      if (stored !== record.revision) {
        throw new WriteConflict(
          `Cannot write ${record.submissionId}: revision ${stored} is stored, not ${record.revision}`,
        );
      }
      const written = { ...record, revision: record.revision + 1 };
      records.set(record.submissionId, structuredClone(storable(written)));
      return written;
    },
    get: (submissionId) => Promise.resolve(records.get(submissionId)),
    findRun: (owner, slug) => Promise.resolve(newestOf(owner).find((record) => slugOf(record) === slug)),
    listOpen: (owner) => Promise.resolve(newestOf(owner).reverse().filter(isOpen)),
    listOpenOfOthers: (owner) =>
      Promise.resolve(newestFirst().reverse().filter((record) => isOpen(record) && !isOwnedBy(record, owner))),
    listRecent: (owner, { limit, workflow, sinceMs = -Infinity, after }) =>
      Promise.resolve(
        newestOf(owner).filter(({ request, createdAtMs, submissionId }) =>
          (workflow === undefined || request.workflow === workflow) && createdAtMs >= sinceMs &&
          (after === undefined || byAge({ createdAtMs, submissionId }, after) > 0)
        ).slice(0, limit),
      ),
    prune(owner, { beforeMs, keep }) {
      const old = newestOf(owner).filter((record, rank) =>
        !isOpen(record) && (record.createdAtMs < beforeMs || rank >= keep)
      );
      for (const { submissionId } of old) records.delete(submissionId);
      return Promise.resolve(old.length);
    },
    capabilities: (host) => Promise.resolve(profiles.get(host) ?? {}),
    // deno-lint-ignore require-await -- as above
    async updateCapabilities(host, facts) {
      profiles.set(host, { ...profiles.get(host), ...facts });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Negative where the first is the newer. */
function byAge(a: RecentCursor, b: RecentCursor): number {
  return b.createdAtMs - a.createdAtMs ||
    (a.submissionId < b.submissionId ? 1 : a.submissionId > b.submissionId ? -1 : 0);
}

function isOwnedBy({ owner }: Submission, { host, user }: Owner): boolean {
  return owner.host === host && owner.user === user;
}
