/**
 * What the scheduler stores besides submissions: the progress of each schedule, its occurrences, notifications, the
 * outbox and the log of the last tick, all in Deno KV. Related values are written in one atomic operation, which fails
 * if one of them has changed since it was read.
 */

import { StorageError } from "../errors.ts";
import type { Progress } from "./due.ts";
import type { NotificationKind, Occurrence } from "./schedule.ts";

export interface OccurrenceResult {
  /** `skipped` and `missed` occurrences never had a run. */
  readonly status: "completed" | "failed" | "cancelled" | "unknown" | "skipped" | "missed";
  readonly finishedAtMs: number;
  readonly slug: string | null;
  readonly durationSeconds: number | null;
  readonly message: string | null;
}

export interface StoredOccurrence {
  readonly id: string;
  readonly schedule: string;
  readonly scheduledAtMs: number;
  readonly state: "waiting" | "open" | "cancelling" | "finished";
  /** `null` until its submission is stored. */
  readonly submissionId: string | null;
  readonly submittedAtMs: number | null;
  readonly isDeadlineReported: boolean;
  /** `null` until it is finished. */
  readonly result: OccurrenceResult | null;
}

/** An event of an occurrence, for the status page and webhooks. */
export interface Notification {
  readonly occurrenceId: string;
  readonly schedule: string;
  readonly kind: NotificationKind;
  readonly createdAtMs: number;
  readonly slug: string | null;
  readonly message: string | null;
}

/** A notification to be delivered to one webhook. */
export interface OutboxMessage {
  readonly id: string;
  readonly notification: Notification;
  /** Into the schedule's `notify`. */
  readonly webhookIndex: number;
  readonly attempts: number;
  readonly nextAttemptAtMs: number;
}

export interface TickLog {
  readonly startedMs: number;
  readonly tookMs: number;
  /** The number of missed ticks since the store was created. */
  readonly missed: number;
  /** Why the last tick failed; `null` if it didn't. */
  readonly error: string | null;
}

/** The lock and the log of the last tick, as read together. */
export interface LockState {
  /** In the past if the lock is free. */
  readonly lockedUntilMs: number;
  readonly log: TickLog | null;
  readonly versionstamps: { readonly lock: string | null; readonly log: string | null };
}

/** An acquired lock. Its versionstamp is the fencing token: once the lock has expired and is taken, writes fail. */
export interface Lock {
  readonly versionstamp: string;
}

/** A value with the versionstamp that a later write checks. */
export interface Versioned<T> {
  readonly value: T;
  readonly versionstamp: string | null;
}

export interface SchedulerStore {
  readLock(): Promise<LockState>;
  /** Records a tick that had nothing to do and took no lock. Does nothing if another tick has run since `state`. */
  recordIdleTick(state: LockState, log: TickLog | null): Promise<void>;
  /** `undefined` if another isolate has acquired the lock since `state`. */
  acquireLock(state: LockState, untilMs: number): Promise<Lock | undefined>;
  /** Records the tick, unless `log` is `null`, and frees the lock. Does nothing if the lock is lost. */
  releaseLock(lock: Lock, log: TickLog | null): Promise<void>;

  /** In the order of the names. */
  listProgress(schedules: readonly string[]): Promise<readonly Versioned<Progress | null>[]>;
  /** Stores a schedule's progress with its new occurrences and notifications; false if the progress has changed. */
  recordProgress(lock: Lock, schedule: string, update: ProgressUpdate): Promise<boolean>;
  removeProgress(lock: Lock, schedule: string): Promise<void>;

  /** Of all schedules, earliest first. */
  listOpenOccurrences(): Promise<readonly Versioned<StoredOccurrence>[]>;
  /** Adds an occurrence that is run on request; false if it exists already. */
  addOccurrence(occurrence: Occurrence): Promise<boolean>;
  getOccurrence(schedule: string, id: string): Promise<StoredOccurrence | null>;
  /** Stores an occurrence with its notifications; false if it has changed. */
  updateOccurrence(
    lock: Lock,
    entry: Versioned<StoredOccurrence>,
    updated: StoredOccurrence,
    notify: NotificationBatch,
  ): Promise<boolean>;
  /** Newest first. */
  listRecentOccurrences(schedule: string, limit: number): Promise<readonly StoredOccurrence[]>;
  /** All-time counts by status. */
  countResults(schedule: string): Promise<Readonly<Record<string, number>>>;

  /** Newest first. */
  listNotifications(limit: number): Promise<readonly Notification[]>;
  /** Missed, skipped, late and unknown ones, newest first. */
  listProblemNotifications(limit: number): Promise<readonly Notification[]>;
  /** The longest overdue first. */
  listDueMessages(nowMs: number, limit: number): Promise<readonly Versioned<OutboxMessage>[]>;
  /** Reschedules a message, or with `null` removes it. */
  updateMessage(entry: Versioned<OutboxMessage>, next: OutboxMessage | null): Promise<void>;

  getTickLog(): Promise<TickLog | null>;
  /** Removes older occurrences and notifications, at most `limit`, and returns how many. */
  prune(beforeMs: number, limit: number): Promise<number>;
}

export interface ProgressUpdate {
  readonly entry: Versioned<Progress | null>;
  readonly progress: Progress;
  readonly occurrences: readonly Occurrence[];
  readonly notify: NotificationBatch;
}

export interface NotificationBatch {
  readonly notifications: readonly Notification[];
  readonly outboxMessages: readonly OutboxMessage[];
}

export const NO_NOTIFICATIONS: NotificationBatch = { notifications: [], outboxMessages: [] };

const PROBLEM_KINDS: readonly NotificationKind[] = ["missed", "skipped", "deadline", "unknown"];

const LOCK_KEY = ["tick", "lock"];
const LOG_KEY = ["tick", "log"];
/** Deno KV's limit for `getMany`. */
const MAX_KEYS = 10;

export function schedulerStoreOn(kv: Deno.Kv): SchedulerStore {
  const withLock = (lock: Lock) => kv.atomic().check({ key: LOCK_KEY, versionstamp: lock.versionstamp });
  return {
    async readLock() {
      const [lock, log] = await kv.getMany<[{ untilMs: number }, TickLog]>([LOCK_KEY, LOG_KEY]);
      const versionstamps = { lock: lock.versionstamp, log: log.versionstamp };
      return { lockedUntilMs: lock.value?.untilMs ?? -Infinity, log: log.value, versionstamps };
    },
    async recordIdleTick({ versionstamps: { lock, log } }, tickLog) {
      if (tickLog === null) return;
      await kv.atomic().check({ key: LOCK_KEY, versionstamp: lock }, { key: LOG_KEY, versionstamp: log })
        .set(LOG_KEY, tickLog).commit();
    },
    async acquireLock({ versionstamps }, untilMs) {
      const change = kv.atomic().check({ key: LOCK_KEY, versionstamp: versionstamps.lock });
      const result = await change.set(LOCK_KEY, { untilMs }).commit();
      return result.ok ? { versionstamp: result.versionstamp } : undefined;
    },
    async releaseLock(lock, log) {
      const change = withLock(lock).delete(LOCK_KEY);
      await (log === null ? change : change.set(LOG_KEY, log)).commit();
    },

    async listProgress(schedules) {
      const entries = await getAll<Progress>(kv, schedules.map((name) => ["progress", name]));
      return entries.map(({ value, versionstamp }) => ({ value, versionstamp }));
    },
    async recordProgress(lock, schedule, { entry, progress, occurrences, notify }) {
      const change = withLock(lock).check({ key: ["progress", schedule], versionstamp: entry.versionstamp })
        .set(["progress", schedule], progress);
      for (const occurrence of occurrences) setOccurrence(change, newOccurrence(occurrence));
      setNotifications(change, notify);
      return (await change.commit()).ok;
    },
    async removeProgress(lock, schedule) {
      await withLock(lock).delete(["progress", schedule]).commit();
    },

    async listOpenOccurrences() {
      const keys: Deno.KvKey[] = [];
      for await (const { key } of kv.list({ prefix: ["open-occurrence"] })) keys.push(["occurrence", ...key.slice(1)]);
      const occurrences: Versioned<StoredOccurrence>[] = [];
      for (const entry of await getAll<StoredOccurrence>(kv, keys)) {
        if (entry.value !== null) occurrences.push({ value: entry.value, versionstamp: entry.versionstamp });
      }
      return occurrences.sort((a, b) => a.value.scheduledAtMs - b.value.scheduledAtMs);
    },
    async addOccurrence(occurrence) {
      const key = ["occurrence", occurrence.schedule, occurrence.id];
      const change = kv.atomic().check({ key, versionstamp: null });
      setOccurrence(change, newOccurrence(occurrence));
      return (await change.commit()).ok;
    },
    getOccurrence: async (schedule, id) => (await kv.get<StoredOccurrence>(["occurrence", schedule, id])).value,
    async updateOccurrence(lock, entry, updated, notify) {
      const change = withLock(lock).check({
        key: ["occurrence", updated.schedule, updated.id],
        versionstamp: entry.versionstamp,
      });
      setOccurrence(change, updated);
      if (updated.result !== null && entry.value.result === null) {
        change.sum(["occurrence-results", updated.schedule, updated.result.status], 1n);
      }
      setNotifications(change, notify);
      return (await change.commit()).ok;
    },
    async listRecentOccurrences(schedule, limit) {
      const found = await Array.fromAsync(kv.list({ prefix: ["occurrence-time", schedule] }, { reverse: true, limit }));
      const keys = found.map(({ key }) => ["occurrence", schedule, String(key[3])]);
      const occurrences = await getAll<StoredOccurrence>(kv, keys);
      return occurrences.flatMap(({ value }) => value === null ? [] : [value]);
    },
    async countResults(schedule) {
      const counts: Record<string, number> = {};
      for await (const { key, value } of kv.list<Deno.KvU64>({ prefix: ["occurrence-results", schedule] })) {
        counts[String(key[2])] = Number(value.value);
      }
      return counts;
    },

    async listNotifications(limit) {
      const found = kv.list<Notification>({ prefix: ["notification"] }, { reverse: true, limit });
      return (await Array.fromAsync(found)).map(({ value }) => value);
    },
    async listProblemNotifications(limit) {
      const found = kv.list<Notification>({ prefix: ["problem-notification"] }, { reverse: true, limit });
      return (await Array.fromAsync(found)).map(({ value }) => value);
    },
    async listDueMessages(nowMs, limit) {
      const found = kv.list<OutboxMessage>({ prefix: ["outbox"], end: ["outbox", timeKey(nowMs + 1)] }, { limit });
      return (await Array.fromAsync(found)).map(({ value, versionstamp }) => ({ value, versionstamp }));
    },
    async updateMessage({ value, versionstamp }, next) {
      const key = messageKey(value);
      const change = kv.atomic().check({ key, versionstamp }).delete(key);
      if (next !== null) change.set(messageKey(next), next);
      await change.commit();
    },

    getTickLog: async () => (await kv.get<TickLog>(LOG_KEY)).value,
    // Loaded only here: few ticks prune.
    prune: async (beforeMs, limit) => await (await import("./retention.ts")).deleteExpired(kv, beforeMs, limit),
  };
}

/** Reads all keys in parallel, in batches as large as Deno KV allows. */
async function getAll<T>(kv: Deno.Kv, keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<T>[]> {
  const batches: Promise<Deno.KvEntryMaybe<T>[]>[] = [];
  for (let at = 0; at < keys.length; at += MAX_KEYS) {
    batches.push(kv.getMany<T[]>(keys.slice(at, at + MAX_KEYS)));
  }
  return (await Promise.all(batches)).flat();
}

function newOccurrence({ id, schedule, scheduledAtMs }: Occurrence): StoredOccurrence {
  return {
    id,
    schedule,
    scheduledAtMs,
    state: "waiting",
    submissionId: null,
    submittedAtMs: null,
    isDeadlineReported: false,
    result: null,
  };
}

function setOccurrence(change: Deno.AtomicOperation, occurrence: StoredOccurrence): void {
  const openKey = ["open-occurrence", occurrence.schedule, occurrence.id];
  change.set(["occurrence", occurrence.schedule, occurrence.id], occurrence).set(timeIndexOf(occurrence), null);
  if (occurrence.state === "finished") change.delete(openKey);
  else change.set(openKey, null);
}

function setNotifications(
  change: Deno.AtomicOperation,
  { notifications, outboxMessages }: NotificationBatch,
): void {
  for (const notification of notifications) {
    const suffix = [timeKey(notification.createdAtMs), notification.occurrenceId, notification.kind];
    change.set(["notification", ...suffix], notification);
    // Most notifications report success: problems have an index of their own, so that a short list of them is complete.
    if (PROBLEM_KINDS.includes(notification.kind)) change.set(["problem-notification", ...suffix], notification);
  }
  for (const message of outboxMessages) change.set(messageKey(message), message);
}

/** Sorts by time: the id of an occurrence that was run on request does not contain one. */
function timeIndexOf({ schedule, id, scheduledAtMs }: StoredOccurrence): Deno.KvKey {
  return ["occurrence-time", schedule, timeKey(scheduledAtMs), id];
}

/** Sorts by due time, so that due messages are read without the others. */
function messageKey({ id, nextAttemptAtMs }: OutboxMessage): Deno.KvKey {
  return ["outbox", timeKey(nextAttemptAtMs), id];
}

function timeKey(instantMs: number): string {
  return String(Math.max(0, Math.floor(instantMs))).padStart(15, "0");
}

/**
 * Opens the store.
 *
 * @param path A local file; default the host's own store, like Deno Deploy's.
 * @throws StorageError if the runtime was started without Deno KV.
 */
export async function openKv(path?: string): Promise<Deno.Kv> {
  if (typeof Deno.openKv !== "function") {
    throw new StorageError("Cannot open the store: this runtime was started without Deno KV", {
      hint: 'Start it with --unstable-kv, or with "unstable": ["kv", "cron"] in deno.json',
    });
  }
  return await Deno.openKv(path);
}
