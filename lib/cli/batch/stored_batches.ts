/** The batches of the local history: suites keep their calls beside them. */

import { didYouMean } from "../../did_you_mean.ts";
import { NotFound } from "../../errors.ts";
import type { StoredBatch } from "../../store/batch_store.ts";
import type { RunStore } from "../../store/run_store.ts";
import { SESSION_PREFIX } from "../../suites/session.ts";

/** The latest first. */
export async function listBatches(store: Pick<RunStore, "batches">): Promise<readonly StoredBatch[]> {
  const stored = (await store.batches.list()).filter(({ batchId }) => !batchId.startsWith(SESSION_PREFIX));
  return stored.toSorted((a, b) => b.updatedAtMs - a.updatedAtMs);
}

/** @throws NotFound */
export async function findBatch(store: Pick<RunStore, "batches">, name: string): Promise<StoredBatch> {
  const batches = await listBatches(store);
  const found = batches.find((batch) => batch.batchId === name || batch.name === name);
  if (found !== undefined) return found;
  throw new NotFound(`Cannot find batch "${name}" in the local history`, {
    hint: didYouMean(name, batches.map((batch) => batch.name)) ?? "`pw-workflow-runner batch list` lists batches",
  });
}
