/** Which runs a tick has something to do for. */

import { isOpen, type RunStore } from "../store/run_store.ts";
import type { Owner } from "../account.ts";
import type { Submission } from "../submission.ts";

/** An owner of nothing: the open runs of others are everybody's then, found without asking the platform who we are. */
const NOBODY: Owner = { host: "", user: "" };

/** Everybody's that are sent, looked for or looked at. */
export async function openSubmissionsOf(store: Pick<RunStore, "listOpenOfOthers">): Promise<readonly Submission[]> {
  return (await store.listOpenOfOthers(NOBODY)).filter((record) => isOpen(record) && !isAbandoned(record));
}

/** Looked for in vain, for long enough: whoever asks for it has it looked for once more, and no tick does. */
export function isAbandoned(record: Submission): boolean {
  return record.state === "unconfirmed" && record.reconciliation?.isAbandoned === true;
}

export function isOwnedBy({ owner }: Submission, { host, user }: Owner): boolean {
  return owner.host === host && owner.user === user;
}
