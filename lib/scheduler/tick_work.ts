/** What a tick does when there is something to do. A file of its own because most ticks do nothing and load nothing. */

import { RunnerError } from "../errors.ts";
import type { ListedOpenRow } from "../store/run_store.ts";
import { scheduleProgressAt } from "./occurrences.ts";
import { sendNotifications } from "./notifications.ts";
import { cancelRuns, pollOpen } from "./open_runs.ts";
import { rejectOccurrence, reportDeadlines, reportEnds } from "./report_occurrences.ts";
import type { PendingSchedule, TickContext, TickOptions, TickReport } from "./service.ts";
import { scheduleProgressKey, waitingKey, type WaitingOccurrence } from "./scheduler_store.ts";
import { type SubmittedWaiting, submitWaiting } from "./submit_waiting.ts";

export interface TickInput extends Omit<TickOptions, "signal"> {
  readonly pending: readonly PendingSchedule[];
  readonly waiting: readonly WaitingOccurrence[];
  readonly open: readonly ListedOpenRow[];
}

export interface TickWork extends Omit<TickReport, "didTick" | "missedTicks"> {
  /** The first error of a request to the platform. */
  readonly error: RunnerError | null;
}

/** Of the budget: the rest is for what follows from the responses, and for notifying. */
const REQUEST_SHARE = 0.7;
/** Of the budget: polls without a response must leave time to submit what is due. */
const DECISION_SHARE = 0.4;

/**
 * Polls, stores what is due, submits and notifies.
 *
 * @throws StorageError, and what the signal aborts with.
 */
export async function runTickWork(context: TickContext, input: TickInput): Promise<TickWork> {
  const { service, signal } = context;
  using requests = service.deps.clock.timeout(input.budgetMs * REQUEST_SHARE);
  const asking: TickContext = { ...context, signal: AbortSignal.any([signal, requests.signal]) };
  let error: RunnerError | null = null;
  /** A platform that does not respond must not keep the tick from reporting that. */
  const request = async <T>(act: () => Promise<T>): Promise<T | undefined> => {
    if (asking.signal.aborted) return undefined;
    try {
      return await act();
    } catch (problem) {
      if (asking.signal.aborted && problem === asking.signal.reason) return undefined;
      if (!(problem instanceof RunnerError) || problem.kind === "storage") throw problem;
      error ??= problem;
      return undefined;
    }
  };
  const waiting = [...input.waiting, ...await storeDue(context, input.pending)];
  const needsPlatform = waiting.length + input.open.length > 0;
  const { client } = service.deps;
  const identity = needsPlatform ? await request(() => client.whoAmI({ signal: asking.signal })) : undefined;
  const owner = identity && { host: client.host, user: identity.user };
  // Before anything is decided: whether a run is open is a fact of now, not of the previous tick.
  const suites = input.open.filter(isSuite);
  const [deciding, others] = split(input.open.filter((row) => !isSuite(row)), waiting, context);
  using decisions = service.deps.clock.timeout(input.budgetMs * DECISION_SHARE);
  const first = { ...context, signal: AbortSignal.any([decisions.signal, asking.signal]) };
  const poll = (polling: TickContext, open: readonly ListedOpenRow[], maxPolls: number) =>
    owner && open.length > 0 ? request(() => pollOpen(polling, { open, owner, maxPolls })) : undefined;
  const polled = await poll(first, deciding, input.maxPolls);
  const isPollingCutShort = decisions.signal.aborted;
  for (const occurrence of waiting) {
    if (occurrence.missed === null || signal.aborted) continue;
    await rejectOccurrence(context, occurrence, { kind: "missed", message: occurrence.missed });
  }
  const left = waiting.filter(({ missed }) => missed === null);
  const known = new Set([...polled?.known ?? [], ...suites.map(({ id }) => id)]);
  const sent = left.length > 0
    ? await request(() =>
      submitWaiting(asking, { waiting: left, open: [...polled?.open ?? deciding, ...suites], known })
    )
    : undefined;
  const rest = await poll(asking, others, input.maxPolls - (polled?.count ?? 0));
  const open = [...polled?.open ?? deciding, ...rest?.open ?? others, ...suites];
  await reportDeadlines(context, open);
  const hasSuites = suites.length > 0 || left.some(({ schedule }) => context.schedules.get(schedule)?.suite);
  // A client waits for a tick on request, and the next one comes within a minute.
  if (owner && hasSuites && input.isScheduled) {
    await request(async () => await (await import("./advance_suites.ts")).advanceSuites(context, asking.signal, owner));
  }
  await reportEnds(context);
  await cancelRuns(context, open);
  const delivered = await sendNotifications(service, signal);
  const isCutShort = asking.signal.aborted || isPollingCutShort;
  return {
    submitted: sent?.submitted ?? 0,
    polled: (polled?.count ?? 0) + (rest?.count ?? 0),
    delivered,
    isCutShort,
    failure: sent === undefined ? null : failureOf(sent),
    error,
  };
}

/** An atomic change holds 90 checks, 900 mutations and 60,000 bytes of keys on every backend. */
const MAX_SCHEDULES = 80;
const MAX_OCCURRENCES = 200;

/**
 * Stores as many schedules per atomic change as it holds. After an outage one schedule may have more than that: it is
 * stored in steps, the earliest first. What is missed comes before what is backfilled, so that a tick which continues
 * after a step finds what was left.
 *
 * @returns The occurrences that now wait to be submitted, or to be reported as missed.
 */
export async function storeDue(
  { service: { kv }, lock, signal }: TickContext,
  pending: readonly PendingSchedule[],
): Promise<readonly WaitingOccurrence[]> {
  const stored: WaitingOccurrence[] = [];
  const left = pending.map((item) => ({ ...item, versionstamp: item.read.versionstamp, occurrences: waitingOf(item) }));
  while (left.length > 0 && !signal.aborted) {
    const change = kv.atomic().check(lock);
    const step: WaitingOccurrence[] = [];
    let split: typeof left = [];
    for (let count = 0; count < MAX_SCHEDULES && step.length < MAX_OCCURRENCES; count++) {
      const item = left.shift();
      if (item === undefined) break;
      const { schedule, update, versionstamp, occurrences } = item;
      const part = occurrences.slice(0, MAX_OCCURRENCES - step.length);
      const last = part.length < occurrences.length ? part.at(-1) : undefined;
      const key = scheduleProgressKey(schedule.name);
      change.check({ key, versionstamp });
      if (update === null) change.delete(key);
      else change.set(key, last === undefined ? update.progress : scheduleProgressAt(schedule, last.scheduledAtMs));
      for (const occurrence of part) change.set(waitingKey(occurrence), occurrence);
      step.push(...part);
      if (last !== undefined) split = [{ ...item, occurrences: occurrences.slice(part.length) }];
    }
    const versionstamp = await change.commit();
    // The lock is lost: another tick does the rest.
    if (versionstamp === undefined) return stored;
    stored.push(...step);
    left.unshift(...split.map((item) => ({ ...item, versionstamp })));
  }
  return stored;
}

function waitingOf({ update }: PendingSchedule): readonly WaitingOccurrence[] {
  if (update === null) return [];
  const message = `No tick came in time${update.hasMoreMissed ? ", nor for many before it" : ""}`;
  return [
    ...update.missed.map((occurrence) => ({ ...occurrence, missed: message })),
    ...update.due.map((occurrence) => ({ ...occurrence, missed: null })),
  ];
}

/** As long as anything is submitted, what is not is the problem of its own schedule. */
function failureOf({ submitted, failures }: SubmittedWaiting): string | null {
  const [first] = failures;
  if (submitted > 0 || first === undefined) return null;
  const count = failures.length;
  const what = count === 1
    ? "The only due occurrence was not submitted"
    : `None of ${count} due occurrences was submitted`;
  return `${what}: ${first.occurrenceId}: ${first.message}`;
}

function isSuite({ occurrence }: ListedOpenRow): boolean {
  return occurrence?.isSuite === true;
}

/** Those that decide about an occurrence that waits, and the others. */
function split(
  open: readonly ListedOpenRow[],
  waiting: readonly WaitingOccurrence[],
  { schedules }: TickContext,
): readonly [readonly ListedOpenRow[], readonly ListedOpenRow[]] {
  const names = new Set(waiting.map(({ schedule }) => schedule));
  const isDeciding = ({ occurrence }: ListedOpenRow) =>
    occurrence !== null && names.has(occurrence.schedule) && schedules.get(occurrence.schedule)?.overlap !== "allow";
  return [open.filter(isDeciding), open.filter((row) => !isDeciding(row))];
}
