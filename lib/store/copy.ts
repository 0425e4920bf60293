/** Copies a store to another one, between any two backends. */

import { orError, StorageError, UsageError } from "../errors.ts";
import type { StoreKey } from "./backend.ts";
import { inChanges, type Kv } from "./kv.ts";
import {
  isDamaged,
  isIn,
  removeRows,
  type StoredSubmission,
  submissionKeys,
  submissionRows,
  SubmissionTooLarge,
} from "./submission_rows.ts";

/** In a store as long as the copy is incomplete. */
const COPYING = ["copying"];
const ROWS_AT_ONCE = 1_000;

/**
 * Copies all rows but the lock on ticks. A submission that is larger than a value of the target is split.
 *
 * @param pause Called after each thousand rows: from one file to another, nothing else lets a signal arrive. What it throws
 * ends the copy.
 * @returns How many submissions were copied; the names of what the target cannot hold, and was left out.
 * @throws UsageError when the source is itself a copy that failed, or when the target holds anything but such a copy, which
 * is replaced: nothing is merged; SubmissionTooLarge when the target cannot hold a submission that is open.
 */
export async function copyStore(from: Kv, to: Kv, pause = async () => {}) {
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
  let [copied, read] = [0, 0];
  /** By name: the rows that lead to what is left out. */
  const leftOut = new Map<string, readonly StoreKey[]>();
  const rows = async function* () {
    for await (const row of from.list<StoredSubmission>({ prefix: [] })) {
      if (++read % ROWS_AT_ONCE === 0) await pause();
      const { key: [kind, name = ""], value } = row;
      if ((kind === "tick" && name === "lock") || kind === COPYING[0]) continue;
      if (kind !== "submission" || isDamaged(value)) {
        yield row;
        continue;
      }
      const fitting = orError(SubmissionTooLarge, () => {
        // A part of it, whose row came before.
        if (leftOut.has(`Submission ${name}`)) throw new SubmissionTooLarge(name);
        return "parts" in value ? [row] : submissionRows(value, to.limits);
      });
      const keys = submissionKeys(name, value);
      if (!(fitting instanceof SubmissionTooLarge)) {
        // Its parts first: a reader of the target would take it for damaged without them.
        yield* fitting.toReversed();
        copied++;
      } else if (isIn("open", keys)) throw fitting;
      else leftOut.set(`Submission ${name}`, keys);
    }
  };
  await inChanges(target, rows(), (change, { key, value }) => {
    if (!(orError(StorageError, () => change.set(key, value)) instanceof StorageError)) return true;
    const [kind, name = ""] = key;
    if (kind === "part") leftOut.set(`Submission ${name}`, []);
    else if (kind === "batch-rows") leftOut.set(`Batch ${name}`, [["batch-plan", name]]);
    else leftOut.set(`Record ${key.join("/")}`, []);
    return false;
  });
  await inChanges(target, leftOut.values(), removeRows);
  if (await target.atomic().delete(COPYING).commit() === undefined) throw anotherCopy();
  return { copied, leftOut: [...leftOut.keys()] };
}

function anotherCopy(): UsageError {
  return new UsageError("Cannot copy: another copy to the target store has begun", { hint: "Wait for that one" });
}
