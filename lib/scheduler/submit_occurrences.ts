/** Waiting occurrences: each is submitted once, keeps waiting, or is skipped. */

import { inParallel } from "../runs/in_parallel.ts";
import { createSubmission } from "../runs/create_submission.ts";
import { prepare } from "../runs/prepare.ts";
import { advance } from "../runs/advance.ts";
import { correlationTagForKey } from "../runs/slug.ts";
import { formatOf, readDocument } from "../inputs/document.ts";
import { createInputLayer, type InputLayer } from "../inputs/layers.ts";
import { slugOf, SubmissionTooLarge } from "../store/run_store.ts";
import { type ErrorKind, InvalidInputs, RunnerError } from "../errors.ts";
import type { RunRequest, Submission } from "../submission.ts";
import { decideOverlap, type OpenOccurrence } from "./overlap.ts";
import type { Schedule } from "./schedule.ts";
import type { Service } from "./service.ts";
import { finishOccurrence, notificationFor } from "./finish_occurrence.ts";
import { notify } from "./notifications.ts";
import { type Lock, NO_NOTIFICATIONS, type StoredOccurrence, type Versioned } from "./scheduler_store.ts";
import { advanceOptions } from "./advance_options.ts";

const MINUTE_MS = 60_000;
/** How long an occurrence is retried while its run can't be prepared because the platform is unreachable. */
const PREPARE_TIMEOUT_MS = 60 * MINUTE_MS;
/** How long an occurrence of an unknown schedule waits for a revision that contains it. */
const UNKNOWN_SCHEDULE_TIMEOUT_MS = 10 * MINUTE_MS;
const MAX_PARALLEL_WORKFLOWS = 8;

/** Errors that may be gone a minute later. `not_submitted`: the store rejected the submission, so nothing was sent. */
const TRANSIENT: readonly ErrorKind[] = [
  "unreachable",
  "unavailable",
  "response_lost",
  "bad_response",
  "conflict",
  "not_submitted",
];

/**
 * Submits the waiting occurrences that their overlap policy allows, earliest first, and returns how many. Workflows are
 * handled in parallel, so that one with a slow or missing response does not delay the others.
 */
export async function submitOccurrences(service: Service, lock: Lock, signal: AbortSignal): Promise<number> {
  const workflows = [
    ...new Set((await service.schedulerStore.listOpenOccurrences()).map(({ value }) => workflowOf(service, value))),
  ];
  // If there are more than run in parallel, each minute starts with another one.
  const first = Math.floor(service.deps.clock.now() / MINUTE_MS) % Math.max(1, workflows.length);
  const errors: unknown[] = [];
  let submitted = 0;
  await inParallel(
    [...workflows.slice(first), ...workflows.slice(0, first)],
    MAX_PARALLEL_WORKFLOWS,
    async (workflow) => {
      try {
        const count = await submitOccurrencesOf(service, lock, { workflow, signal });
        submitted += count;
      } catch (error) {
        errors.push(error);
      }
    },
  );
  if (errors.length > 0) throw errors[0];
  return submitted;
}

/** Sequential: the platform rejects concurrent launches of one workflow. */
async function submitOccurrencesOf(
  service: Service,
  lock: Lock,
  { workflow, signal }: { readonly workflow: string | undefined; readonly signal: AbortSignal },
): Promise<number> {
  let submitted = 0;
  const tried = new Set<string>();
  let open = await service.schedulerStore.listOpenOccurrences();
  while (true) {
    const next = open.find(({ value }) =>
      value.state === "waiting" && workflowOf(service, value) === workflow && !tried.has(value.id)
    );
    if (next === undefined || signal.aborted) return submitted;
    tried.add(next.value.id);
    const step = await trySubmit(service, lock, next, { open, signal });
    if (step === "submitted") submitted++;
    // A long queue is not read again for each occurrence that waits in it.
    if (step !== "waiting") open = await service.schedulerStore.listOpenOccurrences();
  }
}

/** `undefined` if the schedule no longer exists. */
function workflowOf({ schedules }: Service, occurrence: StoredOccurrence): string | undefined {
  return schedules.find(({ name }) => name === occurrence.schedule)?.workflow;
}

/** `changed`: this occurrence or others may have been skipped, finished or changed by another tick. */
type SubmitStep = "submitted" | "waiting" | "changed";

async function trySubmit(
  service: Service,
  lock: Lock,
  entry: Versioned<StoredOccurrence>,
  { open, signal }: { readonly open: readonly Versioned<StoredOccurrence>[]; readonly signal: AbortSignal },
): Promise<SubmitStep> {
  const { schedulerStore, schedules } = service;
  const occurrence = entry.value;
  const schedule = schedules.find(({ name }) => name === occurrence.schedule);
  if (schedule === undefined) {
    // During a deployment, the old revision does not know the new revision's schedules.
    if (service.deps.clock.now() - occurrence.scheduledAtMs < UNKNOWN_SCHEDULE_TIMEOUT_MS) return "waiting";
    await finishOccurrence(service, lock, entry, { status: "skipped", message: "The schedule no longer exists" });
    return "changed";
  }
  const others = open.filter(({ value }) => value.schedule === occurrence.schedule);
  const decision = decideOverlap(schedule.overlap, occurrence, others.map(({ value }) => openOccurrenceOf(value)));
  switch (decision.type) {
    case "wait":
    case "already-submitted":
      return "waiting";
    case "skip": {
      const message = `${decision.reason.replace("-", " ")}: ${decision.blockedBy.join(", ")}`;
      await skipOccurrence(service, lock, entry, { schedule, signal, message });
      return "changed";
    }
    case "cancel-then-submit":
      for (const other of others.filter(({ value }) => decision.cancel.includes(value.id))) {
        if (other.value.state === "waiting") {
          await skipOccurrence(service, lock, other, { schedule, signal, message: `Replaced by ${occurrence.id}` });
        } else {
          const cancelling: StoredOccurrence = { ...other.value, state: "cancelling" };
          await schedulerStore.updateOccurrence(lock, other, cancelling, NO_NOTIFICATIONS);
        }
      }
      break;
    case "submit":
      break;
  }
  return await submit(service, lock, entry, { schedule, signal });
}

/** Skips an occurrence, unless a tick that died has stored its submission: that one is sent in any case. */
async function skipOccurrence(
  service: Service,
  lock: Lock,
  entry: Versioned<StoredOccurrence>,
  { schedule, signal, message }: {
    readonly schedule: Schedule;
    readonly signal: AbortSignal;
    readonly message: string;
  },
): Promise<void> {
  const submission = await findSubmission(service, schedule, entry.value, signal);
  if (submission === undefined) await finishOccurrence(service, lock, entry, { status: "skipped", message });
  // Its run will start, and is then cancelled.
  else await markSubmitted(service, lock, entry, { schedule, submission, state: "cancelling" });
}

async function submit(
  service: Service,
  lock: Lock,
  entry: Versioned<StoredOccurrence>,
  { schedule, signal }: { readonly schedule: Schedule; readonly signal: AbortSignal },
): Promise<SubmitStep> {
  const { deps } = service;
  const occurrence = entry.value;
  try {
    // A submission that a tick stored before it died is used, even if the inputs have changed since.
    const submission = await findSubmission(service, schedule, occurrence, signal) ??
      await createSubmission(deps, await requestOf(service, schedule, signal), {
        signal,
        isWaiting: false,
        idempotencyKey: { text: occurrence.id, policy: "attach" },
      });
    if (!await markSubmitted(service, lock, entry, { schedule, submission, state: "open" })) return "changed";
    if (submission.nextPollAtMs <= deps.clock.now()) await advanceOnce(service, submission, signal);
    return "submitted";
  } catch (error) {
    const canRetry = deps.clock.now() - occurrence.scheduledAtMs < PREPARE_TIMEOUT_MS;
    if (signal.aborted) {
      if (canRetry) throw error;
      await finishOccurrence(service, lock, entry, {
        status: "failed",
        message: "The platform did not respond in time for an hour",
      });
      return "changed";
    }
    if (!(error instanceof RunnerError) || error.kind === "storage") throw error;
    if (TRANSIENT.includes(error.kind) && canRetry && !(error.cause instanceof SubmissionTooLarge)) {
      deps.log("WARNING", `${occurrence.id} is not submitted yet: ${error.message}`);
      return "changed";
    }
    const details = error instanceof InvalidInputs
      ? error.problems.map(({ path, message }) => `${path} ${message}`)
      : [];
    await finishOccurrence(service, lock, entry, { status: "failed", message: [error.message, ...details].join("; ") });
    return "changed";
  }
}

async function markSubmitted(
  service: Service,
  lock: Lock,
  entry: Versioned<StoredOccurrence>,
  { schedule, submission, state }: {
    readonly schedule: Schedule;
    readonly submission: Submission;
    readonly state: "open" | "cancelling";
  },
): Promise<boolean> {
  const { deps, schedulerStore } = service;
  const occurrence = entry.value;
  const updated: StoredOccurrence = {
    ...occurrence,
    state,
    submissionId: submission.submissionId,
    submittedAtMs: deps.clock.now(),
  };
  const notifications = [
    notificationFor(service, occurrence, { kind: "submitted", slug: slugOf(submission), message: null }),
  ];
  return await schedulerStore.updateOccurrence(lock, entry, updated, notify(schedule, ...notifications));
}

/** The stored submission of an occurrence; `undefined` if there is none, or if it was rejected. */
async function findSubmission(
  { deps }: Service,
  { workflow }: Schedule,
  occurrence: StoredOccurrence,
  signal: AbortSignal,
): Promise<Submission | undefined> {
  const { user } = await deps.client.whoAmI({ signal });
  const owner = { host: deps.client.host, user };
  const submission = await deps.store.get(
    await correlationTagForKey({ owner, workflow, key: { text: occurrence.id, attempt: 1 } }),
  );
  return submission?.state === "rejected" ? undefined : submission;
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
    const problem = { origin: path, path: "", message: `cannot be read: ${reason}` };
    throw new InvalidInputs(`Cannot read ${path}`, [problem]);
  }
  const document = await readDocument(text, { origin: path, format: formatOf(path, text) });
  if (!("value" in document)) throw new InvalidInputs(`Cannot read ${path}`, document);
  return createInputLayer(path, document.value);
}

/** Sends the submission without waiting for the run: the next ticks poll it. */
async function advanceOnce({ deps }: Service, submission: Submission, signal: AbortSignal): Promise<void> {
  await advance(deps, [submission], advanceOptions(signal));
}

function openOccurrenceOf({ id, scheduledAtMs, state }: StoredOccurrence): OpenOccurrence {
  return { occurrenceId: id, scheduledAtMs, state: state === "finished" ? "open" : state };
}
