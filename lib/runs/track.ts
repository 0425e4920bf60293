import type { RunEvent } from "../events.ts";
import type { RunResult, Submitted } from "../result.ts";
import { formatRunId } from "../run.ts";
import type { ActiveSubmission, Submission, UnconfirmedSubmission } from "../submission.ts";
import { advanceOne } from "./advance.ts";
import { createJumpDetector, moveInstants, withoutFuture } from "./clock_jump.ts";
import type { Deps } from "./deps.ts";
import { refusesDuplicates } from "./server_capabilities.ts";
import { mayHaveDuplicates } from "./duplicates.ts";
import { requestLimit } from "./limit.ts";
import type { ExecuteOptions, TrackOptions } from "./options.ts";
import { statusEvent } from "./poll.ts";
import type { RunStore } from "../store/run_store.ts";
import { type Experience, recordObservation } from "./advance_result.ts";
import { isSession, resultAfter, timeoutResult } from "./track_result.ts";
import { toRunResult } from "./view.ts";

/** Reading what earlier runs took must not delay the first poll for long. */
const MAX_HISTORY_MS = 2_000;

interface HistoryOption {
  /** Where earlier runs are. Default: the run store. */
  readonly history?: RunStore | undefined;
}

/**
 * Advances a submission until its run has ended or waiting stops.
 *
 * @param options `submitted` is reported in results; by default `yes` for a submission that this call sends.
 * @throws What prevented the submission from starting a run; the signal's reason.
 */
export async function* trackSubmission(
  deps: Deps,
  start: Submission,
  options: ExecuteOptions & { readonly submitted?: Submitted } & HistoryOption,
): AsyncGenerator<RunEvent, RunResult> {
  const { clock } = deps;
  const jumpSince = createJumpDetector(clock);
  let submitted = options.submitted ?? (start.state === "pending" ? "yes" : "no");
  let submission = withoutFuture(start, clock.now());
  // An outage that an earlier wait ended with does not shorten this one.
  if (submission.state === "active") submission = { ...submission, unreachableSinceMs: null };
  if (submission.state === "unconfirmed" && submission.reconciliation !== null) {
    submission = { ...submission, reconciliation: { ...submission.reconciliation, failingSinceMs: null } };
  }
  /** The end of the wait on the monotonic clock: setting the machine's clock does not move it. */
  let endMs: number | null = null;
  let refusedPolls = 0;
  let isLossReported = false;
  let experience: Experience | undefined;
  const started = (active: ActiveSubmission) => {
    const elapsedMs = start.state === "active" ? 0 : Math.max(0, clock.now() - active.startedAtMs);
    const { timeoutMs, isWaiting } = options;
    endMs = timeoutMs === null || !isWaiting ? null : clock.monotonic() - elapsedMs + timeoutMs;
    const deadlineAtMs = endMs === null ? null : Math.round(clock.now() + endMs - clock.monotonic());
    return startedEvent(active, { isAttached: submitted !== "yes", deadlineAtMs, nowMs: clock.now() });
  };
  if (submission.state === "active") {
    yield started(submission);
    experience = await experienceOf(deps, submission, options);
    if (await isDetachable(deps, submission, options)) {
      return await detach(deps, submission, submitted);
    }
  }
  while (true) {
    submission = moveInstants(submission, jumpSince());
    const waitMs = Math.min(submission.nextPollAtMs - clock.now(), (endMs ?? Infinity) - clock.monotonic());
    options.signal.throwIfAborted();
    // A timer takes 2 ms at least, which each submit would wait for.
    if (waitMs > 0) await clock.sleep(waitMs, { signal: options.signal });
    submission = moveInstants(submission, jumpSince());
    // It is due even if the clock was set back.
    const due = { ...submission, nextPollAtMs: Math.min(submission.nextPollAtMs, clock.now()) };
    const remainingMs = endMs === null ? null : Math.max(0, endMs - clock.monotonic());
    const { unreachableTimeoutMs } = options;
    const outageMs = hasOutage(due) ? clock.now() - due.unreachableSinceMs : 0;
    using limit = due.state === "active" || due.state === "unconfirmed"
      ? requestLimit(clock, { remainingMs, unreachableTimeoutMs, outageMs })
      : undefined;
    const step = {
      ...options,
      experience,
      limit: limit?.signal,
      deadlineAtMs: remainingMs === null ? undefined : clock.now() + remainingMs,
    };
    const advanced = await advanceOne(deps, due, step);
    const isLastPoll = endMs !== null && clock.monotonic() >= endMs;
    if (advanced.wasAdvancedElsewhere) submitted = "no";
    // One that is sent again may start its own run.
    if (submission.state === "unconfirmed" && advanced.submission.state === "active") {
      submitted = startedBy(submission, submitted);
    }
    const previousRun = submission.state === "active" ? formatRunId(submission.runId) : null;
    // Another process, whose clock may be ahead, may have written it.
    submission = moveInstants(withoutFuture(advanced.submission, clock.now()), jumpSince(), due);
    if (submission.state === "active" && formatRunId(submission.runId) !== previousRun) yield started(submission);
    for (const event of advanced.events) {
      if (event.type === "connection-lost" || event.type === "connection-restored") {
        const isLost = event.type === "connection-lost";
        // A server that was busy responded all the time.
        if (isLost === isLossReported) continue;
        isLossReported = isLost;
      }
      yield event;
    }
    // The server responded, but not with the run.
    if (isLossReported && hasOutage(due) && !hasOutage(submission)) {
      isLossReported = false;
      const atMs = clock.now();
      const outageMs = Math.max(0, atMs - due.unreachableSinceMs);
      yield { type: "connection-restored", submissionId: submission.submissionId, atMs, outageMs };
    }
    if (submission.state === "active" && previousRun === null) {
      experience = await experienceOf(deps, submission, options);
      submission = withFirstPoll(deps, submission, experience);
      // The first poll may be far: what is known is shown until then.
      if (experience !== undefined) {
        yield statusEvent({ deps, submission, options: { ...step, experience } }, submission.run);
      }
    }
    if (submission.state === "active" && await isDetachable(deps, submission, options)) {
      return await detach(deps, submission, submitted);
    }

    submission = moveInstants(submission, jumpSince());
    refusedPolls = advanced.error?.kind === "credential_refused" ? refusedPolls + 1 : 0;
    const resultOptions = { ...step, submitted, refusedPolls };
    const result = await resultAfter(deps, { ...advanced, submission }, resultOptions) ??
      (isLastPoll ? timeoutResult(submission, resultOptions) : undefined);
    if (result === undefined) continue;
    yield { type: "finished", submissionId: submission.submissionId, atMs: clock.now(), result };
    return result;
  }
}

/**
 * Estimates from earlier runs of the workflow. Read once the run has started, so that neither the start of the program nor the
 * submit takes longer.
 */
async function experienceOf(
  deps: Deps,
  submission: ActiveSubmission,
  { isWaiting, pollInterval, signal, history = deps.store }: TrackOptions & HistoryOption,
): Promise<Experience | undefined> {
  // A session is awaited, not the end of its run.
  const isForSession = submission.request.startsSession || isSession(submission.run);
  if (!isWaiting || pollInterval.isAdaptive !== true || isForSession) return undefined;
  const { loadExperience } = await import("./experience.ts");
  using limit = deps.clock.timeout(MAX_HISTORY_MS);
  return await loadExperience(deps, submission, { store: history, pollInterval, signal, limit: limit.signal });
}

/** Replaces the first poll, which was due before earlier runs were known. */
function withFirstPoll({ clock, random }: Deps, submission: ActiveSubmission, experience: Experience | undefined) {
  const nowMs = clock.now();
  if (experience === undefined || mayHaveDuplicates(submission, nowMs)) return submission;
  return { ...submission, nextPollAtMs: nowMs + experience.pollDelayMs(nowMs - submission.startedAtMs, random) };
}

/** When the server rejected a submit because its key already has a run, another client started that run. */
function startedBy(
  { idempotencyKey: key, reconciliation, lostResponses }: UnconfirmedSubmission,
  submitted: Submitted,
): Submitted {
  if (key === null || reconciliation === null || submitted === "no") return submitted;
  return lostResponses === 0 ? "no" : "unknown";
}

/** Without waiting, the result still names the run that remains. */
async function isDetachable(deps: Deps, submission: ActiveSubmission, { isWaiting }: Pick<TrackOptions, "isWaiting">) {
  if (isWaiting) return false;
  return !mayHaveDuplicates(submission, deps.clock.now()) || await refusesDuplicates(deps, submission.owner.host);
}

async function detach(deps: Deps, submission: ActiveSubmission, submitted: Submitted): Promise<RunResult> {
  const detached = await recordObservation(deps, submission, { type: "detached" });
  return toRunResult((detached.state === "active" ? detached : submission).run, { kind: "submitted", submitted });
}

function hasOutage(submission: Submission): submission is ActiveSubmission & { readonly unreachableSinceMs: number } {
  return submission.state === "active" && submission.unreachableSinceMs !== null;
}

export function startedEvent(
  { submissionId, run }: ActiveSubmission,
  { isAttached, deadlineAtMs, nowMs }: { isAttached: boolean; deadlineAtMs: number | null; nowMs: number },
): RunEvent {
  return {
    type: "started",
    submissionId,
    atMs: nowMs,
    workflow: run.workflowName,
    slug: run.slug,
    number: run.number,
    isAttached,
    deadlineAtMs,
  };
}
