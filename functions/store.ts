/**
 * What the cloud side remembers beside the records of runs: how far each schedule has come, what became of its slots,
 * whom to tell, and how the ticks went. All of it in Deno KV; what belongs together is written in one atomic operation,
 * which fails when somebody else was there first.
 */

import { StorageError } from "../lib/errors.ts";
import type { Progress } from "../lib/schedules/due.ts";
import type { Notice, Slot } from "../lib/schedules/schedule.ts";

/** How a slot ended; `skipped` and `missed` never became a run. */
export interface SlotEnd {
  readonly status: "completed" | "failed" | "cancelled" | "unknown" | "skipped" | "missed";
  readonly atMs: number;
  readonly slug: string | null;
  readonly durationSeconds: number | null;
  readonly message: string | null;
}

export interface KeptSlot {
  readonly id: string;
  readonly schedule: string;
  readonly atMs: number;
  readonly state: "waiting" | "open" | "cancelling" | "over";
  /** The ledger's record, once there is one. */
  readonly wishId: string | null;
  readonly submittedAtMs: number | null;
  readonly isDeadlineTold: boolean;
  readonly end: SlotEnd | null;
}

/** Something to be told about a slot: on the page, and to whoever wants to hear it. */
export interface Report {
  readonly slotId: string;
  readonly schedule: string;
  readonly kind: Notice;
  readonly atMs: number;
  readonly slug: string | null;
  readonly message: string | null;
}

/** A message on its way to a webhook. */
export interface Message {
  readonly id: string;
  readonly report: Report;
  /** Which of the schedule's webhooks. */
  readonly webhook: number;
  readonly attempts: number;
  readonly dueAtMs: number;
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
export interface Turn {
  /** Somebody else has the lease until then; a past instant when nobody has. */
  readonly takenUntilMs: number;
  readonly log: TickLog | null;
  readonly versionstamps: { readonly lease: string | null; readonly log: string | null };
}

/** The right to tick, until it runs out. Writes of who has lost it fail. */
export interface Lease {
  readonly versionstamp: string;
}

/** A value as it was read, to be written again only if nobody else did. */
export interface Read<T> {
  readonly value: T;
  readonly versionstamp: string | null;
}

export interface CloudStore {
  turn(): Promise<Turn>;
  /** Notes a tick that had nothing to do, and so needed no lease; nothing when somebody ticked meanwhile. */
  pass(turn: Turn, log: TickLog | null): Promise<void>;
  /** `undefined` when somebody else has taken the lease since. */
  acquire(turn: Turn, untilMs: number): Promise<Lease | undefined>;
  /** Notes how the tick went, where there is something to note, and leaves the place to the next; nothing, once the lease is lost. */
  release(lease: Lease, log: TickLog | null): Promise<void>;

  /** In the order of the names. */
  progress(schedules: readonly string[]): Promise<readonly Read<Progress | null>[]>;
  /** Moves a schedule on, and with it notes its new slots and what there is to tell; false when somebody else did. */
  begin(lease: Lease, schedule: string, step: BeginStep): Promise<boolean>;
  forget(lease: Lease, schedule: string): Promise<void>;

  /** Of all schedules, the earliest first. */
  openSlots(): Promise<readonly Read<KeptSlot>[]>;
  /** Notes a slot that no schedule named, to be run now; false when it is there already. */
  addSlot(slot: Slot): Promise<boolean>;
  slot(schedule: string, id: string): Promise<KeptSlot | null>;
  /** Writes a slot and what there is to tell about it; false when somebody else did. */
  move(lease: Lease, read: Read<KeptSlot>, moved: KeptSlot, telling: Telling): Promise<boolean>;
  /** Newest first. */
  lastSlots(schedule: string, limit: number): Promise<readonly KeptSlot[]>;
  /** How many slots ended so, over all time. */
  countEnds(schedule: string): Promise<Readonly<Record<string, number>>>;

  /** Newest first. */
  reports(limit: number): Promise<readonly Report[]>;
  /** Those of slots that did not go as they should have, failures aside; newest first. */
  troubles(limit: number): Promise<readonly Report[]>;
  /** The longest due first. */
  dueMessages(nowMs: number, limit: number): Promise<readonly Read<Message>[]>;
  /** Puts a message off, or, with `null`, is done with it. */
  settleMessage(read: Read<Message>, next: Message | null): Promise<void>;

  tickLog(): Promise<TickLog | null>;
  /** Forgets slots and reports of before, a few at a time. */
  prune(beforeMs: number, most: number): Promise<number>;
}

export interface BeginStep {
  readonly read: Read<Progress | null>;
  readonly progress: Progress;
  readonly slots: readonly Slot[];
  readonly telling: Telling;
}

export interface Telling {
  readonly reports: readonly Report[];
  readonly messages: readonly Message[];
}

export const NOTHING_TO_TELL: Telling = { reports: [], messages: [] };

const TROUBLES: readonly Notice[] = ["missed", "skipped", "deadline", "unknown"];

const LEASE = ["tick", "lease"];
const LOG = ["tick", "log"];
/** Deno KV reads so many at once. */
const MOST_KEYS = 10;

export function cloudStore(kv: Deno.Kv): CloudStore {
  const held = (lease: Lease) => kv.atomic().check({ key: LEASE, versionstamp: lease.versionstamp });
  return {
    async turn() {
      const [lease, log] = await kv.getMany<[{ untilMs: number }, TickLog]>([LEASE, LOG]);
      const versionstamps = { lease: lease.versionstamp, log: log.versionstamp };
      return { takenUntilMs: lease.value?.untilMs ?? -Infinity, log: log.value, versionstamps };
    },
    async pass({ versionstamps: { lease, log } }, passed) {
      if (passed === null) return;
      await kv.atomic().check({ key: LEASE, versionstamp: lease }, { key: LOG, versionstamp: log })
        .set(LOG, passed).commit();
    },
    async acquire({ versionstamps }, untilMs) {
      const change = kv.atomic().check({ key: LEASE, versionstamp: versionstamps.lease });
      const result = await change.set(LEASE, { untilMs }).commit();
      return result.ok ? { versionstamp: result.versionstamp } : undefined;
    },
    async release(lease, log) {
      const change = held(lease).delete(LEASE);
      await (log === null ? change : change.set(LOG, log)).commit();
    },

    async progress(schedules) {
      const entries = await getAll<Progress>(kv, schedules.map((name) => ["progress", name]));
      return entries.map(({ value, versionstamp }) => ({ value, versionstamp }));
    },
    async begin(lease, schedule, { read, progress, slots, telling }) {
      const change = held(lease).check({ key: ["progress", schedule], versionstamp: read.versionstamp })
        .set(["progress", schedule], progress);
      for (const slot of slots) setSlot(change, newSlot(slot));
      tell(change, telling);
      return (await change.commit()).ok;
    },
    async forget(lease, schedule) {
      await held(lease).delete(["progress", schedule]).commit();
    },

    async openSlots() {
      const keys: Deno.KvKey[] = [];
      for await (const { key } of kv.list({ prefix: ["open-slot"] })) keys.push(["slot", ...key.slice(1)]);
      const slots: Read<KeptSlot>[] = [];
      for (const entry of await getAll<KeptSlot>(kv, keys)) {
        if (entry.value !== null) slots.push({ value: entry.value, versionstamp: entry.versionstamp });
      }
      return slots.sort((a, b) => a.value.atMs - b.value.atMs);
    },
    async addSlot(slot) {
      const change = kv.atomic().check({ key: ["slot", slot.schedule, slot.id], versionstamp: null });
      setSlot(change, newSlot(slot));
      return (await change.commit()).ok;
    },
    slot: async (schedule, id) => (await kv.get<KeptSlot>(["slot", schedule, id])).value,
    async move(lease, read, moved, telling) {
      const change = held(lease).check({
        key: ["slot", moved.schedule, moved.id],
        versionstamp: read.versionstamp,
      });
      setSlot(change, moved);
      if (moved.end !== null && read.value.end === null) {
        change.sum(["slot-ends", moved.schedule, moved.end.status], 1n);
      }
      tell(change, telling);
      return (await change.commit()).ok;
    },
    async lastSlots(schedule, limit) {
      const found = await Array.fromAsync(kv.list({ prefix: ["slot-time", schedule] }, { reverse: true, limit }));
      const slots = await getAll<KeptSlot>(kv, found.map(({ key }) => ["slot", schedule, String(key[3])]));
      return slots.flatMap(({ value }) => value === null ? [] : [value]);
    },
    async countEnds(schedule) {
      const counts: Record<string, number> = {};
      for await (const { key, value } of kv.list<Deno.KvU64>({ prefix: ["slot-ends", schedule] })) {
        counts[String(key[2])] = Number(value.value);
      }
      return counts;
    },

    async reports(limit) {
      const found = kv.list<Report>({ prefix: ["report"] }, { reverse: true, limit });
      return (await Array.fromAsync(found)).map(({ value }) => value);
    },
    async troubles(limit) {
      const found = kv.list<Report>({ prefix: ["trouble"] }, { reverse: true, limit });
      return (await Array.fromAsync(found)).map(({ value }) => value);
    },
    async dueMessages(nowMs, limit) {
      const found = kv.list<Message>({ prefix: ["message"], end: ["message", timeKey(nowMs + 1)] }, { limit });
      return (await Array.fromAsync(found)).map(({ value, versionstamp }) => ({ value, versionstamp }));
    },
    async settleMessage({ value, versionstamp }, next) {
      const key = messageKey(value);
      const change = kv.atomic().check({ key, versionstamp }).delete(key);
      if (next !== null) change.set(messageKey(next), next);
      await change.commit();
    },

    tickLog: async () => (await kv.get<TickLog>(LOG)).value,
    // Hardly any tick needs it.
    prune: async (beforeMs, most) => await (await import("./forget.ts")).forgetOld(kv, beforeMs, most),
  };
}

/** All at once, as many to a question as there may be. */
async function getAll<T>(kv: Deno.Kv, keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<T>[]> {
  const questions: Promise<Deno.KvEntryMaybe<T>[]>[] = [];
  for (let at = 0; at < keys.length; at += MOST_KEYS) {
    questions.push(kv.getMany<T[]>(keys.slice(at, at + MOST_KEYS)));
  }
  return (await Promise.all(questions)).flat();
}

function newSlot({ id, schedule, atMs }: Slot): KeptSlot {
  return {
    id,
    schedule,
    atMs,
    state: "waiting",
    wishId: null,
    submittedAtMs: null,
    isDeadlineTold: false,
    end: null,
  };
}

function setSlot(change: Deno.AtomicOperation, slot: KeptSlot): void {
  const index = ["open-slot", slot.schedule, slot.id];
  change.set(["slot", slot.schedule, slot.id], slot).set(timeIndexOf(slot), null);
  if (slot.state === "over") change.delete(index);
  else change.set(index, null);
}

function tell(change: Deno.AtomicOperation, { reports, messages }: Telling): void {
  for (const report of reports) {
    const place = [timeKey(report.atMs), report.slotId, report.kind];
    change.set(["report", ...place], report);
    // Most only tell that all went well: what is worth knowing must not be lost among those.
    if (TROUBLES.includes(report.kind)) change.set(["trouble", ...place], report);
  }
  for (const message of messages) change.set(messageKey(message), message);
}

/** In order of time: a slot that was wished by hand bears a name that says nothing of it. */
function timeIndexOf({ schedule, id, atMs }: KeptSlot): Deno.KvKey {
  return ["slot-time", schedule, timeKey(atMs), id];
}

/** Those that are due are found without reading the others, the longest due first. */
function messageKey({ id, dueAtMs }: Message): Deno.KvKey {
  return ["message", timeKey(dueAtMs), id];
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
