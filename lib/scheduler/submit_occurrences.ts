/** What becomes of slots that wait: they are submitted once, wait on, or stand back for others. */

import { inParallel } from "../runs/in_parallel.ts";
import { createSubmission } from "../runs/create_submission.ts";
import { prepare } from "../runs/prepare.ts";
import { advance } from "../runs/advance.ts";
import { correlationTagForKey } from "../runs/slug.ts";
import { formOf, readDocument } from "../inputs/document.ts";
import { givenLayer, type InputLayer } from "../inputs/layers.ts";
import { slugOf, SubmissionTooLarge } from "../store/run_store.ts";
import { type ErrorKind, InvalidInputs, RunnerError } from "../errors.ts";
import type { RunRequest, Submission } from "../submission.ts";
import { decideOverlap, type OpenOccurrence } from "./overlap.ts";
import type { Schedule } from "./schedule.ts";
import type { Service } from "./service.ts";
import { finishOccurrence, notificationFor } from "./finish_occurrence.ts";
import { notify } from "./notifications.ts";
import { type LockHandle, NO_NOTIFICATIONS, type Read, type StoredOccurrence } from "./scheduler_store.ts";
import { advanceOptions } from "./advance_options.ts";

const MINUTE_MS = 60_000;
/** A slot whose run can't even be decided on, for lack of contact, is tried for so long. */
const PREPARE_FOR_MS = 60 * MINUTE_MS;
/** How long a slot waits for a revision that knows its schedule. */
const UNKNOWN_FOR_MS = 10 * MINUTE_MS;
const WORKFLOWS_AT_ONCE = 8;

/** What may be otherwise a minute later. `not_submitted`: the store would not take the intent, so nothing was sent. */
const PASSING: readonly ErrorKind[] = [
  "unreachable",
  "unavailable",
  "response_lost",
  "bad_response",
  "conflict",
  "not_submitted",
];

/**
 * Submits what waits and may go, the earliest first; answers with how many. Workflows don't wait for each other: one that
 * the platform takes long over, or has no answer for, delays nobody else's slots.
 */
export async function submitOccurrences(service: Service, lock: LockHandle, signal: AbortSignal): Promise<number> {
  const workflows = [
    ...new Set((await service.schedulerStore.openOccurrences()).map(({ value }) => workflowOf(service, value))),
  ];
  // Where there are more than go at once, each minute another one is first.
  const first = Math.floor(service.deps.clock.now() / MINUTE_MS) % Math.max(1, workflows.length);
  const problems: unknown[] = [];
  let submitted = 0;
  await inParallel([...workflows.slice(first), ...workflows.slice(0, first)], WORKFLOWS_AT_ONCE, async (workflow) => {
    try {
      const count = await submitOccurrencesOf(service, lock, { workflow, signal });
      submitted += count;
    } catch (problem) {
      problems.push(problem);
    }
  });
  if (problems.length > 0) throw problems[0];
  return submitted;
}

/** One after the other: the platform refuses launches of one workflow at the same time. */
async function submitOccurrencesOf(
  service: Service,
  lock: LockHandle,
  { workflow, signal }: { readonly workflow: string | undefined; readonly signal: AbortSignal },
): Promise<number> {
  let submitted = 0;
  const tried = new Set<string>();
  let open = await service.schedulerStore.openOccurrences();
  while (true) {
    const next = open.find(({ value }) =>
      value.state === "waiting" && workflowOf(service, value) === workflow && !tried.has(value.id)
    );
    if (next === undefined || signal.aborted) return submitted;
    tried.add(next.value.id);
    const outcome = await trySubmit(service, lock, next, { open, signal });
    if (outcome === "submitted") submitted++;
    // A long queue is not read again for each that waits in it.
    if (outcome !== "waits") open = await service.schedulerStore.openOccurrences();
  }
}

/** `undefined` where the schedule is no longer there. */
function workflowOf({ schedules }: Service, occurrence: StoredOccurrence): string | undefined {
  return schedules.find(({ name }) => name === occurrence.schedule)?.workflow;
}

/** `moved`: something else may have become of it, and of others. */
type Outcome = "submitted" | "waits" | "moved";

async function trySubmit(
  service: Service,
  lock: LockHandle,
  read: Read<StoredOccurrence>,
  { open, signal }: { readonly open: readonly Read<StoredOccurrence>[]; readonly signal: AbortSignal },
): Promise<Outcome> {
  const { schedulerStore, schedules } = service;
  const occurrence = read.value;
  const schedule = schedules.find(({ name }) => name === occurrence.schedule);
  if (schedule === undefined) {
    // A revision that is about to be replaced does not know the schedules of the next one.
    if (service.deps.clock.now() - occurrence.atMs < UNKNOWN_FOR_MS) return "waits";
    await finishOccurrence(service, lock, read, { status: "skipped", message: "The schedule is no longer there" });
    return "moved";
  }
  const others = open.filter(({ value }) => value.schedule === occurrence.schedule);
  const decision = decideOverlap(schedule.overlap, occurrence, others.map(({ value }) => openOccurrenceOf(value)));
  switch (decision.type) {
    case "wait":
    case "nothing":
      return "waits";
    case "skip": {
      const message = `${decision.reason.replace("-", " ")}: ${decision.because.join(", ")}`;
      await skipOccurrence(service, lock, read, { schedule, signal, message });
      return "moved";
    }
    case "cancel-then-submit":
      for (const other of others.filter(({ value }) => decision.cancel.includes(value.id))) {
        if (other.value.state === "waiting") {
          await skipOccurrence(service, lock, other, { schedule, signal, message: `${occurrence.id} took its place` });
        } else await schedulerStore.move(lock, other, { ...other.value, state: "cancelling" }, NO_NOTIFICATIONS);
      }
      break;
    case "submit":
      break;
  }
  return await submit(service, lock, read, { schedule, signal });
}

/** Ends a slot without a run, unless a tick that died had written its intent: that is sent, whatever the slot says. */
async function skipOccurrence(
  service: Service,
  lock: LockHandle,
  read: Read<StoredOccurrence>,
  { schedule, signal, message }: {
    readonly schedule: Schedule;
    readonly signal: AbortSignal;
    readonly message: string;
  },
): Promise<void> {
  const record = await knownRecord(service, schedule, read.value, signal);
  if (record === undefined) await finishOccurrence(service, lock, read, { status: "skipped", message });
  // Its place is taken: it comes, and is cancelled.
  else await open(service, lock, read, { schedule, record, state: "cancelling" });
}

async function submit(
  service: Service,
  lock: LockHandle,
  read: Read<StoredOccurrence>,
  { schedule, signal }: { readonly schedule: Schedule; readonly signal: AbortSignal },
): Promise<Outcome> {
  const { deps } = service;
  const occurrence = read.value;
  try {
    // A tick that died after it had written the intent left it to us, whatever the inputs would be by now.
    const record = await knownRecord(service, schedule, occurrence, signal) ??
      await createSubmission(deps, await requestOf(service, schedule, signal), {
        signal,
        isWaiting: false,
        idempotencyKey: { text: occurrence.id, policy: "attach" },
      });
    if (!await open(service, lock, read, { schedule, record, state: "open" })) return "moved";
    if (record.nextPollAtMs <= deps.clock.now()) await advanceOnce(service, record, signal);
    return "submitted";
  } catch (error) {
    const isEarly = deps.clock.now() - occurrence.atMs < PREPARE_FOR_MS;
    if (signal.aborted) {
      if (isEarly) throw error;
      await finishOccurrence(service, lock, read, {
        status: "failed",
        message: "The platform took too long to answer, for an hour",
      });
      return "moved";
    }
    if (!(error instanceof RunnerError) || error.kind === "storage") throw error;
    if (PASSING.includes(error.kind) && isEarly && !(error.cause instanceof SubmissionTooLarge)) {
      deps.log("WARNING", `${occurrence.id} was not submitted yet: ${error.message}`);
      return "moved";
    }
    const details = error instanceof InvalidInputs
      ? error.problems.map(({ path, message }) => `${path} ${message}`)
      : [];
    await finishOccurrence(service, lock, read, { status: "failed", message: [error.message, ...details].join("; ") });
    return "moved";
  }
}

async function open(
  service: Service,
  lock: LockHandle,
  read: Read<StoredOccurrence>,
  { schedule, record, state }: {
    readonly schedule: Schedule;
    readonly record: Submission;
    readonly state: "open" | "cancelling";
  },
): Promise<boolean> {
  const { deps, schedulerStore } = service;
  const occurrence = read.value;
  const opened: StoredOccurrence = {
    ...occurrence,
    state,
    submissionId: record.submissionId,
    submittedAtMs: deps.clock.now(),
  };
  const notifications = [
    notificationFor(service, occurrence, { kind: "submitted", slug: slugOf(record), message: null }),
  ];
  return await schedulerStore.move(lock, read, opened, notify(schedule, ...notifications));
}

async function knownRecord(
  { deps }: Service,
  { workflow }: Schedule,
  occurrence: StoredOccurrence,
  signal: AbortSignal,
): Promise<Submission | undefined> {
  const { user } = await deps.client.whoAmI({ signal });
  const owner = { host: deps.client.host, user };
  const record = await deps.store.get(
    await correlationTagForKey({ owner, workflow, key: { text: occurrence.id, attempt: 1 } }),
  );
  return record?.state === "rejected" ? undefined : record;
}

async function requestOf(service: Service, schedule: Schedule, signal: AbortSignal): Promise<RunRequest> {
  const { workflow, preset, inputsFile, inputs, displayName, isTrusted } = schedule;
  const layers: InputLayer[] = [
    ...(inputsFile === null ? [] : [await fileLayer(service, inputsFile)]),
    givenLayer(`schedule ${schedule.name}`, inputs),
  ];
  const spec = { workflow, layers, preset, displayName: displayName ?? schedule.name, isTrusted };
  return (await prepare(service.deps, { ...spec, checking: "lenient" }, { signal })).request;
}

async function fileLayer({ readTextFile }: Service, path: string): Promise<InputLayer> {
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const problem = { origin: path, path: "", message: `can't be read: ${words}` };
    throw new InvalidInputs(`Cannot read ${path}`, [problem]);
  }
  const document = await readDocument(text, { origin: path, form: formOf(path, text) });
  if (!("value" in document)) throw new InvalidInputs(`Cannot read ${path}`, document);
  return givenLayer(path, document.value);
}

/** Sends the submit at once, and does not wait for more: the next ticks look. */
async function advanceOnce({ deps }: Service, record: Submission, signal: AbortSignal): Promise<void> {
  await advance(deps, [record], advanceOptions(signal));
}

function openOccurrenceOf({ id, atMs, state }: StoredOccurrence): OpenOccurrence {
  return { occurrenceId: id, atMs, state: state === "ended" ? "open" : state };
}
