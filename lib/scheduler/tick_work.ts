/** The part of a tick that has something to do. A separate module, because most ticks don't load it. */

import { RunnerError } from "../errors.ts";
import { advance } from "../runs/advance.ts";
import type { Owner } from "../account.ts";
import { type Due, findDueUpdate, type Progress, progressAt } from "./due.ts";
import type { Schedule } from "./schedule.ts";
import type { Service } from "./service.ts";
import { trackOccurrences } from "./track_occurrences.ts";
import { notify, sendNotifications } from "./notifications.ts";
import { isOwnedBy, openSubmissionsOf } from "./open_submissions.ts";
import type { Lock, Notification, Versioned } from "./scheduler_store.ts";
import { submitOccurrences } from "./submit_occurrences.ts";
import { advanceOptions } from "./advance_options.ts";

/** A schedule whose progress is to be stored. */
export interface ScheduleUpdate {
  readonly schedule: Schedule;
  readonly entry: Versioned<Progress | null>;
  /** `null` if the schedule is disabled and its progress is to be removed. */
  readonly due: Due | null;
}

export interface WorkOptions {
  readonly updates: readonly ScheduleUpdate[];
  readonly budgetMs: number;
  readonly maxPolls: number;
  /** Aborts when the budget is spent. */
  readonly signal: AbortSignal;
}

export interface WorkReport {
  readonly submitted: number;
  readonly polled: number;
  readonly delivered: number;
  readonly isCutShort: boolean;
  /** The first error that prevented a request to the platform. */
  readonly error: RunnerError | null;
}

const MINUTE_MS = 60_000;
const MAX_PARALLEL = 20;
/** Of the budget; the rest is for processing the responses and for notifications. */
const PLATFORM_SHARE = 0.7;
/**
 * Deno KV allows 1000 mutations and 80 KiB of keys per atomic operation; an occurrence or a notification needs a few, and
 * one more per webhook.
 */
const MAX_PER_COMMIT = 25;

/**
 * Stores due occurrences, submits, polls, and sends notifications.
 *
 * @throws StorageError, and the signal's reason.
 */
export async function work(
  service: Service,
  lock: Lock,
  { updates, budgetMs, maxPolls, signal }: WorkOptions,
): Promise<WorkReport> {
  using deadline = service.deps.clock.timeout(budgetMs * PLATFORM_SHARE);
  const platformSignal = deadline.signal;
  let error: RunnerError | null = null;
  /** Keeps an unreachable or slow platform from preventing the notifications about it. */
  const attempt = async <T>(act: () => Promise<T>): Promise<T | undefined> => {
    if (platformSignal.aborted) return undefined;
    try {
      return await act();
    } catch (problem) {
      if (platformSignal.aborted && !signal.aborted) return undefined;
      if (!(problem instanceof RunnerError) || problem.kind === "storage" || signal.aborted) throw problem;
      error ??= problem;
      return undefined;
    }
  };
  for (const update of updates) {
    if (update.due !== null) await storeOccurrences(service, lock, update, signal);
    else await service.schedulerStore.removeProgress(lock, update.schedule.name);
  }
  const [occurrences, submissions] = await Promise.all([
    service.schedulerStore.listOpenOccurrences(),
    openSubmissionsOf(service.deps.store),
  ]);
  const needsPlatform = occurrences.length + submissions.length > 0;
  const submitted = needsPlatform ? await attempt(() => submitOccurrences(service, lock, platformSignal)) : undefined;
  const owner = needsPlatform ? await attempt(() => ownerOf(service, platformSignal)) : undefined;
  const polled = owner && await attempt(() => pollOpen(service, { owner, maxPolls, signal: platformSignal }));
  await trackOccurrences(service, lock, { owner, signal });
  const delivered = await sendNotifications(service, signal);
  return { submitted: submitted ?? 0, polled: polled ?? 0, delivered, isCutShort: platformSignal.aborted, error };
}

async function ownerOf({ deps: { client } }: Service, signal: AbortSignal): Promise<Owner> {
  return { host: client.host, user: (await client.whoAmI({ signal })).user };
}

/**
 * After an outage there may be more than one atomic operation allows. They are stored in steps, earliest first, missed
 * before due ones, so that a tick that continues after a step finds the same remainder.
 */
async function storeOccurrences(
  { schedulerStore, deps }: Service,
  lock: Lock,
  { schedule, ...first }: ScheduleUpdate,
  signal: AbortSignal,
): Promise<void> {
  let entry = first.entry;
  for (let found = first.due ?? undefined; found !== undefined;) {
    const { due, hasMoreMissed, progress } = found;
    const missed = found.missed.slice(0, MAX_PER_COMMIT);
    const occurrences = due.slice(0, MAX_PER_COMMIT - missed.length);
    const isLast = missed.length + occurrences.length === found.missed.length + due.length;
    const lastMs = occurrences.at(-1)?.scheduledAtMs ?? missed.at(-1)?.scheduledAtMs ?? progress.processedUntilMs;
    const notifications = missed.map((occurrence): Notification => ({
      occurrenceId: occurrence.id,
      schedule: schedule.name,
      kind: "missed",
      createdAtMs: deps.clock.now(),
      slug: null,
      message: hasMoreMissed ? "No tick came in time, nor for many earlier occurrences" : "No tick came in time",
    }));
    const update = {
      entry,
      progress: isLast ? progress : progressAt(schedule, lastMs),
      occurrences,
      notify: notify(schedule, ...notifications),
    };
    if (!await schedulerStore.recordProgress(lock, schedule.name, update) || isLast || signal.aborted) return;
    const [next] = await schedulerStore.listProgress([schedule.name]);
    if (next === undefined) return;
    entry = next;
    found = findDueUpdate(schedule, entry.value, deps.clock.now());
  }
}

/** Polls each open run once, of any origin. If there are too many, the next ticks continue. */
async function pollOpen(
  { deps }: Service,
  { owner, maxPolls, signal }: { readonly owner: Owner; readonly maxPolls: number; readonly signal: AbortSignal },
): Promise<number> {
  const nowMs = deps.clock.now();
  const open = (await openSubmissionsOf(deps.store)).filter((submission) =>
    isOwnedBy(submission, owner) && submission.nextPollAtMs <= nowMs
  );
  // Submissions without a known run come first. The order of the others rotates with the minute alone, because a poll
  // that finds no change is not stored.
  const active = open.filter(({ state }) => state === "active");
  // The first one changes even if all are polled: a poll without a response delays those after it.
  const step = active.length > maxPolls ? maxPolls : MAX_PARALLEL;
  const first = active.length === 0 ? 0 : Math.floor(nowMs / MINUTE_MS) * step % active.length;
  const due = [
    ...open.filter(({ state }) => state !== "active"),
    ...active.slice(first),
    ...active.slice(0, first),
  ].slice(0, maxPolls);
  let polled = 0;
  for (let at = 0; at < due.length && !signal.aborted; at += MAX_PARALLEL) {
    const submissions = due.slice(at, at + MAX_PARALLEL);
    await advance(deps, submissions, advanceOptions(signal));
    polled += submissions.length;
  }
  return polled;
}
