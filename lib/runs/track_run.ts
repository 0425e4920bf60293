import { StorageError } from "../errors.ts";
import { findSecrets } from "../inputs/secrets.ts";
import { memoryRunStore } from "../store/memory_kv.ts";
import { isOpen } from "../submission.ts";
import type { RunEvent } from "../events.ts";
import type { RunResult } from "../result.ts";
import type { RunDetail, RunId } from "../run.ts";
import type { ActiveSubmission, Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { withoutSecretsOf } from "./redacting.ts";
import { executeOptions, type TrackOptions } from "./options.ts";
import { pollDelayMs } from "./poll_interval.ts";
import { isSession, trackSubmission } from "./track.ts";
import { recordObservation } from "./advance_result.ts";
import { runIdOf } from "./view.ts";

/**
 * Tracks an existing run, including one that was started elsewhere.
 *
 * @param given Default: DEFAULT_TRACK, and no signal.
 * @throws NotFound and the client's other errors when the first read of the run fails; the signal's reason.
 */
export async function* trackRun(
  deps: Deps,
  runId: RunId,
  given: Partial<TrackOptions> = {},
): AsyncGenerator<RunEvent, RunResult> {
  const options = executeOptions(given);
  const run = await deps.client.getRun(runId, options);
  const stored = await storedSubmissionOf(deps, run, options);
  // Runs that were started elsewhere do not belong in the local history.
  const trackDeps: Deps = stored === undefined ? { ...deps, store: memoryRunStore() } : deps;
  return yield* trackSubmission(trackDeps, stored ?? submissionOf(run, deps), {
    ...options,
    submitTimeoutMs: 0,
    submitted: "no",
    history: deps.store,
  });
}

/** The unfinished submission in the local history that started this run. */
async function storedSubmissionOf(
  deps: Deps,
  run: RunDetail,
  { pollInterval }: TrackOptions,
): Promise<Submission | undefined> {
  if (run.slug === null) return undefined;
  try {
    const submission = await deps.store.findRun({ host: deps.client.host, user: run.user }, run.slug);
    if (submission === undefined || !isOpen(submission)) return undefined;
    const pollAtMs = deps.clock.now() + pollDelayMs(0, pollInterval, deps.random);
    const runId = runIdOf(run, submission.request.workflow);
    return await recordObservation(deps, submission, {
      type: "polled",
      run: withoutSecretsOf(submission, run),
      runId,
      pollAtMs,
    });
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    deps.log("WARNING", error.message);
    return undefined;
  }
}

function submissionOf(run: RunDetail, { client, clock }: Deps): ActiveSubmission {
  const secretPaths = findSecrets(run.inputs ?? {}, { form: null, secretPaths: [] });
  const nowMs = clock.now();
  const workflow = run.workflowName ?? "";
  const createdAtMs = Date.parse(run.createdAt ?? "");
  const request = {
    workflow,
    workflowId: run.workflowId,
    inputs: null,
    inputsHash: "",
    inputsWithoutSecrets: null,
    secretPaths,
    publicValues: [],
    displayName: run.displayName,
    requestedConsent: null,
    isTrusted: false,
    startsSession: isSession(run),
  };
  return {
    state: "active",
    submissionId: run.slug ?? `${workflow}#${run.number}`,
    revision: 0,
    owner: { host: client.host, user: run.user },
    origin: { type: "command-line" },
    request,
    idempotencyKey: null,
    ownSlug: null,
    correlationTag: "",
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    nextPollAtMs: nowMs,
    runId: runIdOf(run, workflow),
    run: withoutSecretsOf({ request }, run),
    startedAtMs: Number.isFinite(createdAtMs) ? Math.min(createdAtMs, nowMs) : nowMs,
    lastPolledAtMs: nowMs,
    unreachableSinceMs: null,
    missingSinceMs: null,
    missingPolls: 0,
    failingSinceMs: null,
    isDetached: false,
  };
}
