/** What a tick does that has something to do. Why this file: most have not, and load nothing of it. */

import { RunnerError } from "../errors.ts";
import { advance } from "../runs/advance.ts";
import type { Owner } from "../account.ts";
import { type Due, findNews, type Progress, progressAt } from "./due.ts";
import type { Schedule } from "./schedule.ts";
import type { Service } from "./service.ts";
import { trackOccurrences } from "./track_occurrences.ts";
import { notify, sendNotifications } from "./notifications.ts";
import { isOwnedBy, openSubmissionsOf } from "./open_submissions.ts";
import type { LockHandle, Notification, Read } from "./scheduler_store.ts";
import { submitOccurrences } from "./submit_occurrences.ts";
import { advanceOptions } from "./advance_options.ts";

/** A schedule that has to be moved on. */
export interface Pending {
  readonly schedule: Schedule;
  readonly read: Read<Progress | null>;
  /** What there is to note; `null` when the schedule was switched off. */
  readonly news: Due | null;
}

export interface WorkOptions {
  readonly pending: readonly Pending[];
  readonly budgetMs: number;
  readonly maxPolls: number;
  /** Aborts when the budget is spent. */
  readonly signal: AbortSignal;
}

export interface Work {
  readonly submitted: number;
  readonly looked: number;
  readonly told: number;
  readonly isCutShort: boolean;
  /** What kept the platform from being asked everything. */
  readonly trouble: RunnerError | null;
}

const MINUTE_MS = 60_000;
const AT_ONCE = 20;
/** Of the budget: the rest is for what follows from the answers, and for telling. */
const SHARE_OF_ASKING = 0.7;
/** Deno KV takes 1000 changes and 80 KiB of keys at once; a slot or report makes a few, and one for each webhook. */
const MAX_PER_COMMIT = 25;

/**
 * Notes what is due, submits, looks, and tells.
 *
 * @throws StorageError, and what the signal aborts with.
 */
export async function work(
  service: Service,
  lock: LockHandle,
  { pending, budgetMs, maxPolls, signal }: WorkOptions,
): Promise<Work> {
  using asking = service.deps.clock.timeout(budgetMs * SHARE_OF_ASKING);
  let trouble: RunnerError | null = null;
  /** A platform that is away or slow must not keep us from telling so. */
  const ask = async <T>(act: () => Promise<T>): Promise<T | undefined> => {
    if (asking.signal.aborted) return undefined;
    try {
      return await act();
    } catch (problem) {
      if (asking.signal.aborted && !signal.aborted) return undefined;
      if (!(problem instanceof RunnerError) || problem.kind === "storage" || signal.aborted) throw problem;
      trouble ??= problem;
      return undefined;
    }
  };
  for (const one of pending) {
    if (one.news !== null) await storeOccurrences(service, lock, one, signal);
    else await service.schedulerStore.removeProgress(lock, one.schedule.name);
  }
  const [occurrences, runs] = await Promise.all([
    service.schedulerStore.openOccurrences(),
    openSubmissionsOf(service.deps.store),
  ]);
  const isAsking = occurrences.length + runs.length > 0;
  const submitted = isAsking ? await ask(() => submitOccurrences(service, lock, asking.signal)) : undefined;
  const owner = isAsking ? await ask(() => ownerOf(service, asking.signal)) : undefined;
  const looked = owner && await ask(() => look(service, { owner, maxPolls, signal: asking.signal }));
  await trackOccurrences(service, lock, { owner, signal });
  const told = await sendNotifications(service, signal);
  return { submitted: submitted ?? 0, looked: looked ?? 0, told, isCutShort: asking.signal.aborted, trouble };
}

async function ownerOf({ deps: { client } }: Service, signal: AbortSignal): Promise<Owner> {
  return { host: client.host, user: (await client.whoAmI({ signal })).user };
}

/**
 * After an outage there may be more than one atomic operation holds. They are taken in steps, the earliest first: what is
 * missed comes before what is made up for, so that whoever goes on after a step finds the same that was left.
 */
async function storeOccurrences(
  { schedulerStore, deps }: Service,
  lock: LockHandle,
  { schedule, ...first }: Pending,
  signal: AbortSignal,
): Promise<void> {
  let read = first.read;
  for (let news = first.news ?? undefined; news !== undefined;) {
    const { due, missed, areMoreMissed, progress } = news;
    const told = missed.slice(0, MAX_PER_COMMIT);
    const occurrences = due.slice(0, MAX_PER_COMMIT - told.length);
    const isLast = told.length + occurrences.length === missed.length + due.length;
    const lastMs = occurrences.at(-1)?.atMs ?? told.at(-1)?.atMs ?? progress.seenToMs;
    const notifications = told.map((occurrence): Notification => ({
      occurrenceId: occurrence.id,
      schedule: schedule.name,
      kind: "missed",
      atMs: deps.clock.now(),
      slug: null,
      message: areMoreMissed ? "No tick came in time, nor for many before it" : "No tick came in time",
    }));
    const step = {
      read,
      progress: isLast ? progress : progressAt(schedule, lastMs),
      occurrences,
      notify: notify(schedule, ...notifications),
    };
    if (!await schedulerStore.begin(lock, schedule.name, step) || isLast || signal.aborted) return;
    const [next] = await schedulerStore.progress([schedule.name]);
    if (next === undefined) return;
    read = next;
    news = findNews(schedule, read.value, deps.clock.now());
  }
}

/** One look at each run that is open, whoever asked for it; where there are too many, the next ticks go on. */
async function look(
  { deps }: Service,
  { owner, maxPolls, signal }: { readonly owner: Owner; readonly maxPolls: number; readonly signal: AbortSignal },
): Promise<number> {
  const nowMs = deps.clock.now();
  const open = (await openSubmissionsOf(deps.store)).filter((record) =>
    isOwnedBy(record, owner) && record.nextPollAtMs <= nowMs
  );
  // What is not known to run yet is sent or looked for first. The others take turns, by the minute alone: a look that
  // shows nothing new is not written down.
  const seen = open.filter(({ state }) => state === "active");
  // Where all may be looked at, another one is still first each time: a look without an answer keeps back those after it.
  const step = seen.length > maxPolls ? maxPolls : AT_ONCE;
  const first = seen.length === 0 ? 0 : Math.floor(nowMs / MINUTE_MS) * step % seen.length;
  const due = [
    ...open.filter(({ state }) => state !== "active"),
    ...seen.slice(first),
    ...seen.slice(0, first),
  ].slice(0, maxPolls);
  let looked = 0;
  for (let at = 0; at < due.length && !signal.aborted; at += AT_ONCE) {
    const records = due.slice(at, at + AT_ONCE);
    await advance(deps, records, advanceOptions(signal));
    looked += records.length;
  }
  return looked;
}
