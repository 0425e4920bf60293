/** Submits one request at most once, or goes on with one, and follows its run to the end. */

import { slugOf } from "../ledger/ledger.ts";
import type { RunEvent, RunRecord, RunRequest, RunResult } from "../model.ts";
import type { Deps } from "./deps.ts";
import { intend } from "./intend.ts";
import type { KeyedWish } from "./key.ts";
import { DEFAULT_PACE, type PaceOptions } from "./pace.ts";
import { pursue } from "./pursue.ts";

/** How a run is followed. */
export interface FollowOptions {
  /** Ends the wait; its reason is thrown. */
  readonly signal: AbortSignal;
  /** How long to wait for the end, milliseconds from the start of the run; `null` for ever. The run goes on. */
  readonly timeoutMs: number | null;
  /** How often the run is looked at. */
  readonly pace: PaceOptions;
  /** How long nobody may answer before contact is given up, milliseconds; `null` for ever. */
  readonly lostContactAfterMs: number | null;
  /** False to end as soon as the run is known. */
  readonly isWaiting: boolean;
}

/** How a run is submitted and followed. */
export interface ExecuteOptions extends FollowOptions {
  /** How long a submit that certainly started nothing is repeated, milliseconds. */
  readonly submitTimeoutMs: number;
  /** The user's own name for the wish: the same name from anywhere means the same run. */
  readonly key?: KeyedWish | undefined;
}

/** What following does unless told otherwise. */
export const DEFAULT_FOLLOW = {
  timeoutMs: 3_600_000,
  pace: DEFAULT_PACE,
  lostContactAfterMs: 30 * 60_000,
  isWaiting: true,
} as const satisfies Omit<FollowOptions, "signal">;

/** What submitting does unless told otherwise. */
export const DEFAULT_EXECUTE = {
  ...DEFAULT_FOLLOW,
  submitTimeoutMs: 10 * 60_000,
} as const satisfies Omit<ExecuteOptions, "signal">;

/**
 * Submits a request at most once and follows it. A run that failed is an answer; thrown is what kept us from one.
 *
 * @throws NotSubmitted, Rejected, ConsentRequired, CredentialError, NotFound: nothing was started; the signal's reason.
 */
export async function* execute(
  deps: Deps,
  request: RunRequest,
  options: ExecuteOptions,
): AsyncGenerator<RunEvent, RunResult> {
  const record = await intend(deps, request, options);
  const { wishId, ownSlug } = record;
  const atMs = deps.clock.now();
  if (record.state === "intended" && record.attempts === 0) {
    yield { type: "submitting", wishId, atMs, workflow: request.workflow, slug: ownSlug };
  } else if (record.key !== null) {
    yield { type: "key-known", wishId, atMs, key: record.key.text, slug: slugOf(record) };
  }
  return yield* pursue(deps, record, { ...options, submitted: record.state === "intended" ? "yes" : "no" });
}

/**
 * Goes on with a record of the ledger: what is unknown is looked for, what is known is followed.
 *
 * @throws What `execute` throws.
 */
export async function* takeUp(
  deps: Deps,
  record: RunRecord,
  options: ExecuteOptions,
): AsyncGenerator<RunEvent, RunResult> {
  return yield* pursue(deps, record, { ...options, submitted: record.state === "intended" ? "yes" : "no" });
}

/** Consumes the events and hands over the result, which a `for await` would drop. */
export async function toEnd(
  events: AsyncGenerator<RunEvent, RunResult>,
  show: (event: RunEvent) => void,
): Promise<RunResult> {
  while (true) {
    const { done, value } = await events.next();
    if (done) return value;
    show(value);
  }
}
