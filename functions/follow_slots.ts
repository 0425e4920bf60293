/** What becomes of slots that have a run: they are followed to their end, told of when they take long, and cancelled. */

import { RunnerError } from "../lib/errors.ts";
import { inParallel } from "../lib/executor/in_parallel.ts";
import type { Owner, RunHandle, RunRecord } from "../lib/model.ts";
import type { Schedule } from "../lib/schedules/schedule.ts";
import type { Cloud } from "./cloud.ts";
import { endSlot, reportOn } from "./end_slot.ts";
import { type Ending, endOf, GONE } from "./ending.ts";
import { telling } from "./notices.ts";
import { isOwnedBy } from "./open_runs.ts";
import type { KeptSlot, Lease, Read } from "./store.ts";

const CANCELS_AT_ONCE = 8;
/** Of all requests to cancel in a tick: who is asked in vain keeps nobody from being told. */
const CANCELLING_MS = 5_000;

/**
 * Looks into the ledger for how open slots are doing: ends them, tells, and cancels what takes too long.
 *
 * @param owner Whose key this is, where the platform has said so.
 */
export async function followSlots(
  cloud: Cloud,
  lease: Lease,
  { owner, signal }: { readonly owner: Owner | undefined; readonly signal: AbortSignal },
): Promise<void> {
  const { deps, store, schedules } = cloud;
  const toCancel: RunHandle[] = [];
  for (const read of await store.openSlots()) {
    if (signal.aborted) return;
    const slot = read.value;
    if (slot.wishId === null) continue;
    const record = await deps.ledger.get(slot.wishId);
    const schedule = schedules.find(({ name }) => name === slot.schedule);
    const ended = record === undefined ? GONE : endOf(record) ?? endForeign(record, owner);
    if (ended !== undefined) {
      await endSlot(cloud, lease, read, ended);
      continue;
    }
    const kept = await pastDeadline(cloud, lease, read, schedule);
    if (kept.state === "cancelling" && record?.state === "seen" && record.run.platformStatus !== "canceling") {
      toCancel.push(record.handle);
    }
  }
  if (toCancel.length > 0) await cancelAll(cloud, toCancel, signal);
}

/** Nobody looks at a run of a key that was replaced by another account's: its slot would keep others back for ever. */
function endForeign(record: RunRecord, owner: Owner | undefined): Ending | undefined {
  if (owner === undefined || isOwnedBy(record, owner)) return undefined;
  const { host, user } = record.owner;
  return { status: "unknown", message: `Its run is ${user}'s on ${host}, which this key does not open` };
}

/** What can't be cancelled now is tried again at the next tick. */
async function cancelAll({ deps }: Cloud, handles: readonly RunHandle[], signal: AbortSignal): Promise<void> {
  using deadline = deps.clock.timeout(CANCELLING_MS);
  const either = AbortSignal.any([signal, deadline.signal]);
  await inParallel(handles, CANCELS_AT_ONCE, async (handle) => {
    if (either.aborted) return;
    try {
      await deps.client.cancelRun(handle, { signal: either });
    } catch (error) {
      if (!(error instanceof RunnerError) && !either.aborted) throw error;
      deps.log("WARNING", error instanceof Error ? error.message : String(error));
    }
  });
}

async function pastDeadline(
  cloud: Cloud,
  lease: Lease,
  read: Read<KeptSlot>,
  schedule: Schedule | undefined,
): Promise<KeptSlot> {
  const slot = read.value;
  const deadlineMs = schedule?.deadlineMs ?? null;
  if (deadlineMs === null || slot.isDeadlineTold || slot.submittedAtMs === null) return slot;
  if (cloud.deps.clock.now() - slot.submittedAtMs < deadlineMs) return slot;
  const state = schedule?.onDeadline === "cancel" ? "cancelling" : slot.state;
  const message = state === "cancelling" ? "It takes too long, and is cancelled" : "It takes too long, and goes on";
  const told: KeptSlot = { ...slot, state, isDeadlineTold: true };
  const reports = [reportOn(cloud, slot, { kind: "deadline", slug: null, message })];
  return await cloud.store.move(lease, read, told, telling(schedule, ...reports)) ? told : slot;
}
