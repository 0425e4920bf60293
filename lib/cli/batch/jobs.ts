/**
 * How many runs of a batch at once. `--jobs`, `batch set` of other processes and the keys of the table all store it: the
 * last one counts, also when the batch is continued.
 */

import { storeFailureTo } from "../../log.ts";
import { createBatchControl } from "../../runs/batch_task.ts";
import { counted } from "../../text.ts";
import type { OpenedCall } from "../command.ts";
import { type BatchValues, DEFAULT_JOBS } from "./options.ts";

/** How many milliseconds pass before another process's `batch set` is noticed. */
const UPDATE_MS = 5_000;

export async function openJobs(
  { deps: { store: { batches }, clock }, output, values }: OpenedCall<BatchValues>,
  batchId: string,
) {
  const wanted = values.jobs ?? await batches.wantedJobs(batchId);
  if (values.jobs !== undefined) await batches.setWantedJobs(batchId, values.jobs);
  else if (wanted !== null && wanted !== DEFAULT_JOBS) {
    output.log("INFO", `Up to ${counted(wanted, "run")} at once, as before: --jobs N changes that`);
  }
  const control = createBatchControl(wanted ?? DEFAULT_JOBS);
  let storing = Promise.resolve();
  let updatedAtMs = clock.monotonic();
  return {
    control,
    /** Stores what the control has. */
    store(): void {
      const { jobs } = control;
      storing = storing.then(() => batches.setWantedJobs(batchId, jobs)).catch(storeFailureTo(output.log));
      storing.catch(() => {}); // Awaited later.
    },
    /** Resolves when nothing is being stored any more. */
    settled: () => storing,
    /** Takes over what is stored, if it is due. */
    async update(): Promise<void> {
      if (clock.monotonic() - updatedAtMs < UPDATE_MS) return;
      updatedAtMs = clock.monotonic();
      await storing;
      const { jobs } = control;
      const wanted = await batches.wantedJobs(batchId).catch(storeFailureTo(output.log, "DEBUG")) ?? null;
      // A key that was pressed meanwhile is newer.
      if (wanted !== null && control.jobs === jobs) control.setJobs(wanted);
    },
  };
}
