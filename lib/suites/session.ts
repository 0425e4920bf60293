/** One call of `test`: its submissions are stored under its id, so that a killed call can be resumed. */

import type { Owner } from "../account.ts";
import { canonicalJson } from "../json.ts";
import { endsOf, type PreviousAttempts, previousAttempts } from "../runs/retry_policy.ts";
import { newCorrelationTag } from "../runs/slug.ts";
import { SESSION_PREFIX } from "../store/submission_rows.ts";
import type { RunStore } from "../store/run_store.ts";
import { sha256 } from "../text.ts";
import type { EndedAttempt } from "./attempt.ts";

export interface SuiteSession {
  readonly sessionId: string;
  /** Milliseconds since the epoch; of the first process that worked on it. */
  readonly startedAtMs: number;
  /** By the key of a case, what earlier processes submitted. */
  readonly previous: ReadonlyMap<string, PreviousCase>;
}

export interface PreviousCase {
  readonly previous: PreviousAttempts;
  /** All that have ended. */
  readonly ended: readonly EndedAttempt[];
}

/** What makes two calls the same suite. */
export interface SuiteIdentity {
  readonly owner: Owner;
  /** The files of the suites, the environment, the shard: everything that selects the cases. */
  readonly selection: readonly (string | null)[];
}

/** The last session of a suite, to resume it; `undefined` without one. Throws StorageError. */
export async function lastSession(store: RunStore, identity: SuiteIdentity): Promise<SuiteSession | undefined> {
  const planId = await planIdOf(identity);
  const last = await store.batches.get(planId);
  if (last?.session === undefined) return undefined;
  const sessionId = `${planId}.${last.session}`;
  return { sessionId, startedAtMs: last.createdAtMs, previous: await previousCases(store, sessionId) };
}

/**
 * Starts a session, which is the last one from now on.
 *
 * @throws StorageError
 */
export async function newSession(store: RunStore, { title, nowMs, random, ...identity }: SuiteIdentity & {
  readonly title: string;
  readonly nowMs: number;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
}): Promise<SuiteSession> {
  const planId = await planIdOf(identity);
  // The platform finds runs by it: machines that know of no other's must not choose the same.
  const session = newCorrelationTag(nowMs, random);
  const { owner } = identity;
  const record = { batchId: planId, name: title, owner, createdAtMs: nowMs, updatedAtMs: nowMs, session };
  await store.batches.put(record, []);
  return { sessionId: `${planId}.${session}`, startedAtMs: nowMs, previous: new Map() };
}

async function planIdOf({ owner: { host, user }, selection }: SuiteIdentity): Promise<string> {
  return `${SESSION_PREFIX}${(await sha256(canonicalJson([host, user.toLowerCase(), ...selection]))).slice(0, 12)}`;
}

/** The session of a suite that an occurrence of a schedule runs. */
export function sessionOfOccurrence(occurrenceId: string): string {
  return `${SESSION_PREFIX}${occurrenceId}`;
}

/** What was submitted in a session, by the key of a case. */
export async function previousCases(store: RunStore, sessionId: string): Promise<ReadonlyMap<string, PreviousCase>> {
  const attempts = await store.batches.attempts(sessionId);
  const stored = await store.getMany(attempts.map(({ submissionId }) => submissionId));
  const known = new Map(stored.map((submission) => [submission.submissionId, submission]));
  const found = new Map<string, PreviousCase>();
  for (const [key, own] of Map.groupBy(attempts, ({ rowKey }) => rowKey)) {
    const submissions = own.flatMap(({ submissionId }) => known.get(submissionId) ?? [])
      .filter((submission) => submission.state !== "rejected" || submission.kind !== NEVER_SENT);
    const previous = previousAttempts(own, submissions);
    found.set(key, { previous, ended: endsOf(submissions) });
  }
  return found;
}

/** The `kind` of what a suite did not send before it ended: to a call that resumes it, it was never wanted. */
export const NEVER_SENT = "never_sent";
