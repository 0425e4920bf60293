/** One step forward, and what it says: the shape that `submit`, `look` and `advance` share. */

import type { RunnerError } from "../errors.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { StorageError } from "../errors.ts";
import type { RunEvent, RunRecord } from "../model.ts";
import type { Deps } from "./deps.ts";
import { next, type Observation } from "./lifecycle.ts";
import type { PaceOptions } from "./pace.ts";

export interface Turn {
  readonly record: RunRecord;
  readonly events: readonly RunEvent[];
  /** Why the last look or submit brought nothing; the loop goes on unless it knows better. */
  readonly trouble?: RunnerError;
}

export interface TurnOptions {
  /** What results say of this call: `no` for one that takes up a run which is there already. */
  readonly submitted: "yes" | "no";
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
  return await keep({ ledger, log }, moved);
}

async function keep({ ledger, log }: { ledger: Ledger; log: Deps["log"] }, record: RunRecord): Promise<RunRecord> {
  try {
    return await ledger.put(record);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log("WARNING", error.message);
    return record;
  }
}

/** A look that showed nothing new is not written: thousands of them would wear the keeper out. */
function isWorthWriting(before: RunRecord, after: RunRecord): boolean {
  if (before.state !== "seen" || after.state !== "seen") return true;
  return before.run.platformStatus !== after.run.platformStatus ||
    (before.lostSinceMs === null) !== (after.lostSinceMs === null) ||
    (before.missingSinceMs === null) !== (after.missingSinceMs === null) ||
    (before.failingSinceMs === null) !== (after.failingSinceMs === null);
}
