/** Which runs a tick has something to do for. */

import { isOpen, type Ledger } from "../lib/ledger/ledger.ts";
import type { Owner, RunRecord } from "../lib/model.ts";

/** An owner of nothing: the open runs of others are everybody's then, found without asking the platform who we are. */
const NOBODY: Owner = { host: "", user: "" };

/** Everybody's that are sent, looked for or looked at. */
export async function runsUnderWay(ledger: Pick<Ledger, "listOpenOfOthers">): Promise<readonly RunRecord[]> {
  return (await ledger.listOpenOfOthers(NOBODY)).filter((record) => isOpen(record) && !isGivenUp(record));
}

/** Looked for in vain, for long enough: whoever asks for it has it looked for once more, and no tick does. */
export function isGivenUp(record: RunRecord): boolean {
  return record.state === "submitted" && record.doubt?.isGivenUp === true;
}

export function isOwnedBy({ owner }: RunRecord, { host, user }: Owner): boolean {
  return owner.host === host && owner.user === user;
}
