/** What has become of the rows of a stored batch, without a request. */

import type { RowResult } from "../batch.ts";
import type { RunResult } from "../result.ts";
import type { Attempt, StoredBatch, StoredRow } from "../store/batch_store.ts";
import type { RunStore } from "../store/run_store.ts";
import { chunksOf } from "../chunks.ts";

/** A row's result, with that of its last run. */
export interface LoadedRow extends RowResult {
  /** `null` unless its run has ended; as if another call had started it. */
  readonly result: RunResult | null;
}

/** Read at once. */
const CHUNK_SIZE = 200;

/**
 * In file order, without what is no longer in the file. Outputs are empty, and results `null`: they take a read per row.
 *
 * @param known Its rows; default: as they are stored.
 */
export async function loadRows(store: Pick<RunStore, "batches">, batch: StoredBatch, known?: readonly StoredRow[]) {
  const { rows, lastOf } = await readBatch(store, batch, known);
  return rows.map((row) => rowResult(row, lastOf.get(row.key)));
}

/** Like {@link loadRows}, with the outputs and results of all runs. */
export async function loadResults(
  store: Pick<RunStore, "batches" | "getMany">,
  batch: StoredBatch,
  known?: readonly StoredRow[],
): Promise<readonly LoadedRow[]> {
  const { rows, lastOf } = await readBatch(store, batch, known);
  const loaded: LoadedRow[] = [];
  for (const chunk of chunksOf(rows, CHUNK_SIZE)) {
    const ids = chunk.flatMap(({ key }) => lastOf.get(key)?.submissionId ?? []);
    const submissions = new Map((await store.getMany(ids)).map((one) => [one.submissionId, one]));
    for (const row of chunk) {
      const last = lastOf.get(row.key);
      const submission = last === undefined ? undefined : submissions.get(last.submissionId);
      const result = submission?.state === "finished" ? { ...submission.result, submitted: "no" as const } : null;
      loaded.push({ ...rowResult(row, last), outputs: result?.outputs ?? {}, result });
    }
  }
  return loaded;
}

async function readBatch(store: Pick<RunStore, "batches">, batch: StoredBatch, known?: readonly StoredRow[]) {
  const [rows, attempts] = await Promise.all([
    known ?? store.batches.rows(batch),
    store.batches.attempts(batch.batchId),
  ]);
  // Attempts are in order: the last one remains.
  const lastOf = new Map(attempts.map((attempt) => [attempt.rowKey, attempt]));
  return { rows: rows.filter(({ isInFile }) => isInFile), lastOf };
}

function rowResult({ row, label, workflow, tags = [], inputs }: StoredRow, last: Partial<Attempt> = {}): LoadedRow {
  const { attempt = 0, status = "waiting", slug: run = null, startedAtMs = null, seconds = null } = last;
  const { error = null, kind = null } = last;
  const ofRow = { row, label, workflow, tags, inputs };
  return { ...ofRow, attempt, status, run, startedAtMs, seconds, outputs: {}, error, kind, result: null };
}
