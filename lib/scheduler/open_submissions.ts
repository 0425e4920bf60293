import { isOpen, type RunStore } from "../store/run_store.ts";
import type { Owner } from "../account.ts";
import type { Submission } from "../submission.ts";

/** Owns nothing, so that "open submissions of others" are all open ones, without a request for the current user. */
const NO_OWNER: Owner = { host: "", user: "" };

/** The submissions of all owners that a tick sends, reconciles or polls. */
export async function openSubmissionsOf(store: Pick<RunStore, "listOpenOfOthers">): Promise<readonly Submission[]> {
  return (await store.listOpenOfOthers(NO_OWNER)).filter((submission) =>
    isOpen(submission) && !isAbandoned(submission)
  );
}

/** Reconciled long enough without finding a run: only an explicit request reconciles it again, ticks don't. */
export function isAbandoned(submission: Submission): boolean {
  return submission.state === "unconfirmed" && submission.reconciliation?.isAbandoned === true;
}

export function isOwnedBy({ owner }: Submission, { host, user }: Owner): boolean {
  return owner.host === host && owner.user === user;
}
