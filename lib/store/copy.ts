/** Copies a store to another one, between any two backends. */

import { orError, UsageError } from "../errors.ts";
import { isOpen } from "../submission.ts";
import { inChanges, type Kv } from "./kv.ts";
import { isDamaged, type StoredSubmission, submissionRows, SubmissionTooLarge } from "./submission_rows.ts";

/** In a store as long as the copy is incomplete. */
const COPYING = ["copying"];
const ROWS_AT_ONCE = 1_000;

/**
 * Copies all rows but the lock on ticks. A submission that is larger than a value of the target is split.
 *
 * @param options.pause Called after each thousand rows: from one file to another, nothing else lets a signal arrive. What it
 * throws ends the copy.
 * @param options.onLeftOut Called with the id of each submission that has ended, and that the target cannot hold.
 * @returns How many submissions were copied.
 * @throws UsageError when the source is itself a copy that failed, or when the target holds anything but such a copy, which
 * is replaced: nothing is merged; SubmissionTooLarge when the target cannot hold one that is open.
 */
export async function copyStore(
  from: Kv,
  to: Kv,
  { pause = async () => {}, onLeftOut = () => {} }: {
    readonly pause?: () => Promise<void>;
    readonly onLeftOut?: (submissionId: string) => void;
  } = {},
): Promise<number> {
  if ((await from.get(COPYING)).value !== null) {
    throw new UsageError("Cannot copy: the source store is a copy that failed, and incomplete", {
      hint: "Copy the store that it was copied from",
    });
  }
  const failed = await to.get(COPYING);
  for await (const _ of failed.value === null ? to.list({ prefix: [] }, { limit: 1 }) : []) {
    throw new UsageError("Cannot copy: the target store is not empty", {
      hint: "Choose a new store: nothing is merged or overwritten",
    });
  }
  const versionstamp = await to.atomic().check(failed).set(COPYING, true).commit();
  if (versionstamp === undefined) throw anotherCopy();
  // Nothing is written once another copy has begun: it replaces this one.
  const target = { atomic: () => to.atomic().check({ key: COPYING, versionstamp }) };
  if (failed.value !== null) {
    await inChanges(target, to.list({ prefix: [] }), (change, { key }) => key[0] !== COPYING[0] && change.delete(key));
  }
  let [count, read] = [0, 0];
  const rows = async function* () {
    for await (const row of from.list<StoredSubmission>({ prefix: [] })) {
      if (++read % ROWS_AT_ONCE === 0) await pause();
      const { key: [kind, name], value } = row;
      if ((kind === "tick" && name === "lock") || kind === COPYING[0]) continue;
      if (kind !== "submission" || isDamaged(value) || "parts" in value) yield row;
      else {
        const fitting = orError(SubmissionTooLarge, () => submissionRows(value, to.limits));
        // Its parts first: a reader of the target would take it for damaged without them.
        if (!(fitting instanceof SubmissionTooLarge)) yield* fitting.toReversed();
        else if (isOpen(value)) throw fitting;
        else {
          onLeftOut(value.submissionId);
          continue;
        }
      }
      if (kind === "submission") count++;
    }
  };
  await inChanges(target, rows(), (change, { key, value }) => void change.set(key, value));
  if (await target.atomic().delete(COPYING).commit() === undefined) throw anotherCopy();
  return count;
}

function anotherCopy(): UsageError {
  return new UsageError("Cannot copy: another copy to the target store has begun", { hint: "Wait for that one" });
}
