/** What ends the wait for a run, and the result with the reason. */

import { formatExactDuration } from "../duration.ts";
import { fallbackTo, IdempotencyKeyConflict, NotSubmitted, Rejected, type RunnerError } from "../errors.ts";
import type { RunResult } from "../result.ts";
import { formatRunId, type Run, type RunDetail } from "../run.ts";
import type { RunSession } from "../session.ts";
import {
  type ActiveSubmission,
  isAbandoned,
  type RejectedSubmission,
  type Submission,
  type UnconfirmedSubmission,
} from "../submission.ts";
import type { AdvanceResult } from "./advance_result.ts";
import type { Deps } from "./deps.ts";
import { type Limited, withLimit } from "./limit.ts";
import type { ExecuteOptions } from "./options.ts";
import { resultWithoutRun, toRunResult } from "./view.ts";

/** A proxy or a restarting server may refuse a valid key once: only this many polls in a row mean that it has expired. */
const MIN_REFUSED_POLLS = 2;

type ResultOptions = ExecuteOptions & Pick<RunResult, "submitted"> & {
  /** Polls in a row, up to now, in which the server refused the API key. */
  readonly refusedPolls: number;
};

/** The result after a step, if it is final. Throws what prevented the submission from starting a run. */
export async function resultAfter(
  deps: Deps,
  { submission, error }: AdvanceResult,
  options: ResultOptions & Limited,
): Promise<RunResult | undefined> {
  if (submission.state === "active") {
    return await sessionResult(deps, submission, options) ?? connectionResult(deps, submission, error, options);
  }
  if (submission.state === "rejected") throw error ?? rejectionOf(submission);
  if (submission.state === "finished") {
    if (error instanceof IdempotencyKeyConflict) throw error;
    // The stored result may come from another call.
    return { ...submission.result, submitted: options.submitted };
  }
  if (submission.state === "pending" || !isAbandoned(submission)) return undefined;
  return unknownOutcome(submission);
}

/** The error of a submission that another process saw rejected. */
export function rejectionOf({ kind, message }: RejectedSubmission): RunnerError {
  return kind === "not_submitted" ? new NotSubmitted(message) : new Rejected(message);
}

/** The result of a run whose session is awaited, and ready. */
export async function sessionResult(
  deps: Deps,
  { run, request }: ActiveSubmission,
  options: Pick<RunResult, "submitted"> & Limited,
): Promise<RunResult | undefined> {
  const isAwaited = request.startsSession || isSession(run);
  if (!isAwaited || run.status !== "running") return undefined;
  const session = await findReadySession(deps, run, options);
  const { submitted } = options;
  const message = "The session is still running";
  return session && toRunResult(run, { kind: "session_ready", submitted, session, message });
}

export function isSession(run: Run | RunDetail): boolean {
  return "redirect" in run && run.redirect?.kind === "session";
}

/** The result when tracking must stop although the run is still running. */
function connectionResult(
  { clock }: Deps,
  submission: ActiveSubmission,
  error: AdvanceResult["error"],
  { unreachableTimeoutMs, submitted, refusedPolls }: ResultOptions,
): RunResult | undefined {
  const name = formatRunId(submission.runId);
  const facts = { status: "unknown", submitted } as const;
  if (error !== undefined && refusedPolls >= MIN_REFUSED_POLLS) {
    const message = `${error.message}. Run ${name} is still running`;
    return toRunResult(submission.run, { ...facts, kind: "credential_expired", message });
  }
  const isLost = submission.unreachableSinceMs !== null && unreachableTimeoutMs !== null &&
    clock.now() - submission.unreachableSinceMs >= unreachableTimeoutMs;
  if (!isLost) return undefined;
  const message = `${error?.message ?? "The server does not respond"}. Run ${name} is still running`;
  return toRunResult(submission.run, { ...facts, kind: "connection_lost", message });
}

export function unknownOutcome({ request: { workflow }, ownSlug, reconciliation }: UnconfirmedSubmission): RunResult {
  const where = ownSlug === null ? `the runs of ${workflow} on the platform` : `for run ${ownSlug}`;
  return resultWithoutRun(
    workflow,
    ownSlug,
    `Outcome unknown: a run may have been started (${reconciliation?.detail}); check ${where} before submitting again`,
  );
}

export function timeoutResult(submission: Submission, { timeoutMs, submitted }: ResultOptions): RunResult | undefined {
  if (submission.state !== "active") return undefined;
  const message = `Run ${formatRunId(submission.runId)} is still running: stopped waiting after ${
    formatExactDuration(timeoutMs ?? 0)
  }`;
  return toRunResult(submission.run, { kind: "timeout", status: "timeout", submitted, message });
}

/**
 * The run's session, once it is running and healthy: before that its link leads to an error page. `undefined` as well
 * when the sessions cannot be listed.
 */
export async function findReadySession(deps: Pick<Deps, "client">, run: Run, limited: Limited) {
  for (const { name, status, isHealthy, url } of await findSessions(deps, run, limited)) {
    if (status === "running" && isHealthy === true && url !== null) return { name, url };
  }
  return undefined;
}

/** The sessions that a run started; empty as well when they cannot be listed. */
export async function findSessions(
  { client }: Pick<Deps, "client">,
  { slug }: Run,
  limited: Limited,
): Promise<readonly RunSession[]> {
  if (slug === null) return [];
  const sessions = await withLimit(limited, "list sessions", async (signal) => {
    return await client.listSessions({ signal, retry: "none" });
  }).catch(fallbackTo([]));
  const own = sessions.filter(({ runSlug }) => runSlug === slug);
  return own.map(({ name, status, isHealthy, errorMessage, ...session }) => {
    const address = session.externalHref ?? session.url;
    const url = address === null ? null : URL.parse(address, client.baseUrl)?.href ?? address;
    return { name, status, isHealthy, url, errorMessage };
  });
}
