/** One step forward, and what it says: the shape that `submit`, `look` and `advance` share. */

import type { RunnerError } from "../errors.ts";
import { StorageError } from "../errors.ts";
import { type Ledger, StaleRecord } from "../ledger/ledger.ts";
import type { HostProfile, RunEvent, RunRecord, Submitted } from "../model.ts";
import type { Deps } from "./deps.ts";
import { canTake, next, type Observation } from "./lifecycle.ts";
import type { PaceOptions } from "./pace.ts";

export interface Turn {
  readonly record: RunRecord;
  readonly events: readonly RunEvent[];
  /** Why the last look or submit brought nothing; the loop goes on unless it knows better. */
  readonly trouble?: RunnerError;
  /** True when another process moved the record on instead of us. */
  readonly isTakenOver?: boolean;
}

export interface TurnOptions {
  /** What results say of this call: `no` for one that takes up a run which is there already. */
  readonly submitted: Submitted;
  readonly signal: AbortSignal;
  readonly pace: PaceOptions;
  /** How long a submit that certainly started nothing is repeated, milliseconds. */
  readonly submitTimeoutMs: number;
  /** How long a lost run or answer is looked for while nobody answers, milliseconds; `null` for ever. */
  readonly lostContactAfterMs: number | null;
}

/** Moves the record on and writes it down: before something is sent, this must not fail. */
export async function moveOn(
  { ledger, clock }: Pick<Deps, "ledger" | "clock">,
  record: RunRecord,
  observation: Observation,
): Promise<RunRecord> {
  return await ledger.put(next(record, observation, clock.now()));
}

/** The same for what was learned: a keeper that fails then must not lose the run, so it is said and we go on. */
export async function learn(
  { ledger, clock, log }: Pick<Deps, "ledger" | "clock" | "log">,
  record: RunRecord,
  observation: Observation,
): Promise<RunRecord> {
  const moved = next(record, observation, clock.now());
  if (!isWorthWriting(record, moved)) return moved;
  try {
    return await putOnTop(ledger, moved, observation, clock.now());
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log("WARNING", error.message);
    return moved;
  }
}

/** What a host is known to do; nothing, where that can't be read. */
export async function profileOf({ ledger, log }: Pick<Deps, "ledger" | "log">, host: string): Promise<HostProfile> {
  try {
    return await ledger.profile(host);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log("WARNING", error.message);
    return {};
  }
}

/** Remembers what a host does, where that can be written. */
export async function learnOfHost(
  { ledger, log }: Pick<Deps, "ledger" | "log">,
  host: string,
  facts: HostProfile,
): Promise<void> {
  try {
    await ledger.learn(host, facts);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log("WARNING", error.message);
  }
}

/** Each time that it is tried again somebody else has moved the record, and a record moves only so often. */
const MOST_TRIES = 20;

/** Where another process has moved the record on, what we learned still counts, unless it knows more by now. */
async function putOnTop(
  ledger: Ledger,
  moved: RunRecord,
  observation: Observation,
  nowMs: number,
): Promise<RunRecord> {
  let wanted = moved;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    try {
      return await ledger.put(wanted);
    } catch (error) {
      if (!(error instanceof StaleRecord)) throw error;
    }
    const stored = await ledger.get(wanted.wishId);
    // Somebody has cleared the history: the run is followed all the same.
    if (stored === undefined) return wanted;
    if (!canTake(stored, observation)) return withInputs(stored, moved);
    wanted = next(withInputs(stored, moved), observation, nowMs);
  }
  return wanted;
}

/** What is stored lacks secrets, which this process still has. */
export function withInputs<R extends RunRecord>(stored: R, { request }: RunRecord): R {
  return { ...stored, request: { ...stored.request, inputs: stored.request.inputs ?? request.inputs } };
}

/** A look that showed nothing new is not written: thousands of them would wear the keeper out. */
function isWorthWriting(before: RunRecord, after: RunRecord): boolean {
  if (before.state !== "seen" || after.state !== "seen") return true;
  return before.run.platformStatus !== after.run.platformStatus || before.isLeft !== after.isLeft ||
    (before.lostSinceMs === null) !== (after.lostSinceMs === null) ||
    (before.missingSinceMs === null) !== (after.missingSinceMs === null) ||
    (before.failingSinceMs === null) !== (after.failingSinceMs === null);
}
