/** Submits waiting occurrences, leaves them waiting, or skips them. */

import { type ErrorKind, InvalidInputs, RunnerError } from "../errors.ts";
import { formatOf, readDocument } from "../inputs/document.ts";
import { createInputLayer, type InputLayer } from "../inputs/layers.ts";
import { advance } from "../runs/advance.ts";
import { createSubmission } from "../runs/create_submission.ts";
import { inParallel } from "../runs/in_parallel.ts";
import { prepare } from "../runs/prepare.ts";
import { WriteConflict } from "../store/run_store.ts";
import { slugOf } from "../submission.ts";
import { SubmissionTooLarge } from "../store/submission_body.ts";
import type { RunRequest, Submission } from "../submission.ts";
import { advanceOptions } from "./advance_options.ts";
import { decideOverlap, type OpenOccurrence } from "./overlap.ts";
import { addNotified, rejectOccurrence } from "./report_occurrences.ts";
import type { Occurrence, Schedule } from "./schedule.ts";
import { deleteWaiting, removeWaiting } from "./scheduler_store.ts";
import type { Service } from "./service.ts";
import type { TickContext } from "./tick_context.ts";

const MINUTE_MS = 60_000;
/** An occurrence that can't be prepared, for lack of a connection, is retried for so long. */
const PREPARE_TIMEOUT_MS = 60 * MINUTE_MS;
/** How long an occurrence waits for a revision that knows its schedule. */
const UNKNOWN_SCHEDULE_MS = 10 * MINUTE_MS;
const WORKFLOWS_AT_ONCE = 8;

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
  readonly open: readonly Submission[];
}

/**
 * Submits what may be submitted, the earliest first. Workflows don't wait for each other: one that the platform does not
 * respond for delays no other.
 *
 * @returns How many were submitted.
 */
export async function submitWaiting(context: TickContext, { waiting, open }: WaitingInput): Promise<number> {
  const { service, signal } = context;
  const byWorkflow = Map.groupBy(waiting, ({ schedule }) => scheduleOf(service, schedule)?.workflow);
  const groups = [...byWorkflow.values()];
  // Where there are more than go at once, another one is first each minute.
  const first = Math.floor(service.deps.clock.now() / MINUTE_MS) % Math.max(1, groups.length);
  const errors: unknown[] = [];
  let submitted = 0;
  await inParallel([...groups.slice(first), ...groups.slice(0, first)], WORKFLOWS_AT_ONCE, async (group) => {
    try {
      // One after the other: the platform refuses launches of one workflow at the same time.
      const state = new Map([...open.flatMap(openOccurrence), ...waiting.map(waitingOccurrence)]);
      for (const occurrence of group) {
        if (signal.aborted) return;
        if (await submitOne(context, occurrence, state)) submitted++;
      }
    } catch (error) {
      errors.push(error);
    }
  });
  if (errors.length > 0) throw errors[0];
  return submitted;
}

/** What is open or waiting, by occurrence. */
type OpenState = Map<string, OpenOccurrence & { readonly schedule: string }>;

function openOccurrence(
  { submissionId, origin, ...rest }: Submission,
): [string, OpenOccurrence & { schedule: string }][] {
  if (origin.type !== "schedule") return [];
  const isCanceling = rest.state === "active" && rest.run.platformStatus === "canceling";
  const state = isCanceling ? "cancelling" : "open";
  const { schedule, scheduledAtMs } = origin;
  return [[submissionId, { occurrenceId: submissionId, scheduledAtMs, state, schedule }]];
}

function waitingOccurrence(
  { id, scheduledAtMs, schedule }: Occurrence,
): [string, OpenOccurrence & { schedule: string }] {
  return [id, { occurrenceId: id, scheduledAtMs, state: "waiting", schedule }];
}

/** @returns Whether it was submitted. Moves it in the state, with what else that changes. */
async function submitOne(context: TickContext, occurrence: Occurrence, state: OpenState): Promise<boolean> {
  const { service } = context;
  const skip = async (id: string, message: string) => {
    const known = state.get(id);
    state.delete(id);
    if (known === undefined) return;
    const skipped = { id, schedule: known.schedule, scheduledAtMs: known.scheduledAtMs };
    await rejectOccurrence(context, skipped, { kind: "skipped", message });
  };
  const schedule = scheduleOf(service, occurrence.schedule);
  if (schedule === undefined) {
    // A revision that is about to be replaced does not know the schedules of the next one.
    if (service.deps.clock.now() - occurrence.scheduledAtMs < UNKNOWN_SCHEDULE_MS) return false;
    await skip(occurrence.id, "The schedule no longer exists");
    return false;
  }
  // It was skipped in favor of another one.
  if (!state.has(occurrence.id)) return false;
  const others = [...state.values()].filter((other) => other.schedule === schedule.name);
  const decision = decideOverlap(schedule.overlap, occurrence, others);
  switch (decision.type) {
    case "wait":
    case "already-submitted":
      return false;
    case "skip":
      await skip(occurrence.id, `${decision.reason.replace("-", " ")}: ${decision.blockedBy.join(", ")}`);
      return false;
    case "cancel-then-submit":
      // Those with a run are cancelled once this one's submission shows that they are replaced.
      for (const id of decision.cancel) {
        if (state.get(id)?.state === "waiting") await skip(id, `Replaced by ${occurrence.id}`);
      }
      break;
    case "submit":
      break;
  }
  return await submit(context, occurrence, { schedule, state });
}

async function submit(
  context: TickContext,
  occurrence: Occurrence,
  { schedule, state }: { readonly schedule: Schedule; readonly state: OpenState },
): Promise<boolean> {
  const { service, lock, signal } = context;
  const { deps } = service;
  const { id, scheduledAtMs } = occurrence;
  const fail = async (message: string) => {
    state.delete(id);
    deps.log("WARNING", `${id} failed: ${message}`);
    await rejectOccurrence(context, occurrence, { kind: "failed", message });
    return false;
  };
  try {
    const submission = await createSubmission(deps, await requestOf(service, schedule, signal), {
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
      // One change with the submission: no tick can find the occurrence waiting and submitted, or neither.
      also: (change, written) => {
        change.check(lock);
        deleteWaiting(change, occurrence);
        addNotified(service, change, occurrence, { kind: "submitted", slug: slugOf(written), message: null });
      },
    });
    state.set(id, { occurrenceId: id, scheduledAtMs, state: "open", schedule: schedule.name });
    const [result] = await advance(deps, [submission], advanceOptions(signal));
    return result !== undefined;
  } catch (error) {
    if (error instanceof WriteConflict) {
      // Submitted by an earlier request with the same key, or this tick lost its lock.
      const isSubmitted = await deps.store.get(id) !== undefined;
      if (isSubmitted) await removeWaiting(service.kv, lock, occurrence);
      return false;
    }
    const isEarly = deps.clock.now() - scheduledAtMs < PREPARE_TIMEOUT_MS;
    if (signal.aborted) {
      if (isEarly) throw error;
      return await fail("The platform did not respond in time, for an hour");
    }
    if (!(error instanceof RunnerError) || error.kind === "storage") throw error;
    if (TEMPORARY.includes(error.kind) && isEarly && !(error.cause instanceof SubmissionTooLarge)) {
      deps.log("WARNING", `${id} was not submitted yet: ${error.message}`);
      return false;
    }
    const details = error instanceof InvalidInputs
      ? error.problems.map(({ path, message }) => `${path} ${message}`)
      : [];
    return await fail([error.message, ...details].join("; "));
  }
}

function scheduleOf({ schedules }: Service, name: string): Schedule | undefined {
  return schedules.find((schedule) => schedule.name === name);
}

async function requestOf(service: Service, schedule: Schedule, signal: AbortSignal): Promise<RunRequest> {
  const { workflow, preset, inputsFile, inputs, displayName, isTrusted } = schedule;
  const layers: InputLayer[] = [
    ...(inputsFile === null ? [] : [await fileLayer(service, inputsFile)]),
    createInputLayer(`schedule ${schedule.name}`, inputs),
  ];
  const spec = { workflow, layers, preset, displayName: displayName ?? schedule.name, isTrusted };
  return (await prepare(service.deps, { ...spec, checking: "lenient" }, { signal })).request;
}

async function fileLayer({ readTextFile }: Service, path: string): Promise<InputLayer> {
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problem = { origin: path, path: "", message: `can't be read: ${reason}` };
    throw new InvalidInputs(`Cannot read ${path}`, [problem]);
  }
  const document = await readDocument(text, { origin: path, format: formatOf(path, text) });
  if (!("value" in document)) throw new InvalidInputs(`Cannot read ${path}`, document);
  return createInputLayer(path, document.value);
}
