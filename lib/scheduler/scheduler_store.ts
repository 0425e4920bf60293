/**
 * What the scheduler keeps beside the submissions: each schedule's progress, occurrences that wait to be submitted, the
 * outbox of notifications, runs to cancel because a later one replaces them, the lock, and how the last tick went.
 */

import { type AtomicChange, deleteRows, inChanges, type Kv, type StoreEntry } from "../store/kv.ts";
import { shortened, timeKey } from "../store/submission_rows.ts";
import { jitterFractionOf, type ScheduleProgress } from "./occurrences.ts";
import type { NotificationKind, Occurrence, Schedule } from "./schedule.ts";

export interface Notification {
  readonly occurrenceId: string;
  readonly schedule: string;
  readonly kind: NotificationKind;
  readonly createdAtMs: number;
  readonly slug: string | null;
  readonly message: string | null;
}

/** A notification on its way to a webhook. */
export interface OutboxMessage {
  readonly id: string;
  readonly notification: Notification;
  /** As {@link webhookNumber} identifies it. */
  readonly webhook: number;
  readonly attempts: number;
  readonly nextAttemptAtMs: number;
}

export interface TickLog {
  readonly startedMs: number;
  readonly tookMs: number;
  /** Ticks that did not come, since the store was created. */
  readonly missed: number;
  /** Why the last tick failed; `null` when it did not. */
  readonly error: string | null;
}

/** An occurrence that is due, and has no submission yet. */
export interface WaitingOccurrence extends Occurrence {
  /** Why it is not submitted at all, when no tick came in time for it. */
  readonly missed: string | null;
  /** Since when a fault that may pass keeps it from being submitted; absent without one. */
  readonly failingSinceMs?: number;
}

/** The lock and the last tick's log, as they were read together. */
export type TickState = Awaited<ReturnType<typeof readTickState>>;

/** The lock on ticks. Its versionstamp is the fencing token: changes of a holder that lost the lock fail. */
export type TickLock = Pick<StoreEntry, "key" | "versionstamp">;

const LOCK = ["tick", "lock"];
const LOG = ["tick", "log"];

/** Kinds that the status page lists: what did not go as planned. */
const PROBLEM_KINDS: readonly NotificationKind[] = ["missed", "skipped", "deadline", "unknown", "invalid"];

/** @returns `lockedUntilMs`: in the past when the lock is free. */
export async function readTickState(kv: Kv) {
  const [lock, log] = await Promise.all([kv.get<{ untilMs: number }>(LOCK), kv.get<TickLog>(LOG)]);
  return { lockedUntilMs: lock.value?.untilMs ?? -Infinity, log: log.value, read: [lock, log] };
}

/** Stores the log of a tick that found nothing to do, unless another one ran since the state was read. */
export async function recordIdleTick(kv: Kv, { read }: TickState, log: TickLog): Promise<void> {
  await kv.atomic().check(...read).set(LOG, log).commit();
}

/** @returns `undefined` when another process acquired the lock since the state was read. */
export async function acquireTickLock(kv: Kv, { read }: TickState, untilMs: number): Promise<TickLock | undefined> {
  const versionstamp = await kv.atomic().check(...read.slice(0, 1)).set(LOCK, { untilMs }).commit();
  return versionstamp === undefined ? undefined : { key: LOCK, versionstamp };
}

/** Does nothing once the lock is lost. */
export async function releaseTickLock(kv: Kv, lock: TickLock, log: TickLog | null): Promise<void> {
  // The row stays: a process that read it earlier sees by its version that another tick has run since.
  const change = kv.atomic().check(lock).set(LOCK, { untilMs: 0 });
  await (log === null ? change : change.set(LOG, log)).commit();
}

export async function readTickLog(kv: Kv): Promise<TickLog | null> {
  return (await kv.get<TickLog>(LOG)).value;
}

/** In the order of the names. */
export async function readScheduleProgress(kv: Kv, schedules: readonly string[]) {
  return await kv.getMany<ScheduleProgress>(schedules.map(scheduleProgressKey));
}

export function scheduleProgressKey(schedule: string): readonly string[] {
  return ["progress", schedule];
}

/** Of the schedules that `isGone` names, by when they were due next. */
export async function removeProgress(kv: Kv, isGone: (schedule: string, nextMs: number) => boolean): Promise<void> {
  await inChanges(kv, kv.list<ScheduleProgress>({ prefix: ["progress"] }), (change, entry) => {
    if (!isGone(entry.key.at(-1) ?? "", entry.value.nextMs ?? Infinity)) return false;
    return change.check(entry).delete(entry.key);
  });
}

/** Earliest first. @param limit Only so many, of those of any schedules. Default: all. */
export async function listWaitingOccurrences(kv: Kv, limit = Infinity): Promise<readonly WaitingOccurrence[]> {
  const found = await Array.fromAsync(kv.list<WaitingOccurrence>({ prefix: ["waiting"] }, { limit }));
  return found.map(({ value }) => value).sort((a, b) => a.scheduledAtMs - b.scheduledAtMs);
}

/** Adds an occurrence that no schedule named; false when it is waiting already. */
export async function addWaitingOccurrence(kv: Kv, occurrence: Occurrence): Promise<boolean> {
  const key = waitingKey(occurrence);
  const waiting: WaitingOccurrence = { ...occurrence, missed: null };
  return await kv.atomic().check({ key, versionstamp: null }).set(key, waiting).commit() !== undefined;
}

/** Keeps since when it fails, `undefined` if it does not: it may have been due, or in a queue, for long before. */
export async function keepFailing(kv: Kv, lock: TickLock, occurrence: WaitingOccurrence, nowMs: number | undefined) {
  if ((occurrence.failingSinceMs === undefined) === (nowMs === undefined)) return;
  await kv.atomic().check(lock).set(waitingKey(occurrence), { ...occurrence, failingSinceMs: nowMs }).commit();
}

/** Removes an occurrence that has a submission already. */
export async function removeWaitingOccurrence(kv: Kv, lock: TickLock, occurrence: Occurrence): Promise<void> {
  await kv.atomic().check(lock).delete(waitingKey(occurrence)).commit();
}

export function waitingKey({ schedule, id }: Occurrence): readonly string[] {
  return ["waiting", schedule, id];
}

/** Asks for the cancellation of a submission's run, whenever it is known and until it ends. */
export function addReplaced(change: AtomicChange, submissionId: string): AtomicChange {
  return change.set(["replaced", submissionId], null);
}

/** The ids of submissions whose runs are to be cancelled. */
export async function listReplaced(kv: Kv): Promise<readonly string[]> {
  return (await Array.fromAsync(kv.list({ prefix: ["replaced"] }))).map(({ key }) => key.at(-1) ?? "");
}

export async function removeReplaced(kv: Kv, lock: TickLock, submissionIds: Iterable<string>): Promise<void> {
  await inChanges(kv, submissionIds, (change, id) => change.check(lock).delete(["replaced", id]));
}

/** Adds a notification: to the outbox for each webhook that wants it, and to the status page where it is a problem. */
export function addNotification(change: AtomicChange, given: Notification, webhooks: Schedule["notify"]): void {
  const { createdAtMs, occurrenceId, kind } = given;
  // A row holds 16,000 characters on Deno KV, and a run's own message may be longer.
  const notification = { ...given, message: shortened(given.message) };
  if (PROBLEM_KINDS.includes(kind)) change.set(["problem", timeKey(createdAtMs), occurrenceId, kind], notification);
  for (const [index, hook] of webhooks.entries()) {
    if (!hook.on.includes(kind)) continue;
    const id = `${occurrenceId}/${kind}/${index}`;
    const webhook = webhookNumber(hook);
    const message: OutboxMessage = { id, notification, webhook, attempts: 0, nextAttemptAtMs: createdAtMs };
    change.set(outboxKey(message), message);
  }
}

/** Made of the address, which may hold a secret and is not stored: the place in the list may be another one's by the time. */
export function webhookNumber({ url, secretEnv }: Pick<Schedule["notify"][number], "url" | "secretEnv">): number {
  return jitterFractionOf(`${url} ${secretEnv}`);
}

/** Newest first. */
export async function listServiceProblems(kv: Kv, limit: number): Promise<readonly Notification[]> {
  const found = await Array.fromAsync(kv.list<Notification>({ prefix: ["problem"] }, { reverse: true, limit }));
  return found.map(({ value }) => value);
}

/** Before a message is sent again. */
export const MAX_PAUSE_MS = 12 * 60 * 60_000;

/** The longest due first; then those that would wait longer than any pause, as the clock was ahead when they were stored. */
export async function listDueMessages(kv: Kv, nowMs: number, limit: number) {
  const ranges = [{ end: ["outbox", timeKey(nowMs + 1)] }, { start: ["outbox", timeKey(nowMs + 2 * MAX_PAUSE_MS)] }];
  const found = await Promise.all(
    ranges.map((range) => Array.fromAsync(kv.list<OutboxMessage>({ prefix: ["outbox"], ...range }, { limit }))),
  );
  return found.flat().slice(0, limit);
}

/** Removes a message, or with `next` puts it off. */
export async function completeMessage(kv: Kv, entry: StoreEntry<OutboxMessage>, next: OutboxMessage | null) {
  const change = kv.atomic().check(entry).delete(entry.key);
  if (next !== null) change.set(outboxKey(next), next);
  await change.commit();
}

/** Removes problems from before an instant. */
export async function pruneServiceProblems(kv: Kv, beforeMs: number): Promise<void> {
  await deleteRows(kv, { prefix: ["problem"], end: ["problem", timeKey(beforeMs)] });
}

/** What is due is found without reading the rest. */
function outboxKey({ id, nextAttemptAtMs }: OutboxMessage): readonly string[] {
  return ["outbox", timeKey(nextAttemptAtMs), id];
}
