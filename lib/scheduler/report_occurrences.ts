/** Reports what became of occurrences: each report and what it is about are one atomic change. */

import { expected } from "../errors.ts";
import type { AtomicChange } from "../store/kv.ts";
import { type ListedOpenRow, WriteConflict } from "../store/run_store.ts";
import {
  isAbandoned,
  isOpen,
  type RejectedSubmission,
  slugOf,
  type Submission,
  type SuiteEnd,
  suiteOf,
} from "../submission.ts";
import type { Occurrence, Schedule } from "./schedule.ts";
import { removeWaitingOccurrence, waitingKey } from "./scheduler_store.ts";
import { originOf } from "./occurrences.ts";
import { addNotified, type Service, type TickContext } from "./service.ts";
import { newSubmission, NO_REQUEST } from "../runs/create_submission.ts";

const MAX_ENDS_PER_TICK = 500;

/** How an occurrence ended; `skipped` and `missed` never had a run. */
export interface OccurrenceEnd {
  readonly status: "completed" | "failed" | "cancelled" | "unknown" | "skipped" | "missed";
  readonly message: string | null;
  readonly slug: string | null;
  readonly durationSeconds: number | null;
  /** How a suite ended; absent for a workflow. */
  readonly suite?: SuiteEnd;
}

/** The end of a submission as its schedule sees it; `undefined` while it continues. */
export function occurrenceEndOf(submission: Submission): OccurrenceEnd | undefined {
  if (submission.state === "rejected") {
    const { kind, message } = submission;
    const status = kind === "skipped" || kind === "missed" ? kind : "failed";
    return { status, message, slug: null, durationSeconds: null };
  }
  if (submission.state === "finished") {
    const { status, durationSeconds, errorMessage, message } = submission.result;
    const suite = suiteOf(submission);
    const isPlain = status === "completed" || status === "failed" || status === "cancelled";
    return {
      status: isPlain ? status : "unknown",
      slug: slugOf(submission),
      durationSeconds,
      message: errorMessage ?? message ?? null,
      ...(suite?.end && { suite: suite.end }),
    };
  }
  if (submission.state !== "unconfirmed") {
    return submission.origin.type === "schedule" && submission.origin.isReported ? foreignEnd(submission) : undefined;
  }
  if (!isAbandoned(submission)) return undefined;
  return unknownEnd(submission, `It is not known whether a run was started: ${submission.reconciliation?.detail}`);
}

/** A run of another account's API key can't be polled: it would hold back its schedule forever. */
function foreignEnd(submission: Submission): OccurrenceEnd {
  const { host, user } = submission.owner;
  return unknownEnd(submission, `Its run belongs to ${user} on ${host}, which this server's API key could not read`);
}

function unknownEnd(submission: Submission, message: string): OccurrenceEnd {
  return { status: "unknown", slug: slugOf(submission), durationSeconds: null, message };
}

/** Ends an occurrence that has no submission. */
export async function rejectOccurrence(
  context: TickContext,
  occurrence: Occurrence,
  { kind, message }: { readonly kind: "failed" | "skipped" | "missed"; readonly message: string },
): Promise<void> {
  const { service, schedules } = context;
  const schedule = schedules.get(occurrence.schedule);
  const submission: RejectedSubmission = {
    ...withoutRun(service, schedule),
    submissionId: occurrence.id,
    origin: { ...originOf(occurrence, schedule), isReported: true },
    state: "rejected",
    kind,
    message,
  };
  const isWritten = await putUnlessMoved(context, submission, (change) => {
    change.delete(waitingKey(occurrence));
    addNotified(context, change, occurrence, { kind, slug: null, message });
  });
  if (isWritten) service.deps.log("WARNING", `${occurrence.id} ${kind}: ${message}`);
  else await removeIfKnown(context, occurrence);
}

/** An occurrence has one submission: a tick that read the same stored it, or one before the clock was set back. */
export async function removeIfKnown({ service: { deps, kv }, lock }: TickContext, occurrence: Occurrence) {
  if (await deps.store.get(occurrence.id) !== undefined) await removeWaitingOccurrence(kv, lock, occurrence);
}

/** Reports submissions of schedules that have ended, also those that another process advanced. */
export async function reportEnds(context: TickContext): Promise<void> {
  for (const submission of await context.service.deps.store.listUnreported(MAX_ENDS_PER_TICK)) {
    const end = occurrenceEndOf(submission);
    if (end !== undefined) await reportEnd(context, submission, end);
  }
}

/** Reports a run that an API key of another account started, once; and its end, if that key is back by then. */
export async function reportForeign(context: TickContext, submission: Submission): Promise<void> {
  const { origin } = submission;
  if (origin.type === "schedule" && !origin.isReported) await reportEnd(context, submission, foreignEnd(submission));
}

/** Reports each run that takes longer than its schedule's deadline, once. */
export async function reportDeadlines(context: TickContext, open: readonly ListedOpenRow[]): Promise<void> {
  const { service, schedules } = context;
  const nowMs = service.deps.clock.now();
  const overdue = open.filter(({ occurrence, createdAtMs }) =>
    occurrence !== null && !occurrence.isDeadlineReported &&
    isOverdue(schedules.get(occurrence.schedule), createdAtMs, nowMs)
  );
  for (const submission of await service.deps.store.getMany(overdue.map(({ id }) => id))) {
    const { origin } = submission;
    if (origin.type !== "schedule" || origin.isDeadlineReported || !isOpen(submission)) continue;
    const isCancelled = schedules.get(origin.schedule)?.onDeadline === "cancel";
    const message = `Deadline exceeded; ${isCancelled ? "the run is cancelled" : "still running"}`;
    await putUnlessMoved(context, { ...submission, origin: { ...origin, isDeadlineReported: true } }, (change) => {
      const occurrence = { id: submission.submissionId, schedule: origin.schedule };
      addNotified(context, change, occurrence, { kind: "deadline", slug: slugOf(submission), message });
    });
  }
}

/** Whether a run created then has passed its schedule's deadline. */
export function isOverdue(schedule: Schedule | undefined, createdAtMs: number, nowMs: number): boolean {
  const deadlineMs = schedule?.deadlineMs ?? null;
  return deadlineMs !== null && nowMs - createdAtMs >= deadlineMs;
}

async function reportEnd(
  context: TickContext,
  submission: Submission,
  { status, slug, message }: Pick<OccurrenceEnd, "status" | "slug" | "message">,
): Promise<void> {
  const { submissionId: id, origin } = submission;
  if (origin.type !== "schedule") return;
  await putUnlessMoved(context, { ...submission, origin: { ...origin, isReported: true } }, (change) => {
    addNotified(context, change, { id, schedule: origin.schedule }, { kind: status, slug, message });
  });
  const text = `${id} ${status}${message === null ? "" : `: ${message}`}`;
  context.service.deps.log(status === "completed" ? "INFO" : "WARNING", text);
}

/**
 * Nothing is written once the lock is lost. Another process that wrote it meanwhile leaves the report to the next tick.
 *
 * @returns Whether it was written.
 */
export async function putUnlessMoved(
  { service, lock }: TickContext,
  submission: Submission,
  also: (change: AtomicChange) => void = () => {},
): Promise<boolean> {
  const written = await service.deps.store.put(submission, (change) => also(change.check(lock)))
    .catch(expected(WriteConflict));
  return !(written instanceof WriteConflict);
}

/** The members of a submission that describe a run, for one that has none. */
export function withoutRun({ deps }: Service, schedule: Schedule | undefined) {
  const workflow = schedule?.suite ?? schedule?.workflow ?? "";
  const request = { ...NO_REQUEST, workflow, inputs: {}, displayName: schedule?.displayName ?? null };
  return newSubmission(request, { host: deps.client.host, user: "" }, deps.clock.now());
}
