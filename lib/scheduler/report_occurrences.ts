/** Reports what became of occurrences: each report and what it is about are one atomic change. */

import type { Owner } from "../account.ts";
import { WriteConflict } from "../store/run_store.ts";
import { isAbandoned, isOwnedBy, slugOf } from "../submission.ts";
import type { Change } from "../store/change.ts";
import type { Origin, RejectedSubmission, Submission } from "../submission.ts";
import { messagesFor } from "./notifications.ts";
import type { NotificationKind, Occurrence, Schedule } from "./schedule.ts";
import { addNotification, deleteWaiting, type WaitingOccurrence } from "./scheduler_store.ts";
import type { Service } from "./service.ts";
import type { TickContext } from "./tick_context.ts";

/** How an occurrence ended; `skipped` and `missed` never had a run. */
export interface OccurrenceEnd {
  readonly status: "completed" | "failed" | "cancelled" | "unknown" | "skipped" | "missed";
  readonly message: string | null;
  readonly slug: string | null;
  readonly durationSeconds: number | null;
}

/** The end of a submission as its schedule sees it; `undefined` while it continues. */
export function endOf(submission: Submission): OccurrenceEnd | undefined {
  switch (submission.state) {
    case "pending":
    case "active":
      return undefined;
    case "unconfirmed":
      return isAbandoned(submission)
        ? {
          status: "unknown",
          slug: submission.ownSlug,
          durationSeconds: null,
          message: `It is not known whether a run was started: ${submission.reconciliation?.detail}`,
        }
        : undefined;
    case "rejected": {
      const { kind, message } = submission;
      const status = kind === "skipped" || kind === "missed" ? kind : "failed";
      return { status, message, slug: null, durationSeconds: null };
    }
    case "finished": {
      const { status, durationSeconds, errorMessage, message } = submission.result;
      const isPlain = status === "completed" || status === "failed" || status === "cancelled";
      return {
        status: isPlain ? status : "unknown",
        slug: slugOf(submission),
        durationSeconds,
        message: errorMessage ?? message ?? null,
      };
    }
  }
}

/** Adds the notification of something that happens to an occurrence now. */
export function addNotified(
  { deps, schedules }: Service,
  change: Change,
  { id, schedule }: Pick<Occurrence, "id" | "schedule">,
  what: { readonly kind: NotificationKind; readonly slug: string | null; readonly message: string | null },
): void {
  const notification = { occurrenceId: id, schedule, createdAtMs: deps.clock.now(), ...what };
  addNotification(change, notification, messagesFor(schedules.find(({ name }) => name === schedule), notification));
}

/** Ends an occurrence that has no submission. */
export async function rejectOccurrence(
  { service, lock }: TickContext,
  occurrence: Occurrence,
  { kind, message }: { readonly kind: string; readonly message: string },
): Promise<void> {
  const { id, schedule: name, scheduledAtMs } = occurrence;
  const schedule = service.schedules.find((candidate) => candidate.name === name);
  const submission: RejectedSubmission = {
    ...withoutRun(service, schedule),
    submissionId: id,
    origin: {
      type: "schedule",
      schedule: name,
      scheduledAtMs,
      isDeadlineReported: false,
      isReported: true,
    },
    state: "rejected",
    kind,
    message,
  };
  await putUnlessMoved(service, submission, (change) => {
    change.check(lock);
    deleteWaiting(change, occurrence);
    const end = endOf(submission);
    if (end !== undefined) addNotified(service, change, occurrence, { kind: end.status, slug: null, message });
  });
}

/** Those that no tick came for in time are reported; the others are returned. */
export async function reportMissed(
  context: TickContext,
  waiting: readonly WaitingOccurrence[],
): Promise<readonly WaitingOccurrence[]> {
  for (const occurrence of waiting) {
    if (occurrence.missed === null || context.signal.aborted) continue;
    await rejectOccurrence(context, occurrence, { kind: "missed", message: occurrence.missed });
  }
  return waiting.filter(({ missed }) => missed === null);
}

/** Reports submissions of schedules that ended since, whoever advanced them. */
export async function reportEnds(context: TickContext): Promise<void> {
  for (const submission of await context.service.deps.store.listUnreported()) {
    const end = endOf(submission);
    if (end !== undefined) await reportEnd(context, submission, end);
  }
}

/**
 * Runs of an API key that was replaced by another account's can't be polled: they would hold back their schedule forever.
 *
 * @returns What is still open without them.
 */
export async function reportForeign(
  context: TickContext,
  open: readonly Submission[],
  owner: Owner | undefined,
): Promise<readonly Submission[]> {
  if (owner === undefined) return open;
  const isForeign = (submission: Submission) => !isOwnedBy(submission, owner);
  for (const submission of open.filter(isForeign)) {
    const { origin, owner: { host, user } } = submission;
    if (origin.type !== "schedule" || origin.isReported) continue;
    const message = `Its run belongs to ${user} on ${host}, which the current API key can't read`;
    await reportEnd(context, submission, { status: "unknown", message, slug: slugOf(submission) });
  }
  return open.filter((submission) => !isForeign(submission));
}

/** Reports each run that takes longer than its schedule's deadline, once. */
export async function reportDeadlines({ service, lock }: TickContext, open: readonly Submission[]): Promise<void> {
  for (const submission of open) {
    const { origin, createdAtMs } = submission;
    if (origin.type !== "schedule" || origin.isDeadlineReported) continue;
    const schedule = service.schedules.find(({ name }) => name === origin.schedule);
    if (!isOverdue(schedule, createdAtMs, service.deps.clock.now())) continue;
    const message = `Deadline exceeded; ${
      schedule?.onDeadline === "cancel" ? "the run is cancelled" : "still running"
    }`;
    await putUnlessMoved(service, withOrigin(submission, { ...origin, isDeadlineReported: true }), (change) => {
      change.check(lock);
      addNotified(service, change, occurrenceOf(submission, origin), { kind: "deadline", slug: null, message });
    });
  }
}

/** Whether a run created then has passed its schedule's deadline. */
export function isOverdue(schedule: Schedule | undefined, createdAtMs: number, nowMs: number): boolean {
  const deadlineMs = schedule?.deadlineMs ?? null;
  return deadlineMs !== null && nowMs - createdAtMs >= deadlineMs;
}

async function reportEnd(
  { service, lock }: TickContext,
  submission: Submission,
  { status, slug, message }: Omit<OccurrenceEnd, "durationSeconds">,
): Promise<void> {
  const { origin } = submission;
  if (origin.type !== "schedule") return;
  await putUnlessMoved(service, withOrigin(submission, { ...origin, isReported: true }), (change) => {
    change.check(lock);
    addNotified(service, change, occurrenceOf(submission, origin), { kind: status, slug, message });
  });
  service.deps.log(
    status === "completed" ? "INFO" : "WARNING",
    `${submission.submissionId} ${status}: ${message ?? ""}`,
  );
}

function withOrigin<S extends Submission>(submission: S, origin: Origin): S {
  return { ...submission, origin };
}

function occurrenceOf({ submissionId }: Submission, { schedule }: Extract<Origin, { type: "schedule" }>) {
  return { id: submissionId, schedule };
}

/** Another process that wrote it meanwhile leaves the report to the next tick. */
async function putUnlessMoved(service: Service, submission: Submission, also: (change: Change) => void): Promise<void> {
  try {
    await service.deps.store.put(submission, also);
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error;
  }
}

/** What a submission without a run says of one. */
function withoutRun({ deps }: Service, schedule: Schedule | undefined) {
  const nowMs = deps.clock.now();
  return {
    revision: 0,
    owner: { host: deps.client.host, user: "" },
    request: {
      workflow: schedule?.workflow ?? "",
      workflowId: null,
      inputs: {},
      inputsWithoutSecrets: null,
      inputsHash: "",
      secretPaths: [],
      displayName: schedule?.displayName ?? null,
      requestedConsent: null,
      isTrusted: false,
      startsSession: false,
    },
    idempotencyKey: null,
    ownSlug: null,
    correlationTag: "",
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    nextPollAtMs: nowMs,
  };
}
