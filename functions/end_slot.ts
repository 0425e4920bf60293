/** Ends a slot, with what there is to tell of it. */

import type { Notice } from "../lib/schedules/schedule.ts";
import type { Cloud } from "./cloud.ts";
import type { Ending } from "./ending.ts";
import { telling } from "./notices.ts";
import type { KeptSlot, Lease, Read, Report } from "./store.ts";

/** Nothing where somebody else has moved the slot since. */
export async function endSlot(cloud: Cloud, lease: Lease, read: Read<KeptSlot>, ending: Ending): Promise<void> {
  const { store, deps, schedules } = cloud;
  const slot = read.value;
  const { status, message, slug = null, durationSeconds = null } = ending;
  const over: KeptSlot = {
    ...slot,
    state: "over",
    end: { status, message, slug, durationSeconds, atMs: deps.clock.now() },
  };
  const reports = [reportOn(cloud, slot, { kind: status, slug, message })];
  await store.move(lease, read, over, telling(schedules.find(({ name }) => name === slot.schedule), ...reports));
}

/** What is told of a slot as of now. */
export function reportOn(
  { deps }: Cloud,
  { id, schedule }: KeptSlot,
  what: { readonly kind: Notice; readonly slug: string | null; readonly message: string | null },
): Report {
  return { slotId: id, schedule, atMs: deps.clock.now(), ...what };
}
