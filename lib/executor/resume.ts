/** Takes up what a process before us began and did not see to its end. */

import type { IntendedRecord, RunEvent, RunRecord, RunResult, SeenRecord } from "../model.ts";
import type { Deps } from "./deps.ts";
import { type ExecuteOptions, takeUp } from "./execute.ts";
import { lookDelayMs } from "./pace.ts";
import { search } from "./search.ts";
import { learn, withInputs } from "./turn.ts";
import { handleOf, resultWithoutRun } from "./view.ts";

/** An intent that was not sent by then may have lost its sense: it is sent only when somebody says so. */
const PENDING_AFTER_MS = 15 * 60_000;

/** What the ledger holds open, by what is to be done about it. */
export interface Unfinished {
  /** To be looked for, sent or followed: what is not certain first, oldest first. */
  readonly following: readonly RunRecord[];
  /** Never sent, and not to be sent without a word. */
  readonly pending: readonly IntendedRecord[];
  /** Going on, and nobody meant to wait for it. */
  readonly left: readonly SeenRecord[];
  /** Other users' and hosts': told of, never touched. */
  readonly others: readonly RunRecord[];
}

export interface UnfinishedOptions {
  readonly signal: AbortSignal;
  /** Also follows what was left to itself. */
  readonly includesLeft: boolean;
  /** Also sends intents that have become old. */
  readonly submitsPending: boolean;
}

/**
 * Reads the ledger for the user whom the credential belongs to.
 *
 * @throws StorageError when it can't be read; what the client throws when it can't be asked who we are.
 */
export async function findUnfinished(deps: Deps, options: UnfinishedOptions): Promise<Unfinished> {
  const { client, ledger, clock } = deps;
  const { user } = await client.whoAmI({ signal: options.signal });
  const owner = { host: client.host, user };
  const open = await ledger.listOpen(owner);
  const uncertain: RunRecord[] = [];
  const going: RunRecord[] = [];
  const pending: IntendedRecord[] = [];
  const left: SeenRecord[] = [];
  for (const record of open) {
    if (record.state === "seen" && record.isLeft && !options.includesLeft) left.push(record);
    else if (record.state === "seen") going.push(record);
    else if (record.state === "intended" && isPending(record, clock.now(), options)) pending.push(record);
    else uncertain.push(record);
  }
  return { following: [...uncertain, ...going], pending, left, others: await ledger.listOpenOfOthers(owner) };
}

function isPending(
  { request, lostAnswers, intendedAtMs }: IntendedRecord,
  nowMs: number,
  { submitsPending }: UnfinishedOptions,
): boolean {
  if (lostAnswers > 0) return false;
  return request.inputs === null || (!submitsPending && nowMs - intendedAtMs > PENDING_AFTER_MS);
}

/**
 * Settles what is unknown about one record, then follows its run.
 *
 * @throws What `execute` throws.
 */
export async function* resumeOne(
  deps: Deps,
  record: RunRecord,
  options: ExecuteOptions & Pick<UnfinishedOptions, "submitsPending">,
): AsyncGenerator<RunEvent, RunResult> {
  if (record.state !== "intended" || record.lostAnswers === 0) return yield* takeUp(deps, record, options);
  // It was to be sent once more, where a second run is impossible. Time has passed since: look again first.
  const found = await searchAgain(deps, record, options);
  const isOld = deps.clock.now() - record.intendedAtMs > PENDING_AFTER_MS;
  if (found.state === "seen" || (!isOld && found.request.inputs !== null) || options.submitsPending) {
    return yield* takeUp(deps, found, options);
  }
  const message = `It is not known whether a run was started: ${record.ownSlug} has not shown up`;
  return resultWithoutRun(record.request.workflow, record.ownSlug, message);
}

async function searchAgain(deps: Deps, record: IntendedRecord, options: ExecuteOptions): Promise<RunRecord> {
  const finding = await search(deps, record, options);
  if (finding.type !== "ours") return record;
  const handle = handleOf(finding.run, record.request.workflow);
  const lookAtMs = deps.clock.now() + lookDelayMs(0, options.pace, deps.random);
  return withInputs(await learn(deps, record, { type: "looked", run: finding.run, handle, lookAtMs }), record);
}
