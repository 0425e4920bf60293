/** Copies a store to another one, whatever their backends are. */

import { UsageError } from "../errors.ts";
import type { Kv } from "./kv.ts";
import { createRunStore, type RunStore } from "./run_store.ts";
import { isDerived } from "./indexes.ts";
import type { StoredSubmission } from "./submission_body.ts";

const BATCH_SIZE = 100;

/**
 * Copies every submission, and what the scheduler keeps. Indexes and counters are made anew; a lock is not copied.
 *
 * @returns How many submissions were copied.
 * @throws UsageError when the target holds anything: nothing is merged.
 */
export async function copyStore(from: Kv, to: Kv): Promise<number> {
  for await (const { key } of to.list({ prefix: [] }, { limit: 1 })) {
    throw new UsageError(`Cannot copy: the target store is not empty (it holds ${JSON.stringify(key)})`, {
      hint: "Copy into a new store",
    });
  }
  const [source, target]: [RunStore, RunStore] = [createRunStore(from), createRunStore(to)];
  let count = 0;
  for await (const { key } of from.list<StoredSubmission>({ prefix: ["submission"] })) {
    const submission = await source.get(key.at(-1) ?? "");
    if (submission === undefined) continue;
    await target.put({ ...submission, revision: 0 });
    count++;
  }
  let change = to.atomic();
  let size = 0;
  for await (const { key, value } of from.list({ prefix: [] })) {
    if (isDerived(key) || key[0] === "submission" || (key[0] === "tick" && key[1] === "lock")) continue;
    change.set(key, value);
    if (++size % BATCH_SIZE !== 0) continue;
    await change.commit();
    change = to.atomic();
  }
  await change.commit();
  return count;
}
