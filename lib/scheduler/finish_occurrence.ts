/** Ends a slot, with what there is to tell of it. */

import type { NotificationKind } from "./schedule.ts";
import type { Service } from "./service.ts";
import type { Ending } from "./occurrence_result.ts";
import { notify } from "./notifications.ts";
import type { LockHandle, Notification, Read, StoredOccurrence } from "./scheduler_store.ts";

/** Nothing where somebody else has moved the slot since. */
export async function finishOccurrence(
  service: Service,
  lock: LockHandle,
  read: Read<StoredOccurrence>,
  ending: Ending,
): Promise<void> {
  const { schedulerStore, deps, schedules } = service;
  const occurrence = read.value;
  const { status, message, slug = null, durationSeconds = null } = ending;
  const over: StoredOccurrence = {
    ...occurrence,
    state: "ended",
    end: { status, message, slug, durationSeconds, atMs: deps.clock.now() },
  };
  const notifications = [notificationFor(service, occurrence, { kind: status, slug, message })];
  await schedulerStore.move(
    lock,
    read,
    over,
    notify(schedules.find(({ name }) => name === occurrence.schedule), ...notifications),
  );
}

/** What is told of a slot as of now. */
export function notificationFor(
  { deps }: Service,
  { id, schedule }: StoredOccurrence,
  what: { readonly kind: NotificationKind; readonly slug: string | null; readonly message: string | null },
): Notification {
  return { occurrenceId: id, schedule, atMs: deps.clock.now(), ...what };
}
