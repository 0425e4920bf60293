/** What is left to do for a suite once each case has its verdict. It can be repeated where it was not finished. */

import { isOpenStatus } from "../batch.ts";
import { expected, NotFound, RunnerError, StorageError } from "../errors.ts";
import { advance } from "../runs/advance.ts";
import { type AdvanceOptions, recordObservation } from "../runs/advance_result.ts";
import { storeQuietly } from "../runs/batch_limits.ts";
import { isBeingCancelled } from "../run.ts";
import type { Deps } from "../runs/deps.ts";
import { withLimit } from "../runs/limit.ts";
import { isAbandoned, isOpen, isUnsent, type Submission } from "../submission.ts";
import type { CaseRun, CaseState } from "./case_state.ts";
import { NEVER_SENT, type SuiteSession } from "./session.ts";

export type FinishOptions = AdvanceOptions & Pick<SuiteSession, "sessionId">;

/** @returns False if the signal ended it, a run is still canceling, or it is not known yet whether one was started. */
export async function finishSuite(deps: Deps, states: readonly CaseState[], options: FinishOptions): Promise<boolean> {
  try {
    const left = new Set(await closeSubmissions(deps, options));
    // Last, because other cases may need files of a run. One that is still canceling would be taken for lost.
    for (const state of states) {
      const runs = runsToDelete(state).filter(({ submissionId }) => !left.has(submissionId));
      for (const run of runs) await deleteRun(deps, state.one.name, run, options);
    }
    return left.size === 0;
  } catch (error) {
    if (options.signal.aborted && error === options.signal.reason) return false;
    if (!(error instanceof StorageError)) throw error;
    deps.log("WARNING", error.message);
    return true;
  }
}

const MAX_CLOSING_POLLS = 10;
const CLOSING_POLL_DELAY_MS = 1_000;

/**
 * Of what is still open, what was not sent is rejected, and the ends of cancelled runs are stored. Runs that continue stay open.
 *
 * @returns The ids of what may end soon.
 */
async function closeSubmissions(deps: Deps, options: FinishOptions): Promise<readonly (string | null)[]> {
  const { store, clock } = deps;
  const attempts = await store.batches.attempts(options.sessionId);
  const ids = attempts.filter(({ status }) => isOpenStatus(status)).map(({ submissionId }) => submissionId);
  const open = ids.length === 0 ? [] : (await store.getMany(ids)).filter(isOpen);
  const neverSent = { type: "rejected", kind: NEVER_SENT, message: "Its suite ended before it was sent" } as const;
  const closed: Submission[] = [];
  for (const one of open) closed.push(isUnsent(one) ? await recordObservation(deps, one, neverSent) : one);
  let left = closed.filter((one) => isOpen(one) && one.state !== "pending" && !isAbandoned(one));
  for (let poll = 0; left.length > 0 && poll < MAX_CLOSING_POLLS; poll++) {
    if (poll > 0) await clock.sleep(CLOSING_POLL_DELAY_MS, options);
    const due = left.map((one) => one.state === "active" ? { ...one, nextPollAtMs: clock.now() } : one);
    const results = await advance(deps, due, options);
    left = results.map(({ submission }) => submission).filter(mayEndSoon);
  }
  return left.map(({ submissionId }) => submissionId);
}

function mayEndSoon(submission: Submission): boolean {
  if (submission.state === "active") return isBeingCancelled(submission.run);
  return submission.state === "unconfirmed" && !isAbandoned(submission);
}

/** One that does not respond must not keep a suite from ending. */
const DELETE_TIMEOUT_MS = 10_000;

/** Of a flaky case, `delete-passed` keeps the run that failed. */
function runsToDelete({ one: { cleanup }, judgement, runs }: CaseState): readonly CaseRun[] {
  if (cleanup === "delete") return runs;
  const hasPassed = cleanup === "delete-passed" && judgement?.verdict === "passed";
  return hasPassed ? runs.filter(({ isPassed }) => isPassed) : [];
}

async function deleteRun(deps: Deps, name: string, { runId, submissionId }: CaseRun, { signal }: FinishOptions) {
  using deadline = deps.clock.timeout(DELETE_TIMEOUT_MS);
  const limited = { signal, limit: deadline.signal };
  const failure = await withLimit(limited, `delete the run of ${name}`, (signal) => {
    return deps.client.deleteRun(runId, { signal });
  }).catch(expected(RunnerError));
  // A call that is repeated finds none.
  if (failure !== undefined && !(failure instanceof NotFound)) deps.log("WARNING", failure.message);
  // The tick that continues has no time for thousands that are gone.
  const stored = submissionId === null ? undefined : await deps.store.get(submissionId);
  if (stored?.origin.type !== "scheduled-suite" || stored.origin.judged === undefined) return;
  const judged = { ...stored.origin.judged, isRunDeleted: true as const };
  await storeQuietly(deps, { ...stored, origin: { ...stored.origin, judged } });
}
