/** Goes on with one record until its run has ended, or until we stop waiting for it. */

import { CredentialError, NotSubmitted, Rejected, type RunnerError } from "../errors.ts";
import type {
  RefusedRecord,
  Run,
  RunDetail,
  RunEvent,
  RunRecord,
  RunResult,
  SeenRecord,
  Submitted,
  SubmittedRecord,
} from "../model.ts";
import { advance } from "./advance.ts";
import type { Deps } from "./deps.ts";
import type { ExecuteOptions, FollowOptions } from "./execute.ts";
import { findReadySession } from "./session.ts";
import { learn, type Turn, type TurnOptions } from "./turn.ts";
import { nameOf, resultOf, resultWithoutRun } from "./view.ts";

/** What {@link pursue} is told: how to wait, and what results say of the call. */
type PursueOptions = ExecuteOptions & Pick<TurnOptions, "submitted">;

/** Goes on with a record until it is settled or we stop waiting. */
export async function* pursue(
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

export function isSession(run: Run | RunDetail): boolean {
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
