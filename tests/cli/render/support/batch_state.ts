import type { RowStatus } from "../../../../lib/batch.ts";
import { failureGroups } from "../../../../lib/batches/failure_groups.ts";
import type { RowState } from "../../../../lib/cli/batch/row_states.ts";
import type { BatchTableState } from "../../../../lib/cli/render/batch_table.ts";

const ERRORS = [
  "license not available",
  "node 17 lost",
  "exit code 137: out of memory while the mesh was being refined",
];

/** A batch that is about half done: rows end in the order of the file. */
export function aState(count: number, parts: Partial<BatchTableState> = {}): BatchTableState {
  const rows = Array.from({ length: count }, (_, index): RowState => {
    const status = statusOf(index, count);
    const isStarted = status !== "waiting";
    return {
      key: `key ${index + 1}`,
      row: index + 1,
      label: `mesh.size=${(index + 1) / 1_000} solver=${index % 2 === 0 ? "fast" : "accurate"}`,
      status,
      attempt: !isStarted ? 0 : index % 9 === 4 ? 2 : 1,
      run: null,
      startedAtMs: status === "running" ? -index * 1_000 : null,
      seconds: isStarted && status !== "running" ? 60 + index : null,
      kind: null,
      changedAtMs: isStarted ? (index + 1) * 1_000 : 0,
      error: status === "failed" ? ERRORS[index % 3] ?? "" : status === "running" ? '2/3 "run mpi"' : null,
    };
  });
  return {
    name: "sweep",
    rows,
    nowMs: 60_000,
    elapsedMs: 724_000,
    estimate: { p50Ms: 2_400_000, p90Ms: 3_300_000 },
    ageMs: 3_000,
    isConnectionLost: false,
    jobs: 8,
    notes: [],
    failureGroups: failureGroups(rows),
    view: { shows: "changed", scroll: 0 },
    ...parts,
  };
}

function statusOf(index: number, count: number): RowStatus {
  const ended = Math.floor(count / 2);
  if (index < ended) return index % 10 === 1 ? "failed" : index % 40 === 5 ? "cancelled" : "completed";
  return index < ended + Math.min(8, Math.ceil(count / 4)) ? "running" : "waiting";
}
