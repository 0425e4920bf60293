import type { Owner } from "../account.ts";
import type { ServerCapabilities } from "../capabilities.ts";
import type { Submission } from "../submission.ts";
import { isOpen, type RecentCursor, type RunStore, slugOf, storable, WriteConflict } from "./run_store.ts";

/** Keeps submissions until the process ends. */
export function memoryRunStore(): RunStore {
  const submissions = new Map<string, Submission>();
  const capabilities = new Map<string, ServerCapabilities>();
  const newestFirst = () => [...submissions.values()].sort(byAge);
  const newestOf = (owner: Owner | null) =>
    newestFirst().filter((submission) => owner === null || isOwnedBy(submission, owner));
  return {
    // deno-lint-ignore require-await -- the interface is asynchronous for other backends
    async put(submission) {
      const stored = submissions.get(submission.submissionId)?.revision ?? 0;
      if (stored !== submission.revision) {
        throw new WriteConflict(
          `Cannot write ${submission.submissionId}: revision ${stored} is stored, not ${submission.revision}`,
        );
      }
      const written = { ...submission, revision: submission.revision + 1 };
      submissions.set(submission.submissionId, structuredClone(storable(written)));
      return written;
    },
    get: (submissionId) => Promise.resolve(submissions.get(submissionId)),
    findRun: (owner, slug) => Promise.resolve(newestOf(owner).find((submission) => slugOf(submission) === slug)),
    listOpen: (owner) => Promise.resolve(newestOf(owner).reverse().filter(isOpen)),
    listOpenOfOthers: (owner) =>
      Promise.resolve(
        newestFirst().reverse().filter((submission) => isOpen(submission) && !isOwnedBy(submission, owner)),
      ),
    listRecent: (owner, { limit, workflow, sinceMs = -Infinity, after }) =>
      Promise.resolve(
        newestOf(owner).filter(({ request, createdAtMs, submissionId }) =>
          (workflow === undefined || request.workflow === workflow) && createdAtMs >= sinceMs &&
          (after === undefined || byAge({ createdAtMs, submissionId }, after) > 0)
        ).slice(0, limit),
      ),
    prune(owner, { beforeMs, keep }) {
      const old = newestOf(owner).filter((submission, rank) =>
        !isOpen(submission) && (submission.createdAtMs < beforeMs || rank >= keep)
      );
      for (const { submissionId } of old) submissions.delete(submissionId);
      return Promise.resolve(old.length);
    },
    capabilities: (host) => Promise.resolve(capabilities.get(host) ?? {}),
    // deno-lint-ignore require-await -- as above
    async updateCapabilities(host, facts) {
      capabilities.set(host, { ...capabilities.get(host), ...facts });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Newest first. */
function byAge(a: RecentCursor, b: RecentCursor): number {
  return b.createdAtMs - a.createdAtMs ||
    (a.submissionId < b.submissionId ? 1 : a.submissionId > b.submissionId ? -1 : 0);
}

function isOwnedBy({ owner }: Submission, { host, user }: Owner): boolean {
  return owner.host === host && owner.user === user;
}
