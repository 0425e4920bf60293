/** Copies a store to another one, between any two backends. */

import { UsageError } from "../errors.ts";
import { inChanges, type Kv } from "./kv.ts";
import { partKeys, type StoredSubmission, submissionBodiesOf } from "./submission_body.ts";

/** In a store as long as the copy is incomplete. */
const COPYING = ["copying"];

/**
 * Copies all rows but the lock on ticks. A submission that is larger than a value of the target is split.
 *
 * @returns How many submissions were copied.
 * @throws UsageError when the source is itself a copy that failed, or when the target holds anything but such a copy, which
 * is replaced: nothing is merged.
 */
export async function copyStore(from: Kv, to: Kv): Promise<number> {
  if ((await from.get(COPYING)).value !== null) {
    throw new UsageError("Cannot copy: the source store is a copy that failed, and incomplete", {
      hint: "Copy the store that it was copied from",
    });
  }
  const isIncomplete = (await to.get(COPYING)).value !== null;
  if (isIncomplete) {
    // The mark is set again, for a deletion that fails.
    await inChanges(to, to.list({ prefix: [] }), (change, { key }) => void change.delete(key).set(COPYING, true));
  } else {
    for await (const _ of to.list({ prefix: [] }, { limit: 1 })) {
      throw new UsageError("Cannot copy: the target store is not empty", {
        hint: "Choose a new store: nothing is merged or overwritten",
      });
    }
  }
  await to.atomic().set(COPYING, true).commit();
  let count = 0;
  let change = to.atomic();
  const commit = async () => {
    await change.commit();
    change = to.atomic();
  };
  for await (const { key, value } of from.list<StoredSubmission>({ prefix: [] })) {
    if (key[0] === "tick" && key[1] === "lock") continue;
    if (key[0] === "submission") count++;
    if (JSON.stringify(value).length <= to.limits.maxValueLength || key[0] !== "submission" || "parts" in value) {
      change.set(key, value);
    } else {
      // It may fill a change of its own.
      await commit();
      const { head, parts } = submissionBodiesOf(value, to.limits);
      change.set(key, head);
      const keys = partKeys(value.submissionId, { revision: value.revision, parts: parts.length });
      for (const [index, partKey] of keys.entries()) change.set(partKey, parts[index]);
    }
    if (change.isNearlyFull()) await commit();
  }
  change.delete(COPYING);
  await commit();
  return count;
}
