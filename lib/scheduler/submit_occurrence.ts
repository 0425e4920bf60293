/** The submission of one occurrence: prepares its request, or finds what is wrong with it, stores it and sends it. */

import {
  type ErrorKind,
  expected,
  InvalidInputs,
  isTemporary,
  messageWithHint,
  NotFound,
  NotSubmitted,
  RunnerError,
} from "../errors.ts";
import { documentLayer } from "../inputs/layers.ts";
import { createInputLayer, type InputLayer } from "../inputs/merge.ts";
import { osErrorReason } from "../os_error.ts";
import type { Client } from "../platform/client.ts";
import { type Problem, problemText } from "../problem.ts";
import { newPending, NOT_SENT, putBeforeSending } from "../runs/create_submission.ts";
import type { InOrder } from "../in_parallel.ts";
import { ownerOf } from "../runs/find.ts";
import { prepare } from "../runs/prepare.ts";
import { submitPending } from "../runs/submit.ts";
import { WriteConflict } from "../store/run_store.ts";
import { SubmissionTooLarge } from "../store/submission_rows.ts";
import { isOpen, type PendingSubmission, type RunRequest, slugOf } from "../submission.ts";
import { type OpenOccurrence, originOf } from "./occurrences.ts";
import { rejectOccurrence, removeIfKnown, withoutRun } from "./report_occurrences.ts";
import type { Schedule } from "./schedule.ts";
import { addReplaced, keepFailing, waitingKey, type WaitingOccurrence } from "./scheduler_store.ts";
import { addNotified, advanceOptions, type PrepareParts, type Service, type TickContext } from "./service.ts";

const FAILING_TIMEOUT_MS = 60 * 60_000;

/** An occurrence is tried again for an hour: for lack of a connection, an accepted key, its schedule or the state of a run. */
export function mayRetryAt({ failingSinceMs }: WaitingOccurrence, nowMs: number): boolean {
  return nowMs - (failingSinceMs ?? nowMs) < FAILING_TIMEOUT_MS;
}

/**
 * What else may be different a minute later. `not_submitted`: the store would not take the submission; `credential_refused`:
 * by a server that restarts, or until the key is replaced.
 */
const MAY_PASS: readonly ErrorKind[] = ["bad_response", "conflict", "not_submitted", "credential_refused"];

/** What is open or waiting of one schedule, by occurrence. */
export type ScheduleState = Map<string, OpenOccurrence>;

export interface SubmitOptions {
  readonly schedule: Schedule;
  /** Changes with what happens to each occurrence. */
  readonly state: ScheduleState;
  /** The ids of those that this tick has submitted. */
  readonly sent: Set<string>;
  readonly inOrder: InOrder;
  /** The ids of submissions whose runs this one's replaces. */
  readonly replaced: readonly string[];
}

/** `waiting`: nothing was to be submitted now. */
export type SubmitOutcome = "submitted" | "waiting" | { readonly failure: string };

/** Submits an occurrence, unless it has to wait or is rejected. */
export async function submitOccurrence(
  context: TickContext,
  occurrence: WaitingOccurrence,
  options: SubmitOptions,
): Promise<SubmitOutcome> {
  const { schedule, state, sent, inOrder } = options;
  const { service: { deps }, signal } = context;
  const { id } = occurrence;
  const submission = await createOrReject(context, occurrence, options);
  if (submission === "waiting" || "failure" in submission) return submission;
  state.delete(id);
  state.set(id, { ...occurrence, state: "open" });
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
      const releasing = { ...deps, client: { ...deps.client, submit } };
      return await submitPending({ deps: releasing, submission, options: advanceOptions(signal) });
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
  occurrence: WaitingOccurrence,
  { schedule, state, replaced }: SubmitOptions,
): Promise<PendingSubmission | Exclude<SubmitOutcome, "submitted">> {
  const { service, lock, signal } = context;
  const { deps } = service;
  const { id } = occurrence;
  const reject = async (message: string) => {
    await rejectOccurrence(context, occurrence, { kind: "failed", message });
    state.delete(id);
    return { failure: message };
  };
  try {
    const pending = schedule.suite === null
      ? await newPending(deps, await prepareSchedule(service, schedule, signal), { signal, isWaiting: false })
      : await newSuite(service, schedule, schedule.suite, signal);
    const submission = { ...pending, submissionId: id, origin: originOf(occurrence, schedule) };
    return await putBeforeSending(deps, submission, (change, written) => {
      change.check(lock);
      change.delete(waitingKey(occurrence));
      for (const other of replaced) addReplaced(change, other);
      addNotified(context, change, occurrence, { kind: "submitted", slug: slugOf(written), message: null });
    });
  } catch (error) {
    if (error instanceof WriteConflict) {
      // Otherwise this tick lost its lock.
      await removeIfKnown(context, occurrence);
      return "waiting";
    }
    const nowMs = deps.clock.now();
    const isEarly = mayRetryAt(occurrence, nowMs);
    if (signal.aborted && error === signal.reason) {
      // The end of the process is no fault of the platform.
      const isFault = signal.reason.name === "TimeoutError";
      if (isFault && isEarly) await keepFailing(service.kv, lock, occurrence, nowMs);
      if (isEarly || !isFault) throw error;
      return await reject("The platform did not respond in time for an hour");
    }
    if (!(error instanceof RunnerError) || error.kind === "storage") throw error;
    const mayRetry = isEarly && !(error.cause instanceof SubmissionTooLarge);
    if (mayRetry && (isTemporary(error) || MAY_PASS.includes(error.kind) || await isServerLost(deps.client, signal))) {
      await keepFailing(service.kv, lock, occurrence, nowMs);
      deps.log("WARNING", `${id} was not submitted yet: ${error.message}`);
      return { failure: error.message };
    }
    const problems = error instanceof InvalidInputs ? error.problems.map(problemText) : [];
    return await reject([error.message, ...problems].join("; "));
  }
}

/** A proxy that has lost the server answers 404 to everything, as for a workflow that does not exist. */
async function isServerLost(client: Client, signal: AbortSignal): Promise<boolean> {
  const list = await client.listRuns({ limit: 1, signal, retry: "none" }).catch(expected(RunnerError));
  return list instanceof RunnerError;
}

/** @throws InvalidInputs and the other errors of `prepare`. */
export async function prepareSchedule(
  { deps, readTextFile }: Pick<PrepareParts, "deps" | "readTextFile">,
  { name, workflow, preset, inputsFile, inputs, displayName, isTrusted }: Schedule,
  signal: AbortSignal,
): Promise<RunRequest> {
  const layers = [
    ...(inputsFile === null ? [] : [await fileLayer(readTextFile, inputsFile)]),
    createInputLayer(`schedule ${name}`, inputs),
  ];
  const spec = { workflow, layers, preset, displayName: displayName ?? name, isTrusted, checking: "lenient" } as const;
  return (await prepare(deps, spec, { signal })).request;
}

/** Nothing of it is ever sent itself. @throws InvalidInputs with the mistakes in its file; the client's errors. */
async function newSuite(service: Service, schedule: Schedule, path: string, signal: AbortSignal) {
  await (await import("./advance_suites.ts")).checkSuite(service, path, signal);
  return { ...withoutRun(service, schedule), ...NOT_SENT, owner: await ownerOf(service.deps, signal) };
}

/**
 * What would reject the next occurrence of a schedule: a missing workflow, inputs that its form does not accept,
 * mistakes in a suite file.
 *
 * @throws The client's errors, which are unrelated to the schedule.
 */
export async function scheduleProblems(
  parts: PrepareParts,
  schedule: Schedule,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  try {
    if (schedule.suite === null) await prepareSchedule(parts, schedule, signal);
    else await (await import("./advance_suites.ts")).checkSuite(parts, schedule.suite, signal);
    return [];
  } catch (error) {
    const isMissing = error instanceof NotFound;
    if (!isMissing && !(error instanceof InvalidInputs)) throw error;
    // A proxy that has lost the server answers 404 to everything: this throws.
    if (isMissing || schedule.suite !== null) await parts.deps.client.listRuns({ limit: 1, signal, retry: "none" });
    return isMissing ? [{ origin: "", path: "workflow", message: messageWithHint(error) }] : error.problems;
  }
}

async function fileLayer(readTextFile: PrepareParts["readTextFile"], path: string): Promise<InputLayer> {
  const text = await readTextFile(path).catch((error: unknown) => {
    const reason = osErrorReason(error) ?? messageWithHint(error);
    throw new InvalidInputs(`Cannot read ${path}`, [{ origin: path, path: "", message: `cannot be read: ${reason}` }]);
  });
  return await documentLayer(text, path);
}
