/** Cancels a run and verifies the result by polling: the response to the cancel request proves nothing. */

import { Conflict, expected, NotFound, Rejected, ResponseLost } from "../errors.ts";
import { formatRunId, isBeingCancelled, type RunDetail, type RunId } from "../run.ts";
import { WriteConflict } from "../store/run_store.ts";
import { isUnsent, type Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { redactingReads } from "./redacting.ts";
import { transition } from "./transition.ts";
import { resultWithoutRun } from "./view.ts";

const MAX_POLLS = 5;
const POLL_DELAY_MS = 1_000;

/**
 * Cancels a run, and polls it until it is canceling or has ended. Idempotent: one that has already ended is not changed.
 *
 * @returns The run, which is canceling or has ended.
 * @throws NotFound; Unsupported on legacy servers; the error of the cancel request when the run keeps running.
 */
export async function cancelRun(
  deps: Deps,
  runId: RunId,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<RunDetail> {
  const { clock } = deps;
  // The caller reports what a server writes, and may not know the secrets of the run.
  const client = await redactingReads(deps, runId);
  const cancelError = await client.cancelRun(runId, { signal }).then(() => undefined, (error: unknown) => {
    if (error instanceof Conflict || error instanceof Rejected || error instanceof ResponseLost) return error;
    throw error;
  });
  for (let poll = 0; poll < MAX_POLLS; poll++) {
    const run = await client.getRun(runId, { signal });
    if (run.status !== "running" || isBeingCancelled(run)) return run;
    if (cancelError !== undefined) throw cancelError;
    await clock.sleep(POLL_DELAY_MS, { signal });
  }
  const problem = "the platform accepted the request, but the run is still running";
  const hint = "Try again, or cancel it in the web interface";
  throw new Rejected(`Cannot cancel ${formatRunId(runId)}: ${problem}`, [], { hint });
}

/**
 * Ends a submission of which nothing has reached the server: it is never sent. The one of two processes that writes first
 * cancels or sends it.
 *
 * @returns As it is stored now: still open if something of it may have been sent.
 * @throws StorageError; NotFound if it was removed.
 */
export async function cancelUnsent({ store, clock }: Pick<Deps, "store" | "clock">, submission: Submission) {
  let stored = submission;
  while (isUnsent(stored)) {
    const message = "Cancelled before it was submitted: nothing was started";
    const facts = { status: "cancelled", kind: "cancelled", submitted: "no" } as const;
    const result = { ...resultWithoutRun(stored.request.workflow, stored.ownSlug, message), ...facts };
    const cancelled = transition(stored, { type: "cancelled", result }, clock.now());
    const written = await store.put(cancelled).catch(expected(WriteConflict));
    if (!(written instanceof WriteConflict)) return written;
    const { submissionId } = submission;
    const found = await store.get(submissionId);
    if (found === undefined) throw new NotFound(`Cannot cancel ${submissionId}: its record was removed`);
    stored = found;
  }
  return stored;
}
