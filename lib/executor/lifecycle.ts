/**
 * The life of a record, pure: what was learned goes in, the record moved forward comes out. Every state and arrow is in
 * {@link ARROWS}; `settled` and `refused` are ends.
 */

import type {
  Doubt,
  IntendedRecord,
  Run,
  RunHandle,
  RunRecord,
  RunResult,
  SeenRecord,
  SubmittedRecord,
} from "../model.ts";

/** One thing learned about a run, or done for it. */
export type Observation =
  /** The request is about to leave. */
  | { readonly type: "sending" }
  /** Nothing arrived: the same request may go again at `againAtMs`. */
  | { readonly type: "not-sent"; readonly againAtMs: number }
  /** The server would not have our slug: once more without it. */
  | { readonly type: "slug-refused" }
  /** It will never be a run. */
  | { readonly type: "refused"; readonly kind: string; readonly message: string }
  /** Sent, and not known what became of it: to be looked for from `lookAtMs`. */
  | {
    readonly type: "in-doubt";
    readonly cause: Doubt["cause"];
    readonly detail: string;
    readonly lookForMs: number;
    readonly lookAtMs: number;
  }
  /** Looked for and not there. */
  | { readonly type: "not-found"; readonly lookAtMs: number }
  /** Could not be looked for. */
  | { readonly type: "not-looked"; readonly lookAtMs: number }
  /** Looked for long enough. */
  | { readonly type: "given-up" }
  /** Proven absent, or sure to be refused if it is there: the same slug may be posted again at `againAtMs`. */
  | { readonly type: "post-again"; readonly againAtMs: number }
  /** The platform shows the run. */
  | { readonly type: "looked"; readonly run: Run; readonly handle: RunHandle; readonly lookAtMs: number }
  /** A look at a known run failed. */
  | { readonly type: "look-failed"; readonly lookAtMs: number }
  /** A known run answers 404. */
  | { readonly type: "missing"; readonly lookAtMs: number }
  /** Nobody waits for its end. */
  | { readonly type: "left" }
  | { readonly type: "ended"; readonly result: RunResult };

type State = RunRecord["state"];
type Arrows = Readonly<Record<State, Readonly<Partial<Record<Observation["type"], State>>>>>;

/** From each state, by each observation, to which state. What is not here can't happen. */
export const ARROWS = {
  intended: { sending: "submitted", refused: "refused", looked: "seen" },
  submitted: {
    "not-sent": "intended",
    "slug-refused": "intended",
    refused: "refused",
    "in-doubt": "submitted",
    "not-found": "submitted",
    "not-looked": "submitted",
    "given-up": "submitted",
    "post-again": "intended",
    looked: "seen",
  },
  seen: { looked: "seen", "look-failed": "seen", missing: "seen", left: "seen", ended: "settled" },
  settled: {},
  refused: {},
} as const satisfies Arrows;

/**
 * Moves a record forward.
 *
 * @throws TypeError when the record's state has no arrow for it: a defect of the caller.
 */
export function next(record: RunRecord, observation: Observation, nowMs: number): RunRecord {
  switch (record.state) {
    case "intended":
      return fromIntended(record, observation, nowMs) ?? refuse(record, observation);
    case "submitted":
      return fromSubmitted(record, observation, nowMs) ?? refuse(record, observation);
    case "seen":
      return fromSeen(record, observation, nowMs) ?? refuse(record, observation);
    case "settled":
    case "refused":
      return refuse(record, observation);
  }
}

/** True once nothing more can happen to it. */
export function isOver(record: RunRecord): boolean {
  return record.state === "settled" || record.state === "refused";
}

/** Whether there is an arrow for it: somebody else may have moved the record on. */
export function canTake(record: RunRecord, { type }: Observation): boolean {
  const arrows: Arrows[State] = ARROWS[record.state];
  const needsDoubt = type === "not-found" || type === "given-up";
  return arrows[type] !== undefined && !(needsDoubt && record.state === "submitted" && record.doubt === null);
}

function refuse(record: RunRecord, observation: Observation): never {
  throw new TypeError(`A ${record.state} record can't take "${observation.type}"`);
}

function fromIntended(record: IntendedRecord, seen: Observation, nowMs: number): RunRecord | undefined {
  switch (seen.type) {
    case "sending":
      return {
        ...common(record, nowMs),
        state: "submitted",
        attempts: record.attempts + 1,
        strugglingSinceMs: record.strugglingSinceMs,
        lostAnswers: record.lostAnswers,
        sentAtMs: nowMs,
        doubt: null,
      };
    case "refused":
      return { ...common(record, nowMs), state: "refused", kind: seen.kind, message: seen.message };
    case "looked":
      return firstSight(record, seen, nowMs);
    default:
      return undefined;
  }
}

function fromSubmitted(record: SubmittedRecord, seen: Observation, nowMs: number): RunRecord | undefined {
  switch (seen.type) {
    case "not-sent":
    case "post-again":
      return backToIntended(record, nowMs, { dueAtMs: seen.againAtMs });
    case "slug-refused":
      return { ...backToIntended(record, nowMs, { dueAtMs: nowMs }), ownSlug: null };
    case "refused":
      return { ...common(record, nowMs), state: "refused", kind: seen.kind, message: seen.message };
    case "in-doubt":
      return {
        ...record,
        ...common(record, nowMs),
        dueAtMs: seen.lookAtMs,
        strugglingSinceMs: record.strugglingSinceMs ?? record.sentAtMs,
        lostAnswers: record.lostAnswers + (seen.cause === "answer-lost" ? 1 : 0),
        doubt: {
          cause: seen.cause,
          detail: seen.detail,
          sinceMs: nowMs,
          looks: 0,
          lookForMs: seen.lookForMs,
          isGivenUp: false,
        },
      };
    case "not-found":
      return record.doubt === null ? undefined : {
        ...record,
        ...common(record, nowMs),
        dueAtMs: seen.lookAtMs,
        doubt: { ...record.doubt, looks: record.doubt.looks + 1 },
      };
    case "not-looked":
      return { ...record, ...common(record, nowMs), dueAtMs: seen.lookAtMs };
    case "given-up":
      return record.doubt === null
        ? undefined
        : { ...record, ...common(record, nowMs), doubt: { ...record.doubt, isGivenUp: true } };
    case "looked":
      return firstSight(record, seen, nowMs);
    default:
      return undefined;
  }
}

function fromSeen(record: SeenRecord, seen: Observation, nowMs: number): RunRecord | undefined {
  switch (seen.type) {
    case "looked":
      return {
        ...record,
        ...common(record, nowMs),
        dueAtMs: seen.lookAtMs,
        handle: seen.handle,
        run: seen.run,
        seenAtMs: nowMs,
        lostSinceMs: null,
        missingSinceMs: null,
        missingLooks: 0,
        failingSinceMs: seen.run.phase === "failing" ? record.failingSinceMs ?? nowMs : null,
      };
    case "look-failed":
      return {
        ...record,
        ...common(record, nowMs),
        dueAtMs: seen.lookAtMs,
        lostSinceMs: record.lostSinceMs ?? nowMs,
      };
    case "missing":
      return {
        ...record,
        ...common(record, nowMs),
        dueAtMs: seen.lookAtMs,
        lostSinceMs: null,
        missingSinceMs: record.missingSinceMs ?? nowMs,
        missingLooks: record.missingLooks + 1,
      };
    case "left":
      return { ...record, ...common(record, nowMs), dueAtMs: record.dueAtMs, isLeft: true };
    case "ended":
      return { ...common(record, nowMs), state: "settled", handle: record.handle, result: seen.result };
    default:
      return undefined;
  }
}

/** What every state has, so that a changed state keeps nothing of the old one. */
function common(record: RunRecord, nowMs: number) {
  const { wishId, revision, owner, request, key, ownSlug, marker, intendedAtMs } = record;
  return { wishId, revision, owner, request, key, ownSlug, marker, intendedAtMs, updatedAtMs: nowMs, dueAtMs: nowMs };
}

function backToIntended(record: SubmittedRecord, nowMs: number, due: { readonly dueAtMs: number }): IntendedRecord {
  return {
    ...common(record, nowMs),
    ...due,
    state: "intended",
    attempts: record.attempts,
    strugglingSinceMs: record.strugglingSinceMs ?? record.sentAtMs,
    lostAnswers: record.lostAnswers,
  };
}

function firstSight(
  record: RunRecord,
  { run, handle, lookAtMs }: Extract<Observation, { type: "looked" }>,
  nowMs: number,
): SeenRecord {
  return {
    ...common(record, nowMs),
    dueAtMs: lookAtMs,
    state: "seen",
    handle,
    run,
    startedAtMs: nowMs,
    seenAtMs: nowMs,
    lostSinceMs: null,
    missingSinceMs: null,
    missingLooks: 0,
    failingSinceMs: run.phase === "failing" ? nowMs : null,
    isLeft: false,
  };
}
