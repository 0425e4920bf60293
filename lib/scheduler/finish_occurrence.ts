import type { NotificationKind } from "./schedule.ts";
import type { Service } from "./service.ts";
import type { OccurrenceOutcome } from "./occurrence_result.ts";
import { notify } from "./notifications.ts";
import type { Lock, Notification, StoredOccurrence, Versioned } from "./scheduler_store.ts";

/** Stores an occurrence's result, together with its notifications. Does nothing if the occurrence has changed since. */
export async function finishOccurrence(
  service: Service,
  lock: Lock,
  entry: Versioned<StoredOccurrence>,
  outcome: OccurrenceOutcome,
): Promise<void> {
  const { schedulerStore, deps, schedules } = service;
  const occurrence = entry.value;
  const { status, message, slug = null, durationSeconds = null } = outcome;
  const finished: StoredOccurrence = {
    ...occurrence,
    state: "finished",
    result: { status, message, slug, durationSeconds, finishedAtMs: deps.clock.now() },
  };
  const notifications = [notificationFor(service, occurrence, { kind: status, slug, message })];
  await schedulerStore.updateOccurrence(
    lock,
    entry,
    finished,
    notify(schedules.find(({ name }) => name === occurrence.schedule), ...notifications),
  );
}

export function notificationFor(
  { deps }: Service,
  { id, schedule }: StoredOccurrence,
  details: { readonly kind: NotificationKind; readonly slug: string | null; readonly message: string | null },
): Notification {
  return { occurrenceId: id, schedule, createdAtMs: deps.clock.now(), ...details };
}
