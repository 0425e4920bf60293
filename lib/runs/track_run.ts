import { findSecrets } from "../inputs/secrets.ts";
import { memoryRunStore } from "../store/memory_kv.ts";
import { type ActiveSubmission, isOpen, type OpenSubmission, type Submission } from "../submission.ts";
import { newSubmission, NO_REQUEST } from "./create_submission.ts";
import type { RunEvent } from "../events.ts";
import type { RunResult } from "../result.ts";
import { formatRunId, type RunDetail, type RunId, runIdOf } from "../run.ts";
import type { Deps } from "./deps.ts";
import { findOwn, redactedFailure, withoutSecretsOf } from "./redacting.ts";
import { withinTimeout } from "./limit.ts";
import { executeOptions, type Given, type TrackOptions } from "./options.ts";
import { trackSubmission } from "./track.ts";
import { isSession } from "./track_result.ts";
import { activateSubmission } from "./reconcile.ts";
import { classify, creationMs } from "./search.ts";
import { activated } from "./transition.ts";

/**
 * Tracks an existing run, including one that was started elsewhere.
 *
 * @param given Default: DEFAULT_TRACK, and no signal.
 * @throws NotFound and the client's other errors when the first read of the run fails, TimedOut when it outlasts the timeout;
 * the signal's reason; RangeError for an option that is not a time; TypeError for what is no run or signal.
 */
export async function* trackRun(
  deps: Deps,
  runId: RunId,
  given: Given<TrackOptions> = {},
): AsyncGenerator<RunEvent, RunResult> {
  const options = executeOptions(given);
  const run = await readFirst(deps, runId, options);
  const own = await findOwn(deps, runIdOf(run), run.user);
  // Another machine may have started it with the same idempotency key and other inputs.
  const isOurs = async (own: OpenSubmission) => (await classify(deps, run, own, options)).type === "ours";
  if (own === undefined || !isOpen(own) || (own.state !== "active" && !await isOurs(own))) {
    // Runs that were started elsewhere do not belong in the local history.
    return yield* trackSubmission({ ...deps, store: memoryRunStore() }, submissionOf(run, deps, own), {
      ...options,
      ...TRACK_ONLY,
      history: deps.store,
    });
  }
  const submission = await activateSubmission({ deps, submission: own, options }, withoutSecretsOf(own, run));
  return yield* trackSubmission(deps, submission, { ...options, ...TRACK_ONLY });
}

const TRACK_ONLY = { submitTimeoutMs: 0, submitted: "no" } as const;

async function readFirst(deps: Deps, runId: RunId, options: TrackOptions): Promise<RunDetail> {
  const action = `read run ${formatRunId(runId)}`;
  try {
    return await withinTimeout(deps.clock, options, action, (signal) => deps.client.getRun(runId, { signal }));
  } catch (error) {
    const own = await findOwn(deps, runId);
    throw own === undefined ? error : redactedFailure(own, error);
  }
}

/** @param own The submission in the local history that has started the run and ended. */
function submissionOf(run: RunDetail, { client, clock }: Deps, own: Submission | undefined): ActiveSubmission {
  const secretPaths = findSecrets(run.inputs ?? {}, { form: null, secretPaths: own?.request.secretPaths ?? [] });
  const nowMs = clock.now();
  const workflow = run.workflowName ?? "";
  const request = {
    ...NO_REQUEST,
    workflow,
    workflowId: run.workflowId,
    secretPaths,
    publicValues: own?.request.publicValues ?? [],
    displayName: run.displayName,
    startsSession: isSession(run),
  };
  const submission = {
    ...newSubmission(request, { host: client.host, user: run.user }, nowMs),
    submissionId: own?.submissionId ?? run.slug ?? `${workflow}#${run.number}`,
    origin: { type: "command-line" },
  } as const;
  const shown = { run: withoutSecretsOf({ request }, run), runId: runIdOf(run, workflow), pollAtMs: nowMs };
  return {
    ...activated(submission, shown, nowMs),
    startedAtMs: Math.min(creationMs(run) || nowMs, nowMs),
    // The first poll sees it.
    failingSinceMs: null,
  };
}
