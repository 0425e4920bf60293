/**
 * One tick: submits what is due, looks once at what is open, tells, and ends. It never waits for a run. Each step is
 * written down in one atomic operation, so that a tick which dies between any two of them is taken up by the next, and
 * two at once can't do the same thing twice. Both happen: a host may run several instances at a time, and ends one five
 * seconds after it has said so (Deno Deploy reference, "Runtime").
 */

import { RunnerError } from "../lib/errors.ts";
import { isOpen } from "../lib/ledger/ledger.ts";
import { findDue, type Progress } from "../lib/schedules/due.ts";
import { runsOn, type Schedule } from "../lib/schedules/schedule.ts";
import type { Cloud } from "./cloud.ts";
import { type Lease, NOTHING_TO_TELL, type Read, type Report } from "./store.ts";

export interface TickOptions {
  /** After this long no new thing is begun, milliseconds. */
  readonly budgetMs: number;
  /** At most so many runs are looked at. */
  readonly mostLooks: number;
}

export const DEFAULT_TICK: TickOptions = { budgetMs: 25_000, mostLooks: 200 };

export interface TickReport {
  /** False when another isolate was ticking. */
  readonly didTick: boolean;
  readonly submitted: number;
  readonly looked: number;
  readonly told: number;
  /** Minutes since the tick before in which none came. */
  readonly missedTicks: number;
  /** True when the budget did not suffice; the next tick goes on. */
  readonly isCutShort: boolean;
}

const MINUTE_MS = 60_000;
/** A tick that dies leaves the next one its place: the lease ends before a minute has passed. */
const LEASE_MS = 50_000;
const AT_ONCE = 20;
/** Of the budget: the rest is for what follows from the answers, and for telling. */
const SHARE_OF_ASKING = 0.7;
const KEPT_MS = 90 * 24 * 60 * MINUTE_MS;
const MOST_RECORDS = 20_000;
/** An hour's worth, many times over: thirty schedules of every minute make some 5000 slots and reports. */
const MOST_PRUNED = 10_000;
/** Deno KV takes 1000 changes and 80 KiB of keys at once; a slot or report makes a few, and one for each webhook. */
const MOST_A_STEP = 25;

/**
 * Does what is due, and ends.
 *
 * @throws StorageError and what else a tick can't go on without; the next one tries again.
 */
export async function tick(cloud: Cloud, options: TickOptions = DEFAULT_TICK): Promise<TickReport> {
  const { store, deps } = cloud;
  const startedMs = deps.clock.now();
  const names = cloud.schedules.map(({ name }) => name);
  const [acquired, progress] = await Promise.all([
    store.acquire({ nowMs: startedMs, forMs: LEASE_MS }),
    store.progress(names),
  ]);
  if (acquired === undefined) return NO_TICK;
  const { lease, log } = acquired;
  const missedTicks = log === null ? 0 : Math.max(0, Math.round((startedMs - log.startedMs) / MINUTE_MS) - 1);
  if (missedTicks > 0) deps.log("WARNING", `${missedTicks} ticks did not come`);
  using deadline = deps.clock.timeout(options.budgetMs);
  using asking = deps.clock.timeout(options.budgetMs * SHARE_OF_ASKING);
  const { signal } = deadline;
  let error: string | null = null;
  let trouble: RunnerError | null = null;
  /** A platform that is away or slow must not keep us from telling so. */
  const ask = async (act: () => Promise<number>): Promise<number> => {
    if (asking.signal.aborted) return 0;
    try {
      return await act();
    } catch (problem) {
      if (asking.signal.aborted && !signal.aborted) return 0;
      if (!(problem instanceof RunnerError) || problem.kind === "storage" || signal.aborted) throw problem;
      trouble ??= problem;
      return 0;
    }
  };
  try {
    await findSlots(cloud, lease, progress);
    // What a tick with nothing due does not need is not loaded: most are such.
    const [open, runs, messages] = await Promise.all([
      store.openSlots(),
      // Everybody's, to see without a request whether there are any.
      deps.ledger.listOpenOfOthers({ host: "", user: "" }),
      store.dueMessages(startedMs, 1),
    ]);
    if (open.length + runs.length + messages.length === 0) {
      await tidyUp(cloud);
      return { ...NO_TICK, didTick: true, missedTicks };
    }
    const { submitSlots, followSlots } = await import("./slots.ts");
    const submitted = await ask(() => submitSlots(cloud, lease, asking.signal));
    const looked = await ask(() => look(cloud, options, asking.signal));
    await followSlots(cloud, lease, signal);
    const told = await (await import("./notices.ts")).sendMessages(cloud, signal);
    await tidyUp(cloud);
    if (trouble !== null) throw trouble;
    return { didTick: true, submitted, looked, told, missedTicks, isCutShort: asking.signal.aborted };
  } catch (problem) {
    error = problem instanceof Error ? problem.message : String(problem);
    if (signal.aborted) return { ...NO_TICK, didTick: true, missedTicks, isCutShort: true };
    throw problem;
  } finally {
    const tookMs = deps.clock.now() - startedMs;
    await store.release(lease, { startedMs, tookMs, missed: (log?.missed ?? 0) + missedTicks, error });
  }
}

const NO_TICK: TickReport = {
  didTick: false,
  submitted: 0,
  looked: 0,
  told: 0,
  missedTicks: 0,
  isCutShort: false,
};

/** Notes the slots that are due, and tells of those that nobody makes up for. */
async function findSlots(cloud: Cloud, lease: Lease, reads: readonly Read<Progress | null>[]): Promise<void> {
  const { store, schedules, timeline } = cloud;
  for (const [index, schedule] of schedules.entries()) {
    const read = reads[index];
    if (read === undefined) continue;
    if (runsOn(schedule, timeline)) await findSlotsOf(cloud, lease, schedule, read);
    // What passes while it is switched off is not missed.
    else if (read.value !== null) await store.forget(lease, schedule.name);
  }
}

/**
 * After an outage there may be more than one atomic operation holds. They are taken in steps, the earliest first: what is
 * missed comes before what is made up for, so that whoever goes on after a step finds the same that was left.
 */
async function findSlotsOf(
  { store, deps }: Cloud,
  lease: Lease,
  schedule: Schedule,
  first: Read<Progress | null>,
): Promise<void> {
  for (let read: Read<Progress | null> | undefined = first; read !== undefined;) {
    const { due, missed, areMoreMissed, progress } = findDue(schedule, read.value, deps.clock.now());
    const isNew = read.value === null || read.value.timing !== progress.timing;
    if (!isNew && due.length === 0 && missed.length === 0) return;
    const told = missed.slice(0, MOST_A_STEP);
    const slots = due.slice(0, MOST_A_STEP - told.length);
    const isLast = told.length + slots.length === missed.length + due.length;
    const seenToMs = isLast ? progress.seenToMs : slots.at(-1)?.atMs ?? told.at(-1)?.atMs ?? progress.seenToMs;
    const reports = told.map((slot): Report => ({
      slotId: slot.id,
      schedule: schedule.name,
      kind: "missed",
      atMs: deps.clock.now(),
      slug: null,
      message: areMoreMissed ? "No tick came in time, nor for many before it" : "No tick came in time",
    }));
    const telling = reports.length === 0
      ? NOTHING_TO_TELL
      : (await import("./notices.ts")).telling(schedule, ...reports);
    const step = { read, progress: { ...progress, seenToMs }, slots, telling };
    if (!await store.begin(lease, schedule.name, step) || isLast) return;
    [read] = await store.progress([schedule.name]);
  }
}

/** One look at each run that is open, whoever asked for it; where there are too many, the next ticks go on. */
async function look({ deps }: Cloud, { mostLooks }: TickOptions, signal: AbortSignal): Promise<number> {
  const { user } = await deps.client.whoAmI({ signal });
  const nowMs = deps.clock.now();
  const open = (await deps.ledger.listOpen({ host: deps.client.host, user }))
    .filter((record) => isOpen(record) && record.dueAtMs <= nowMs);
  // What is not known to run yet is sent or looked for first. The others take turns, by the minute alone: a look that
  // shows nothing new is not written down.
  const seen = open.filter(({ state }) => state === "seen");
  const first = seen.length === 0 ? 0 : Math.floor(nowMs / MINUTE_MS) * mostLooks % seen.length;
  const due = [
    ...open.filter(({ state }) => state !== "seen"),
    ...seen.slice(first),
    ...seen.slice(0, first),
  ].slice(0, mostLooks);
  const [{ advance }, { turnOptions }] = await Promise.all([
    import("../lib/executor/advance.ts"),
    import("./turn_options.ts"),
  ]);
  let looked = 0;
  for (let at = 0; at < due.length && !signal.aborted; at += AT_ONCE) {
    const records = due.slice(at, at + AT_ONCE);
    await advance(deps, records, turnOptions(signal));
    looked += records.length;
  }
  return looked;
}

async function tidyUp({ store, deps }: Cloud): Promise<void> {
  // Now and then is enough.
  if (deps.random() > 1 / 60) return;
  const beforeMs = deps.clock.now() - KEPT_MS;
  await store.prune(beforeMs, MOST_PRUNED);
  await deps.ledger.prune(null, { beforeMs, keep: MOST_RECORDS });
}
