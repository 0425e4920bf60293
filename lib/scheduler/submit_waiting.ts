/** Submits waiting occurrences, leaves them waiting, or skips them. */

import { type ErrorKind, InvalidInputs, NotSubmitted, RunnerError } from "../errors.ts";
import type { Client } from "../platform/client.ts";
import { advanceOne } from "../runs/advance.ts";
import { createSubmission } from "../runs/create_submission.ts";
import { problemText } from "../problem.ts";
import { type InOrder, inParallel, oneAfterTheOther } from "../runs/in_parallel.ts";
import type { AtomicChange } from "../store/kv.ts";
import { type ListedOpenRow, WriteConflict } from "../store/run_store.ts";
import { SubmissionTooLarge } from "../store/submission_rows.ts";
import { isOpen, slugOf, type Submission } from "../submission.ts";
import { advanceOptions, type TickContext } from "./service.ts";
import { decideOverlap, firesAtMs, nextOccurrences, type OpenOccurrence } from "./occurrences.ts";
import { rejectOccurrence, removeIfKnown } from "./report_occurrences.ts";
import { prepareSchedule } from "./prepare_schedule.ts";
import type { Occurrence, Schedule } from "./schedule.ts";
import { addNotification, addReplaced, removeWaitingOccurrence, waitingKey } from "./scheduler_store.ts";

const MINUTE_MS = 60_000;
/** An occurrence that can't be prepared, for lack of a connection, is retried for so long. */
const PREPARE_TIMEOUT_MS = 60 * MINUTE_MS;
/** How long an occurrence waits for a revision that knows its schedule. */
const UNKNOWN_SCHEDULE_MS = 10 * MINUTE_MS;
const WORKFLOWS_AT_ONCE = 8;
/** Of one workflow: what is sent next is prepared and stored meanwhile. */
const SCHEDULES_AT_ONCE = 8;

/** What may be different a minute later. `not_submitted`: the store would not take the submission. */
const TEMPORARY: readonly ErrorKind[] = [
  "unreachable",
  "unavailable",
  "response_lost",
  "bad_response",
  "conflict",
  "not_submitted",
];

export interface WaitingInput {
  readonly waiting: readonly Occurrence[];
  /** Open submissions of the service. */
  readonly open: readonly ListedOpenRow[];
  /** The ids of those whose state is known as of now. */
  readonly known: ReadonlySet<string>;
}

export interface SubmittedWaiting {
  readonly submitted: number;
  /** Those that should have been submitted and were not; each is logged. */
  readonly failures: readonly SubmitFailure[];
}

export interface SubmitFailure {
  readonly occurrenceId: string;
  readonly message: string;
}

/**
 * Submits what may be submitted, the earliest first. Workflows don't wait for each other: one that the platform does not
 * respond for delays no other.
 */
export async function submitWaiting(
  context: TickContext,
  { waiting, open, known }: WaitingInput,
): Promise<SubmittedWaiting> {
  const { service, schedules, signal } = context;
  const states = statesOf(waiting, open);
  const sent = new Set<string>();
  const groupOf = (name: string) => schedules.get(name)?.suite ?? schedules.get(name)?.workflow;
  const groups = [...Map.groupBy(waiting, ({ schedule }) => groupOf(schedule)).values()];
  // Where there are more than go at once, another one is first each minute.
  const first = Math.floor(service.deps.clock.now() / MINUTE_MS) % Math.max(1, groups.length);
  const errors: unknown[] = [];
  const failures: SubmitFailure[] = [];
  let submitted = 0;
  const submitAll = async (occurrences: readonly Occurrence[], inOrder: InOrder) => {
    try {
      for (const occurrence of occurrences) {
        if (signal.aborted) return;
        const state = states.get(occurrence.schedule) ?? new Map();
        const outcome = await submitOne(context, occurrence, { state, known, sent, inOrder });
        if (outcome === "submitted") submitted++;
        else if (outcome !== "waiting") failures.push({ occurrenceId: occurrence.id, message: outcome.failure });
      }
    } catch (error) {
      if (error !== signal.reason) errors.push(error);
    }
  };
  await inParallel([...groups.slice(first), ...groups.slice(0, first)], WORKFLOWS_AT_ONCE, async (group) => {
    const inOrder = oneAfterTheOther();
    const own = [...Map.groupBy(group, ({ schedule }) => schedule).values()];
    await inParallel(own, SCHEDULES_AT_ONCE, (occurrences) => submitAll(occurrences, inOrder));
  });
  if (errors.length > 0) throw errors[0];
  return { submitted, failures };
}

/** `left`: nothing was to be submitted now. */
type SubmitOutcome = "submitted" | "waiting" | { readonly failure: string };

/** What is open or waiting of one schedule, by occurrence. */
type ScheduleState = Map<string, OpenOccurrence>;

function statesOf(
  waiting: readonly Occurrence[],
  open: readonly ListedOpenRow[],
): ReadonlyMap<string, ScheduleState> {
  const states = new Map<string, ScheduleState>(waiting.map(({ schedule }) => [schedule, new Map()]));
  for (const { id, schedule, scheduledAtMs } of waiting) {
    states.get(schedule)?.set(id, { occurrenceId: id, scheduledAtMs, state: "waiting" });
  }
  for (const { id, state, occurrence } of open) {
    if (occurrence === null) continue;
    const { schedule, scheduledAtMs } = occurrence;
    const openState = state === "canceling" ? "cancelling" : "open";
    states.get(schedule)?.set(id, { occurrenceId: id, scheduledAtMs, state: openState });
  }
  return states;
}

interface SubmitState {
  /** Changes with what happens to each occurrence. */
  readonly state: ScheduleState;
  readonly known: ReadonlySet<string>;
  /** The ids of those that this tick has submitted. */
  readonly sent: Set<string>;
  readonly inOrder: InOrder;
}

async function submitOne(
  context: TickContext,
  occurrence: Occurrence,
  { state, known, sent, inOrder }: SubmitState,
): Promise<SubmitOutcome> {
  const { service: { deps, kv }, schedules, lock } = context;
  const { id, scheduledAtMs } = occurrence;
  const schedule = schedules.get(occurrence.schedule);
  const ageMs = deps.clock.now() - scheduledAtMs;
  if (schedule === undefined) {
    // A revision that is about to be replaced does not know the schedules of the next one.
    if (ageMs < UNKNOWN_SCHEDULE_MS) return "waiting";
    await rejectOccurrence(context, occurrence, { kind: "skipped", message: "The schedule no longer exists" });
    return "waiting";
  }
  const skip = async (skipped: OpenOccurrence, message: string) => {
    state.delete(skipped.occurrenceId);
    const { occurrenceId, scheduledAtMs } = skipped;
    const rejected = { id: occurrenceId, schedule: schedule.name, scheduledAtMs };
    await rejectOccurrence(context, rejected, { kind: "skipped", message });
  };
  const own = state.get(id);
  // It was skipped in favor of another one.
  if (own === undefined) return "waiting";
  const decision = decideOverlap(schedule.overlap, occurrence, [...state.values()]);
  switch (decision.type) {
    case "wait":
      return "waiting";
    case "already-submitted":
      await removeWaitingOccurrence(kv, lock, occurrence);
      return "waiting";
    case "skip": {
      // While the platform does not report whether they are open, the next tick decides. If that tick has an occurrence of
      // its own, one that waits for what has just been submitted would make it and all later ones late.
      const hasTurn = !isNextDueBy(schedule, scheduledAtMs, deps.clock.now() + MINUTE_MS);
      const isUnknown = decision.blockedBy.some((other) =>
        state.get(other)?.state === "open" && !known.has(other) && (hasTurn || !sent.has(other))
      );
      if (isUnknown && ageMs < PREPARE_TIMEOUT_MS) return "waiting";
      await skip(own, `${decision.reason.replace("-", " ")}: ${decision.blockedBy.join(", ")}`);
      return "waiting";
    }
    case "cancel-then-submit": {
      const replaced = decision.cancel.flatMap((other) => state.get(other) ?? []);
      for (const other of replaced) if (other.state === "waiting") await skip(other, `Replaced by ${id}`);
      const withRuns = replaced.filter((other) => other.state !== "waiting").map(({ occurrenceId }) => occurrenceId);
      return await submit(context, occurrence, { schedule, state, sent, inOrder, replaced: withRuns });
    }
    case "submit":
      return await submit(context, occurrence, { schedule, state, sent, inOrder, replaced: [] });
  }
}

function isNextDueBy(schedule: Schedule, scheduledAtMs: number, instantMs: number): boolean {
  return nextOccurrences(schedule, scheduledAtMs, 1).some((next) => firesAtMs(schedule, next) <= instantMs);
}

interface SubmitOptions extends Omit<SubmitState, "known"> {
  readonly schedule: Schedule;
  /** The ids of submissions whose runs this one's replaces. */
  readonly replaced: readonly string[];
}

async function submit(
  context: TickContext,
  occurrence: Occurrence,
  options: SubmitOptions,
): Promise<SubmitOutcome> {
  const { schedule, state, sent, inOrder } = options;
  const { service: { deps }, signal } = context;
  const { id, scheduledAtMs } = occurrence;
  const submission = await createOrReject(context, occurrence, options);
  if (submission === "waiting" || "failure" in submission) return submission;
  state.delete(id);
  state.set(id, { occurrenceId: id, scheduledAtMs, state: "open" });
  if (schedule.suite !== null) {
    // Its cases are submitted as it goes on.
    sent.add(id);
    return "submitted";
  }
  try {
    // The platform refuses launches of one workflow at the same time; what follows a launch need not wait.
    const result = await inOrder(async (release) => {
      signal.throwIfAborted();
      const submit: Client["submit"] = (...launch) => deps.client.submit(...launch).finally(release);
      return await advanceOne({ ...deps, client: { ...deps.client, submit } }, submission, advanceOptions(signal));
    });
    if (!isOpen(result.submission)) state.delete(id);
    if (result.error === undefined) sent.add(id);
    // It is logged when its end is reported.
    if (result.submission.state === "rejected") return { failure: result.submission.message };
    if (result.submission.state !== "pending" || result.error === undefined) return "submitted";
    deps.log("WARNING", `${id} is sent again by a later tick: ${result.error.message}`);
    return { failure: result.error.message };
  } catch (error) {
    if (!(error instanceof NotSubmitted)) throw error;
    deps.log("WARNING", `${id} is sent by the next tick: ${error.message}`);
    return { failure: error.message };
  }
}

/** Stores the submission in one change with all that follows from it. Without one, the occurrence waits or is rejected. */
async function createOrReject(
  context: TickContext,
  occurrence: Occurrence,
  { schedule, state, replaced }: SubmitOptions,
): Promise<Submission | Exclude<SubmitOutcome, "submitted">> {
  const { service, lock, signal } = context;
  const { deps } = service;
  const { id, scheduledAtMs } = occurrence;
  const reject = async (message: string) => {
    deps.log("WARNING", `${id} failed: ${message}`);
    await rejectOccurrence(context, occurrence, { kind: "failed", message });
    state.delete(id);
    return { failure: message };
  };
  try {
    const options = {
      signal,
      isWaiting: false,
      submissionId: id,
      origin: {
        type: "schedule",
        schedule: schedule.name,
        scheduledAtMs,
        isDeadlineReported: false,
        isReported: false,
      },
      also: (change: AtomicChange, written: Submission) => {
        change.check(lock);
        change.delete(waitingKey(occurrence));
        for (const other of replaced) addReplaced(change, other);
        const notification = {
          occurrenceId: id,
          schedule: schedule.name,
          kind: "submitted",
          createdAtMs: deps.clock.now(),
          slug: slugOf(written),
          message: null,
        } as const;
        addNotification(change, notification, schedule.notify);
      },
    } as const;
    if (schedule.suite === null) {
      return await createSubmission(deps, await prepareSchedule(service, schedule, signal), options);
    }
    return await (await import("./advance_suites.ts")).createSuite(service, schedule, schedule.suite, options);
  } catch (error) {
    if (error instanceof WriteConflict) {
      // Otherwise this tick lost its lock.
      await removeIfKnown(context, occurrence);
      return "waiting";
    }
    const isEarly = deps.clock.now() - scheduledAtMs < PREPARE_TIMEOUT_MS;
    if (signal.aborted && error === signal.reason) {
      // The end of the process is no fault of the platform.
      if (isEarly || signal.reason.name !== "TimeoutError") throw error;
      return await reject("The platform did not respond in time for an hour");
    }
    if (!(error instanceof RunnerError) || error.kind === "storage") throw error;
    if (TEMPORARY.includes(error.kind) && isEarly && !(error.cause instanceof SubmissionTooLarge)) {
      deps.log("WARNING", `${id} was not submitted yet: ${error.message}`);
      return { failure: error.message };
    }
    const problems = error instanceof InvalidInputs ? error.problems.map(problemText) : [];
    return await reject([error.message, ...problems].join("; "));
  }
}
