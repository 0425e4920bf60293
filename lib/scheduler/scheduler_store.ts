/**
 * What the cloud side remembers beside the records of runs: how far each schedule has come, what became of its slots,
 * whom to tell, and how the ticks went. All of it in Deno KV; what belongs together is written in one atomic operation,
 * which fails when somebody else was there first.
 */

import { StorageError } from "../errors.ts";
import type { Progress } from "./due.ts";
import type { NotificationKind, Occurrence } from "./schedule.ts";

/** How a slot ended; `skipped` and `missed` never became a run. */
export interface OccurrenceResult {
  readonly status: "completed" | "failed" | "cancelled" | "unknown" | "skipped" | "missed";
  readonly atMs: number;
  readonly slug: string | null;
  readonly durationSeconds: number | null;
  readonly message: string | null;
}

export interface StoredOccurrence {
  readonly id: string;
  readonly schedule: string;
  readonly atMs: number;
  readonly state: "waiting" | "open" | "cancelling" | "ended";
  /** The ledger's record, once there is one. */
  readonly submissionId: string | null;
  readonly submittedAtMs: number | null;
  readonly isDeadlineReported: boolean;
  readonly end: OccurrenceResult | null;
}

/** Something to be told about a slot: on the page, and to whoever wants to hear it. */
export interface Notification {
  readonly occurrenceId: string;
  readonly schedule: string;
  readonly kind: NotificationKind;
  readonly atMs: number;
  readonly slug: string | null;
  readonly message: string | null;
}

/** A message on its way to a webhook. */
export interface OutboxMessage {
  readonly id: string;
  readonly report: Notification;
  /** Which of the schedule's webhooks. */
  readonly webhook: number;
  readonly attempts: number;
  readonly nextPollAtMs: number;
}

export interface TickLog {
  readonly startedMs: number;
  readonly tookMs: number;
  /** Since the store was begun. */
  readonly missed: number;
  /** What ended the last tick early; `null` when nothing did. */
  readonly error: string | null;
}

/** Who ticks, and how the tick before went, as both were read. */
export interface AdvanceResult {
  /** Somebody else has the lease until then; a past instant when nobody has. */
  readonly lockedUntilMs: number;
  readonly log: TickLog | null;
  readonly versionstamps: { readonly lock: string | null; readonly log: string | null };
}

/** The right to tick, until it runs out. Writes of who has lost it fail. */
export interface LockHandle {
  readonly versionstamp: string;
}

/** A value as it was read, to be written again only if nobody else did. */
export interface Read<T> {
  readonly value: T;
  readonly versionstamp: string | null;
}

export interface SchedulerStore {
  turn(): Promise<AdvanceResult>;
  /** Notes a tick that had nothing to do, and so needed no lease; nothing when somebody ticked meanwhile. */
  recordIdleTick(turn: AdvanceResult, log: TickLog | null): Promise<void>;
  /** `undefined` when somebody else has taken the lease since. */
  acquire(turn: AdvanceResult, untilMs: number): Promise<LockHandle | undefined>;
  /** Notes how the tick went, where there is something to note, and leaves the place to the next; nothing, once the lease is lost. */
  release(lock: LockHandle, log: TickLog | null): Promise<void>;

  /** In the order of the names. */
  progress(schedules: readonly string[]): Promise<readonly Read<Progress | null>[]>;
  /** Moves a schedule on, and with it notes its new slots and what there is to tell; false when somebody else did. */
  begin(lock: LockHandle, schedule: string, step: BeginStep): Promise<boolean>;
  removeProgress(lock: LockHandle, schedule: string): Promise<void>;

  /** Of all schedules, the earliest first. */
  openOccurrences(): Promise<readonly Read<StoredOccurrence>[]>;
  /** Notes a slot that no schedule named, to be run now; false when it is there already. */
  addOccurrence(occurrence: Occurrence): Promise<boolean>;
  occurrence(schedule: string, id: string): Promise<StoredOccurrence | null>;
  /** Writes a slot and what there is to tell about it; false when somebody else did. */
  move(
    lock: LockHandle,
    read: Read<StoredOccurrence>,
    moved: StoredOccurrence,
    notify: NotificationBatch,
  ): Promise<boolean>;
  /** Newest first. */
  lastOccurrences(schedule: string, limit: number): Promise<readonly StoredOccurrence[]>;
  /** How many slots ended so, over all time. */
  countEnds(schedule: string): Promise<Readonly<Record<string, number>>>;

  /** Newest first. */
  notifications(limit: number): Promise<readonly Notification[]>;
  /** Those of slots that did not go as they should have, failures aside; newest first. */
  problemNotifications(limit: number): Promise<readonly Notification[]>;
  /** The longest due first. */
  dueOutboxMessages(nowMs: number, limit: number): Promise<readonly Read<OutboxMessage>[]>;
  /** Puts a message off, or, with `null`, is done with it. */
  completeMessage(read: Read<OutboxMessage>, next: OutboxMessage | null): Promise<void>;

  tickLog(): Promise<TickLog | null>;
  /** Forgets slots and reports of before, a few at a time. */
  prune(beforeMs: number, most: number): Promise<number>;
}

export interface BeginStep {
  readonly read: Read<Progress | null>;
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

const LOCK = ["tick", "lease"];
const LOG = ["tick", "log"];
/** Deno KV reads so many at once. */
const MAX_KEYS = 10;

export function schedulerStoreOn(kv: Deno.Kv): SchedulerStore {
  const held = (lock: LockHandle) => kv.atomic().check({ key: LOCK, versionstamp: lock.versionstamp });
  return {
    async turn() {
      const [lock, log] = await kv.getMany<[{ untilMs: number }, TickLog]>([LOCK, LOG]);
      const versionstamps = { lock: lock.versionstamp, log: log.versionstamp };
      return { lockedUntilMs: lock.value?.untilMs ?? -Infinity, log: log.value, versionstamps };
    },
    async recordIdleTick({ versionstamps: { lock, log } }, passed) {
      if (passed === null) return;
      await kv.atomic().check({ key: LOCK, versionstamp: lock }, { key: LOG, versionstamp: log })
        .set(LOG, passed).commit();
    },
    async acquire({ versionstamps }, untilMs) {
      const change = kv.atomic().check({ key: LOCK, versionstamp: versionstamps.lock });
      const result = await change.set(LOCK, { untilMs }).commit();
      return result.ok ? { versionstamp: result.versionstamp } : undefined;
    },
    async release(lock, log) {
      const change = held(lock).delete(LOCK);
      await (log === null ? change : change.set(LOG, log)).commit();
    },

    async progress(schedules) {
      const entries = await getAll<Progress>(kv, schedules.map((name) => ["progress", name]));
      return entries.map(({ value, versionstamp }) => ({ value, versionstamp }));
    },
    async begin(lock, schedule, { read, progress, occurrences, notify }) {
      const change = held(lock).check({ key: ["progress", schedule], versionstamp: read.versionstamp })
        .set(["progress", schedule], progress);
      for (const occurrence of occurrences) setOccurrence(change, newOccurrence(occurrence));
      tell(change, notify);
      return (await change.commit()).ok;
    },
    async removeProgress(lock, schedule) {
      await held(lock).delete(["progress", schedule]).commit();
    },

    async openOccurrences() {
      const keys: Deno.KvKey[] = [];
      for await (const { key } of kv.list({ prefix: ["open-slot"] })) keys.push(["slot", ...key.slice(1)]);
      const occurrences: Read<StoredOccurrence>[] = [];
      for (const entry of await getAll<StoredOccurrence>(kv, keys)) {
        if (entry.value !== null) occurrences.push({ value: entry.value, versionstamp: entry.versionstamp });
      }
      return occurrences.sort((a, b) => a.value.atMs - b.value.atMs);
    },
    async addOccurrence(occurrence) {
      const change = kv.atomic().check({ key: ["slot", occurrence.schedule, occurrence.id], versionstamp: null });
      setOccurrence(change, newOccurrence(occurrence));
      return (await change.commit()).ok;
    },
    occurrence: async (schedule, id) => (await kv.get<StoredOccurrence>(["slot", schedule, id])).value,
    async move(lock, read, moved, notify) {
      const change = held(lock).check({
        key: ["slot", moved.schedule, moved.id],
        versionstamp: read.versionstamp,
      });
      setOccurrence(change, moved);
      if (moved.end !== null && read.value.end === null) {
        change.sum(["slot-ends", moved.schedule, moved.end.status], 1n);
      }
      tell(change, notify);
      return (await change.commit()).ok;
    },
    async lastOccurrences(schedule, limit) {
      const found = await Array.fromAsync(kv.list({ prefix: ["slot-time", schedule] }, { reverse: true, limit }));
      const occurrences = await getAll<StoredOccurrence>(
        kv,
        found.map(({ key }) => ["slot", schedule, String(key[3])]),
      );
      return occurrences.flatMap(({ value }) => value === null ? [] : [value]);
    },
    async countEnds(schedule) {
      const counts: Record<string, number> = {};
      for await (const { key, value } of kv.list<Deno.KvU64>({ prefix: ["slot-ends", schedule] })) {
        counts[String(key[2])] = Number(value.value);
      }
      return counts;
    },

    async notifications(limit) {
      const found = kv.list<Notification>({ prefix: ["report"] }, { reverse: true, limit });
      return (await Array.fromAsync(found)).map(({ value }) => value);
    },
    async problemNotifications(limit) {
      const found = kv.list<Notification>({ prefix: ["trouble"] }, { reverse: true, limit });
      return (await Array.fromAsync(found)).map(({ value }) => value);
    },
    async dueOutboxMessages(nowMs, limit) {
      const found = kv.list<OutboxMessage>({ prefix: ["message"], end: ["message", timeKey(nowMs + 1)] }, { limit });
      return (await Array.fromAsync(found)).map(({ value, versionstamp }) => ({ value, versionstamp }));
    },
    async completeMessage({ value, versionstamp }, next) {
      const key = messageKey(value);
      const change = kv.atomic().check({ key, versionstamp }).delete(key);
      if (next !== null) change.set(messageKey(next), next);
      await change.commit();
    },

    tickLog: async () => (await kv.get<TickLog>(LOG)).value,
    // Hardly any tick needs it.
    prune: async (beforeMs, most) => await (await import("./retention.ts")).deleteExpired(kv, beforeMs, most),
  };
}

/** All at once, as many to a question as there may be. */
async function getAll<T>(kv: Deno.Kv, keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<T>[]> {
  const questions: Promise<Deno.KvEntryMaybe<T>[]>[] = [];
  for (let at = 0; at < keys.length; at += MAX_KEYS) {
    questions.push(kv.getMany<T[]>(keys.slice(at, at + MAX_KEYS)));
  }
  return (await Promise.all(questions)).flat();
}

function newOccurrence({ id, schedule, atMs }: Occurrence): StoredOccurrence {
  return {
    id,
    schedule,
    atMs,
    state: "waiting",
    submissionId: null,
    submittedAtMs: null,
    isDeadlineReported: false,
    end: null,
  };
}

function setOccurrence(change: Deno.AtomicOperation, occurrence: StoredOccurrence): void {
  const index = ["open-slot", occurrence.schedule, occurrence.id];
  change.set(["slot", occurrence.schedule, occurrence.id], occurrence).set(timeIndexOf(occurrence), null);
  if (occurrence.state === "ended") change.delete(index);
  else change.set(index, null);
}

function tell(change: Deno.AtomicOperation, { notifications, outboxMessages }: NotificationBatch): void {
  for (const report of notifications) {
    const place = [timeKey(report.atMs), report.occurrenceId, report.kind];
    change.set(["report", ...place], report);
    // Most only tell that all went well: what is worth knowing must not be lost among those.
    if (PROBLEM_KINDS.includes(report.kind)) change.set(["trouble", ...place], report);
  }
  for (const message of outboxMessages) change.set(messageKey(message), message);
}

/** In order of time: a slot that was wished by hand bears a name that says nothing of it. */
function timeIndexOf({ schedule, id, atMs }: StoredOccurrence): Deno.KvKey {
  return ["slot-time", schedule, timeKey(atMs), id];
}

/** Those that are due are found without reading the others, the longest due first. */
function messageKey({ id, nextPollAtMs }: OutboxMessage): Deno.KvKey {
  return ["message", timeKey(nextPollAtMs), id];
}

function timeKey(instantMs: number): string {
  return String(Math.max(0, Math.floor(instantMs))).padStart(15, "0");
}

/**
 * Opens the store.
 *
 * @param path A local file; the host's own store, like Deno Deploy's, when left out.
 * @throws StorageError when this runtime was started without it.
 */
export async function openKv(path?: string): Promise<Deno.Kv> {
  if (typeof Deno.openKv !== "function") {
    throw new StorageError("Cannot open the store: this runtime was started without Deno KV", {
      hint: 'Start it with --unstable-kv, or with "unstable": ["kv", "cron"] in deno.json',
    });
  }
  return await Deno.openKv(path);
}
