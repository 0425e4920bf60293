/** Submits one request, or takes up a run that is there, and follows it to its end. */

import { CredentialError, NotSubmitted, Rejected, type RunnerError, StorageError } from "../errors.ts";
import { isOpen, slugOf } from "../ledger/ledger.ts";
import { memoryLedger } from "../ledger/memory.ts";
import type {
  RefusedRecord,
  Run,
  RunDetail,
  RunEvent,
  RunHandle,
  RunRecord,
  RunRequest,
  RunResult,
  SeenRecord,
  Submitted,
  SubmittedRecord,
} from "../model.ts";
import { advance } from "./advance.ts";
import type { Deps } from "./deps.ts";
import { intend } from "./intend.ts";
import type { KeyedWish } from "./key.ts";
import { DEFAULT_PACE, lookDelayMs, type PaceOptions } from "./pace.ts";
import { findReadySession } from "./session.ts";
import { learn, type Turn, type TurnOptions } from "./turn.ts";
import { handleOf, nameOf, resultOf, resultWithoutRun } from "./view.ts";

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** How long to wait for the end, milliseconds from the start of the run; `null` for ever. The run goes on. */
  readonly timeoutMs: number | null;
  readonly pace: PaceOptions;
  /** How long nobody may answer before contact is given up, milliseconds; `null` for ever. */
  readonly lostContactAfterMs: number | null;
  /** False to end as soon as the run is known. */
  readonly isWaiting: boolean;
}

export interface ExecuteOptions extends FollowOptions {
  /** How long a submit that certainly started nothing is repeated, milliseconds. */
  readonly submitTimeoutMs: number;
  /** The user's own name for the wish: the same name from anywhere means the same run. */
  readonly key?: KeyedWish | undefined;
}

export const DEFAULT_FOLLOW = {
  timeoutMs: 3_600_000,
  pace: DEFAULT_PACE,
  lostContactAfterMs: 30 * 60_000,
  isWaiting: true,
} as const satisfies Omit<FollowOptions, "signal">;

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

/**
 * Follows a run that exists, whoever started it.
 *
 * @throws NotFound and what else the client throws when the run can't be read at first; the signal's reason.
 */
export async function* follow(
  deps: Deps,
  handle: RunHandle,
  options: FollowOptions,
): AsyncGenerator<RunEvent, RunResult> {
  const run = await deps.client.getRun(handle, options);
  const known = await recordOfRun(deps, run, options);
  // What others started is not ours to remember.
  const watching: Deps = known === undefined ? { ...deps, ledger: memoryLedger() } : deps;
  return yield* pursue(watching, known ?? recordOf(run, deps), { ...options, submitTimeoutMs: 0, submitted: "no" });
}

/** What this machine remembers of a run that it started itself, as long as its end was not seen. */
async function recordOfRun(deps: Deps, run: RunDetail, { pace }: FollowOptions): Promise<RunRecord | undefined> {
  if (run.slug === null) return undefined;
  try {
    const record = await deps.ledger.findRun({ host: deps.client.host, user: run.user }, run.slug);
    if (record === undefined || !isOpen(record)) return undefined;
    const lookAtMs = deps.clock.now() + lookDelayMs(0, pace, deps.random);
    const handle = handleOf(run, record.request.workflow);
    return await learn(deps, record, { type: "looked", run, handle, lookAtMs });
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    deps.log("WARNING", error.message);
    return undefined;
  }
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

/** What {@link pursue} is told: how to wait, and what results say of the call. */
type PursueOptions = ExecuteOptions & Pick<TurnOptions, "submitted">;

/** Goes on with a record until it is settled or we stop waiting. */
async function* pursue(
  deps: Deps,
  start: RunRecord,
  options: PursueOptions,
): AsyncGenerator<RunEvent, RunResult> {
  const { clock } = deps;
  let { submitted } = options;
  let record = start;
  let deadlineMs: number | null = null;
  const started = (seen: SeenRecord) => {
    deadlineMs = deadlineOf(start.state === "seen" ? clock.now() : seen.startedAtMs, options);
    return startedEvent(seen, { wasAlreadyThere: submitted !== "yes", deadlineMs, nowMs: clock.now() });
  };
  if (record.state === "seen") {
    yield started(record);
    if (!options.isWaiting) return notWaited(await leave(deps, record), options);
  }
  while (true) {
    await clock.sleep(Math.min(record.dueAtMs, deadlineMs ?? Infinity) - clock.now(), { signal: options.signal });
    const isLastLook = deadlineMs !== null && clock.now() >= deadlineMs;
    const turn = await turnOf(deps, isLastLook ? { ...record, dueAtMs: clock.now() } : record, {
      ...options,
      submitted,
    });
    if (turn.isTakenOver) submitted = "no";
    if (record.state === "submitted") submitted = startedBy(record, submitted);
    const isFirstSight = record.state !== "seen" && turn.record.state === "seen";
    record = turn.record;
    if (isFirstSight && record.state === "seen") {
      yield started(record);
      if (!options.isWaiting) return notWaited(await leave(deps, record), { submitted });
    }
    yield* turn.events;

    const how = { ...options, submitted };
    const result = await endOf(deps, turn, how) ?? (isLastLook ? timedOut(record, how) : undefined);
    if (result === undefined) continue;
    yield { type: "settled", wishId: record.wishId, atMs: clock.now(), result };
    return result;
  }
}

/** A key's run that a refused submit led to is somebody else's start. */
function startedBy({ key, doubt, lostAnswers }: SubmittedRecord, submitted: Submitted): Submitted {
  if (key === null || doubt === null || submitted === "no") return submitted;
  return lostAnswers === 0 ? "no" : "unknown";
}

async function leave(deps: Deps, record: SeenRecord): Promise<SeenRecord> {
  const left = await learn(deps, record, { type: "left" });
  return left.state === "seen" ? left : record;
}

async function turnOf(deps: Deps, record: RunRecord, options: TurnOptions): Promise<Turn> {
  const [turn] = await advance(deps, [record], options);
  if (turn === undefined) throw new TypeError("A record that was advanced has no turn");
  return turn;
}

/** What this turn ended with, if it ended anything; throws what kept the wish from becoming a run. */
async function endOf(deps: Deps, { record, trouble }: Turn, options: PursueOptions): Promise<RunResult | undefined> {
  switch (record.state) {
    case "intended":
      return undefined;
    case "submitted":
      return record.doubt?.isGivenUp
        ? outcomeUnknown(record.request.workflow, record.ownSlug, record.doubt.detail)
        : undefined;
    case "seen":
      return await sessionOf(deps, record, options) ?? contactOf(deps, record, trouble, options);
    case "settled":
      // Another process may have seen the end, or it was seen long ago.
      return { ...record.result, submitted: options.submitted };
    case "refused":
      throw trouble ?? refusalOf(record);
  }
}

/** What another process was told. */
function refusalOf({ kind, message }: RefusedRecord): RunnerError {
  return kind === "not_submitted" ? new NotSubmitted(message) : new Rejected(message);
}

async function sessionOf(deps: Deps, record: SeenRecord, options: PursueOptions): Promise<RunResult | undefined> {
  const { run, request } = record;
  const isAwaited = request.startsSession || isSession(run);
  if (!isAwaited || run.status !== "running") return undefined;
  const session = await findReadySession(deps, run, options);
  if (session === undefined) return undefined;
  return resultOf(run, {
    kind: "session_ready",
    submitted: options.submitted,
    session,
    message: "The session stays running",
  });
}

function isSession(run: Run | RunDetail): boolean {
  return "redirect" in run && run.redirect?.kind === "session";
}

/** Whether following must stop although the run goes on. */
function contactOf(
  { clock }: Deps,
  record: SeenRecord,
  trouble: Turn["trouble"],
  { lostContactAfterMs, submitted }: PursueOptions,
): RunResult | undefined {
  const name = nameOf(record.handle);
  const goesOn = { status: "unknown", submitted } as const;
  if (trouble instanceof CredentialError && trouble.kind === "credential_refused") {
    const message = `${trouble.message}. The run ${name} goes on`;
    return resultOf(record.run, { ...goesOn, kind: "credential_expired", message });
  }
  const isLost = record.lostSinceMs !== null && lostContactAfterMs !== null &&
    clock.now() - record.lostSinceMs >= lostContactAfterMs;
  if (!isLost) return undefined;
  const message = `${trouble?.message ?? "Nobody answers"}. The run ${name} goes on`;
  return resultOf(record.run, { ...goesOn, kind: "lost_contact", message });
}

function outcomeUnknown(workflow: string, slug: string | null, detail: string): RunResult {
  const look = slug === null ? `runs of ${workflow} on the platform` : `the run ${slug}`;
  return resultWithoutRun(
    workflow,
    slug,
    `It is not known whether a run was started: ${detail}. Look for ${look} before trying again`,
  );
}

function timedOut(record: RunRecord, { timeoutMs, submitted }: PursueOptions): RunResult | undefined {
  if (record.state !== "seen") return undefined;
  const message = `The run ${nameOf(record.handle)} goes on: waiting stopped after ${(timeoutMs ?? 0) / 1000} s`;
  return resultOf(record.run, { kind: "timeout", status: "timeout", submitted, message });
}

function notWaited(record: SeenRecord, { submitted }: Pick<PursueOptions, "submitted">): RunResult {
  return resultOf(record.run, { kind: "not_waited", submitted });
}

function deadlineOf(fromMs: number, { timeoutMs, isWaiting }: FollowOptions): number | null {
  return timeoutMs === null || !isWaiting ? null : fromMs + timeoutMs;
}

function startedEvent(
  { wishId, run }: SeenRecord,
  { wasAlreadyThere, deadlineMs, nowMs }: { wasAlreadyThere: boolean; deadlineMs: number | null; nowMs: number },
): RunEvent {
  return {
    type: "started",
    wishId,
    atMs: nowMs,
    workflow: run.workflowName,
    slug: run.slug,
    number: run.number,
    wasAlreadyThere,
    deadlineAtMs: deadlineMs,
  };
}

function recordOf(run: RunDetail, { client, clock }: Deps): SeenRecord {
  const nowMs = clock.now();
  const workflow = run.workflowName ?? "";
  const createdAtMs = Date.parse(run.createdAt ?? "");
  return {
    state: "seen",
    wishId: run.slug ?? `${workflow}#${run.number}`,
    revision: 0,
    owner: { host: client.host, user: run.user },
    request: {
      workflow,
      workflowId: run.workflowId,
      inputs: null,
      inputsHash: "",
      openInputs: null,
      secretPaths: [],
      displayName: run.displayName,
      asksFor: null,
      isTrusted: false,
      startsSession: isSession(run),
    },
    key: null,
    ownSlug: null,
    marker: "",
    intendedAtMs: nowMs,
    updatedAtMs: nowMs,
    dueAtMs: nowMs,
    handle: handleOf(run, workflow),
    run,
    startedAtMs: Number.isFinite(createdAtMs) ? Math.min(createdAtMs, nowMs) : nowMs,
    seenAtMs: nowMs,
    lostSinceMs: null,
    missingSinceMs: null,
    missingLooks: 0,
    failingSinceMs: null,
    isLeft: false,
  };
}
