/** What a tick does that has something to do. Why this file: most have not, and load nothing of it. */

import { RunnerError } from "../lib/errors.ts";
import { advance } from "../lib/executor/advance.ts";
import type { Owner } from "../lib/model.ts";
import { type Due, findNews, type Progress, progressAt } from "../lib/schedules/due.ts";
import type { Schedule } from "../lib/schedules/schedule.ts";
import type { Cloud } from "./cloud.ts";
import { followSlots } from "./follow_slots.ts";
import { sendMessages, telling } from "./notices.ts";
import { isOwnedBy, runsUnderWay } from "./open_runs.ts";
import type { Lease, Read, Report } from "./store.ts";
import { submitSlots } from "./submit_slots.ts";
import { turnOptions } from "./turn_options.ts";

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
  readonly mostLooks: number;
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
const MOST_A_STEP = 25;

/**
 * Notes what is due, submits, looks, and tells.
 *
 * @throws StorageError, and what the signal aborts with.
 */
export async function work(
  cloud: Cloud,
  lease: Lease,
  { pending, budgetMs, mostLooks, signal }: WorkOptions,
): Promise<Work> {
  using asking = cloud.deps.clock.timeout(budgetMs * SHARE_OF_ASKING);
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
    if (one.news !== null) await noteSlots(cloud, lease, one, signal);
    else await cloud.store.forget(lease, one.schedule.name);
  }
  const [slots, runs] = await Promise.all([cloud.store.openSlots(), runsUnderWay(cloud.deps.ledger)]);
  const isAsking = slots.length + runs.length > 0;
  const submitted = isAsking ? await ask(() => submitSlots(cloud, lease, asking.signal)) : undefined;
  const owner = isAsking ? await ask(() => ownerOf(cloud, asking.signal)) : undefined;
  const looked = owner && await ask(() => look(cloud, { owner, mostLooks, signal: asking.signal }));
  await followSlots(cloud, lease, { owner, signal });
  const told = await sendMessages(cloud, signal);
  return { submitted: submitted ?? 0, looked: looked ?? 0, told, isCutShort: asking.signal.aborted, trouble };
}

async function ownerOf({ deps: { client } }: Cloud, signal: AbortSignal): Promise<Owner> {
  return { host: client.host, user: (await client.whoAmI({ signal })).user };
}

/**
 * After an outage there may be more than one atomic operation holds. They are taken in steps, the earliest first: what is
 * missed comes before what is made up for, so that whoever goes on after a step finds the same that was left.
 */
async function noteSlots(
  { store, deps }: Cloud,
  lease: Lease,
  { schedule, ...first }: Pending,
  signal: AbortSignal,
): Promise<void> {
  let read = first.read;
  for (let news = first.news ?? undefined; news !== undefined;) {
    const { due, missed, areMoreMissed, progress } = news;
    const told = missed.slice(0, MOST_A_STEP);
    const slots = due.slice(0, MOST_A_STEP - told.length);
    const isLast = told.length + slots.length === missed.length + due.length;
    const lastMs = slots.at(-1)?.atMs ?? told.at(-1)?.atMs ?? progress.seenToMs;
    const reports = told.map((slot): Report => ({
      slotId: slot.id,
      schedule: schedule.name,
      kind: "missed",
      atMs: deps.clock.now(),
      slug: null,
      message: areMoreMissed ? "No tick came in time, nor for many before it" : "No tick came in time",
    }));
    const step = {
      read,
      progress: isLast ? progress : progressAt(schedule, lastMs),
      slots,
      telling: telling(schedule, ...reports),
    };
    if (!await store.begin(lease, schedule.name, step) || isLast || signal.aborted) return;
    const [next] = await store.progress([schedule.name]);
    if (next === undefined) return;
    read = next;
    news = findNews(schedule, read.value, deps.clock.now());
  }
}

/** One look at each run that is open, whoever asked for it; where there are too many, the next ticks go on. */
async function look(
  { deps }: Cloud,
  { owner, mostLooks, signal }: { readonly owner: Owner; readonly mostLooks: number; readonly signal: AbortSignal },
): Promise<number> {
  const nowMs = deps.clock.now();
  const open = (await runsUnderWay(deps.ledger)).filter((record) =>
    isOwnedBy(record, owner) && record.dueAtMs <= nowMs
  );
  // What is not known to run yet is sent or looked for first. The others take turns, by the minute alone: a look that
  // shows nothing new is not written down.
  const seen = open.filter(({ state }) => state === "seen");
  // Where all may be looked at, another one is still first each time: a look without an answer keeps back those after it.
  const step = seen.length > mostLooks ? mostLooks : AT_ONCE;
  const first = seen.length === 0 ? 0 : Math.floor(nowMs / MINUTE_MS) * step % seen.length;
  const due = [
    ...open.filter(({ state }) => state !== "seen"),
    ...seen.slice(first),
    ...seen.slice(0, first),
  ].slice(0, mostLooks);
  let looked = 0;
  for (let at = 0; at < due.length && !signal.aborted; at += AT_ONCE) {
    const records = due.slice(at, at + AT_ONCE);
    await advance(deps, records, turnOptions(signal));
    looked += records.length;
  }
  return looked;
}
