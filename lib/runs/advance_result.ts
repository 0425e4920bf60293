/** One step forward, and what it says: the shape that `submit`, `look` and `advance` share. */

import type { RunnerError } from "../errors.ts";
import { StorageError } from "../errors.ts";
import { type RunStore, WriteConflict } from "../store/run_store.ts";
import type { ServerCapabilities } from "../capabilities.ts";
import type { RunEvent } from "../events.ts";
import type { Submitted } from "../result.ts";
import type { Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { canApply, next, type Observation } from "./transition.ts";
import type { PollInterval } from "./poll_interval.ts";

export interface AdvanceResult {
  readonly submission: Submission;
  readonly events: readonly RunEvent[];
  /** Why the last look or submit brought nothing; the loop goes on unless it knows better. */
  readonly error?: RunnerError;
  /** True when another process moved the record on instead of us. */
  readonly wasAdvancedElsewhere?: boolean;
}

export interface AdvanceOptions {
  /** What results say of this call: `no` for one that takes up a run which is there already. */
  readonly submitted: Submitted;
  readonly signal: AbortSignal;
  readonly pollInterval: PollInterval;
  /** How long a submit that certainly started nothing is repeated, milliseconds. */
  readonly submitTimeoutMs: number;
  /** How long a lost run or answer is looked for while nobody answers, milliseconds; `null` for ever. */
  readonly unreachableTimeoutMs: number | null;
}

/** Moves the record on and writes it down: before something is sent, this must not fail. */
export async function applyTransition(
  { store, clock }: Pick<Deps, "store" | "clock">,
  submission: Submission,
  observation: Observation,
): Promise<Submission> {
  return await store.put(next(submission, observation, clock.now()));
}

/** The same for what was learned: a keeper that fails then must not lose the run, so it is said and we go on. */
export async function recordObservation(
  { store, clock, log }: Pick<Deps, "store" | "clock" | "log">,
  submission: Submission,
  observation: Observation,
): Promise<Submission> {
  const moved = next(submission, observation, clock.now());
  if (!isWorthStoring(submission, moved)) return moved;
  try {
    return await putOnLatest(store, moved, observation, clock.now());
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log("WARNING", error.message);
    return moved;
  }
}

/** What a host is known to do; nothing, where that can't be read. */
export async function capabilitiesOf(
  { store, log }: Pick<Deps, "store" | "log">,
  host: string,
): Promise<ServerCapabilities> {
  try {
    return await store.capabilities(host);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log("WARNING", error.message);
    return {};
  }
}

/** Remembers what a host does, where that can be written. */
export async function updateCapabilities(
  { store, log }: Pick<Deps, "store" | "log">,
  host: string,
  facts: ServerCapabilities,
): Promise<void> {
  try {
    await store.updateCapabilities(host, facts);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log("WARNING", error.message);
  }
}

/** Each time that it is tried again somebody else has moved the record, and a record moves only so often. */
const MAX_TRIES = 20;

/** Where another process has moved the record on, what we learned still counts, unless it knows more by now. */
async function putOnLatest(
  store: RunStore,
  moved: Submission,
  observation: Observation,
  nowMs: number,
): Promise<Submission> {
  let wanted = moved;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    try {
      return await store.put(wanted);
    } catch (error) {
      if (!(error instanceof WriteConflict)) throw error;
    }
    const stored = await store.get(wanted.submissionId);
    // Somebody has cleared the history: the run is followed all the same.
    if (stored === undefined) return wanted;
    if (!canApply(stored, observation)) return withInputs(stored, moved);
    wanted = next(withInputs(stored, moved), observation, nowMs);
  }
  return wanted;
}

/** What is stored lacks secrets, which this process still has. */
export function withInputs<R extends Submission>(stored: R, { request }: Submission): R {
  return { ...stored, request: { ...stored.request, inputs: stored.request.inputs ?? request.inputs } };
}

/** A look that showed nothing new is not written: thousands of them would wear the keeper out. */
function isWorthStoring(before: Submission, after: Submission): boolean {
  if (before.state !== "active" || after.state !== "active") return true;
  return before.run.platformStatus !== after.run.platformStatus || before.isDetached !== after.isDetached ||
    (before.unreachableSinceMs === null) !== (after.unreachableSinceMs === null) ||
    (before.missingSinceMs === null) !== (after.missingSinceMs === null) ||
    (before.failingSinceMs === null) !== (after.failingSinceMs === null);
}
