import { expected, type RunnerError } from "../errors.ts";
import { type Log, storeFailureTo } from "../log.ts";
import { type RunStore, WriteConflict } from "../store/run_store.ts";
import type { RunEvent, TimeLeft } from "../events.ts";
import type { Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import {
  areDuplicatesSettled,
  type ObservationOf,
  type SubmissionObservation,
  transition,
  transitionIfValid,
} from "./transition.ts";
import { findOwn, withoutSecretsOf } from "./redacting.ts";
import { formatRunId, type RunDetail, runIdOf } from "../run.ts";
import type { Limited } from "./limit.ts";
import type { ExecuteOptions } from "./options.ts";

/** A submission that is advanced, and what with. */
export interface Step<S extends Submission = Submission> {
  readonly deps: Deps;
  readonly submission: S;
  readonly options: AdvanceOptions;
}

/** One step of a submission. */
export interface AdvanceResult {
  /** As it is stored now. */
  readonly submission: Submission;
  /** What happened in this step. Each failed poll of an outage is a `connection-lost`: only the first is news. */
  readonly events: readonly RunEvent[];
  /** Why the last poll or submit failed; a caller that tracks the run usually continues. */
  readonly error?: RunnerError;
  /** True when another process advanced the submission instead, or its run is the one that another process started. */
  readonly wasAdvancedElsewhere?: boolean;
}

/** Estimates for a tracked run, from earlier runs of the workflow. */
export interface Experience {
  /** How long to wait before the next poll. */
  pollDelayMs(elapsedMs: number, random: () => number): number;
  /** `null` where the earlier runs do not agree. */
  timeLeft(elapsedMs: number): TimeLeft | null;
}

/** Options of `advance`. */
export interface AdvanceOptions
  extends Limited, Pick<ExecuteOptions, "pollInterval" | "submitTimeoutMs" | "unreachableTimeoutMs"> {
  /** Ends the requests of this step, except a submit: no response then counts as one that did not arrive. */
  readonly limit?: AbortSignal | undefined;
  /** Decides instead of the poll interval, unless a poll fails. Default: none. */
  readonly experience?: Experience | undefined;
  /** True to retry a submit for so long, too, while the server refuses the API key. Default: false. */
  readonly retriesRefusedKey?: boolean | undefined;
  /** False to leave the run alone once it has started. Default: true. */
  readonly isWaiting?: boolean | undefined;
  /** When the caller stops waiting, milliseconds since the epoch; no poll is planned later. Default: never. */
  readonly deadlineAtMs?: number | undefined;
  /** Of these, more is needed than the list of runs shows. Default: none. */
  readonly needsDetail?: ((submission: Submission) => boolean) | undefined;
  /** True if the list of running runs is enough to notice other runs with the same key. Default: false. */
  readonly findsDuplicatesInList?: boolean | undefined;
  /** Called with the number of list requests that the step made, and the error of one that failed. */
  readonly onList?: ((pages: number, error: RunnerError | undefined) => void) | undefined;
}

/**
 * Applies an observation and stores the submission. A store that fails must not lose the run: the failure is logged and
 * work continues.
 *
 * @returns The version of another process, if that has changed the submission so that the observation no longer applies.
 */
export async function recordObservation<S extends Submission>(
  { store, clock, log }: Pick<Deps, "store" | "clock" | "log">,
  submission: S,
  observation: ObservationOf<S["state"]>,
): Promise<Submission> {
  const updated = transition(submission, observation, clock.now());
  if (!isWorthStoring(submission, updated)) return updated;
  return await rebaseAndPut(store, { submission, updated }, observation, clock.now()).catch(storeFailureTo(log)) ??
    updated;
}

/** Stores what was seen of an own run by the way, so that lists show it. Where that is not possible, nothing is missing. */
export async function recordSeen(deps: Pick<Deps, "client" | "store" | "clock" | "log">, run: RunDetail) {
  const own = await findOwn(deps, runIdOf(run), run.user);
  if (own?.state !== "active") return;
  const seen = { run: withoutSecretsOf(own, run), runId: own.runId, pollAtMs: deps.clock.now() };
  const log: Log = (_level, message) => deps.log("DEBUG", message);
  await recordObservation({ ...deps, log }, own, { type: "polled", ...seen });
}

/** The step that an observation is, as its result. */
export async function recordStep<S extends Submission>(
  { deps, submission }: Omit<Step<S>, "options">,
  observation: ObservationOf<S["state"]>,
  { events = [], ...rest }: Partial<Omit<AdvanceResult, "submission">> = {},
): Promise<AdvanceResult> {
  return { submission: await recordObservation(deps, submission, observation), events, ...rest };
}

/** Each retry means that another process changed the record, and a record changes only a few times. */
const MAX_ATTEMPTS = 20;

/** When another process changed the record, the observation is applied to its version, if that is still possible. */
async function rebaseAndPut(
  store: RunStore,
  { submission, updated }: { readonly submission: Submission; readonly updated: Submission },
  observation: SubmissionObservation,
  nowMs: number,
): Promise<Submission> {
  let candidate = updated;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const written = await store.put(candidate).catch(expected(WriteConflict));
    if (!(written instanceof WriteConflict)) return written;
    const stored = await store.get(candidate.submissionId);
    // The history was cleared: keep tracking the run.
    if (stored === undefined) return candidate;
    const known = withKnownInputs(stored, updated);
    const isOutdated = observation.type === "rejected" && isAnotherAttempt(known, submission);
    const rebased = isOutdated ? undefined : transitionIfValid(known, observation, nowMs);
    if (rebased === undefined) return known;
    candidate = rebased;
  }
  return candidate;
}

/** What was rejected, or was not to be sent any more, may be in flight from another process since. */
function isAnotherAttempt(one: Submission, other: Submission): boolean {
  return one.state !== other.state || ("attempts" in one && "attempts" in other && one.attempts !== other.attempts);
}

/** Adds the inputs that a stored submission lacks because they contain secrets; this process still has them. */
export function withKnownInputs<R extends Submission>(stored: R, { request }: Submission): R {
  return { ...stored, request: { ...stored.request, inputs: stored.request.inputs ?? request.inputs } };
}

/** A poll that found no change is not stored: there are thousands of them. */
function isWorthStoring(before: Submission, after: Submission): boolean {
  if (before.state !== "active" || after.state !== "active") return true;
  return before.run.platformStatus !== after.run.platformStatus || before.isDetached !== after.isDetached ||
    formatRunId(before.runId) !== formatRunId(after.runId) ||
    areDuplicatesSettled(before) !== areDuplicatesSettled(after) || before.listedAtMs !== after.listedAtMs ||
    (before.unreachableSinceMs === null) !== (after.unreachableSinceMs === null) ||
    before.missingPolls !== after.missingPolls ||
    (before.failingSinceMs === null) !== (after.failingSinceMs === null);
}
