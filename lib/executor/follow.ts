/** Takes up a run that exists, whoever started it. */

import { StorageError } from "../errors.ts";
import { isOpen } from "../ledger/ledger.ts";
import { memoryLedger } from "../ledger/memory.ts";
import type { RunDetail, RunEvent, RunHandle, RunRecord, RunResult, SeenRecord } from "../model.ts";
import type { Deps } from "./deps.ts";
import type { FollowOptions } from "./execute.ts";
import { lookDelayMs } from "./pace.ts";
import { isSession, pursue } from "./pursue.ts";
import { learn } from "./turn.ts";
import { handleOf } from "./view.ts";

/**
 * Follows a run that exists, whoever started it.
 *
 * @throws NotFound and what else the client throws when the run can't be read at first; the signal's reason.
 */
export async function* follow(
  deps: Deps,
  handle: RunHandle,
  options: FollowOptions,
): AsyncGenerator<RunEvent, RunResult> {
  const run = await deps.client.getRun(handle, options);
  const known = await recordOfRun(deps, run, options);
  // What others started is not ours to remember.
  const watching: Deps = known === undefined ? { ...deps, ledger: memoryLedger() } : deps;
  return yield* pursue(watching, known ?? recordOf(run, deps), { ...options, submitTimeoutMs: 0, submitted: "no" });
}

/** What this machine remembers of a run that it started itself, as long as its end was not seen. */
async function recordOfRun(deps: Deps, run: RunDetail, { pace }: FollowOptions): Promise<RunRecord | undefined> {
  if (run.slug === null) return undefined;
  try {
    const record = await deps.ledger.findRun({ host: deps.client.host, user: run.user }, run.slug);
    if (record === undefined || !isOpen(record)) return undefined;
    const lookAtMs = deps.clock.now() + lookDelayMs(0, pace, deps.random);
    const handle = handleOf(run, record.request.workflow);
    return await learn(deps, record, { type: "looked", run, handle, lookAtMs });
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    deps.log("WARNING", error.message);
    return undefined;
  }
}

function recordOf(run: RunDetail, { client, clock }: Deps): SeenRecord {
  const nowMs = clock.now();
  const workflow = run.workflowName ?? "";
  const createdAtMs = Date.parse(run.createdAt ?? "");
  return {
    state: "seen",
    wishId: run.slug ?? `${workflow}#${run.number}`,
    revision: 0,
    owner: { host: client.host, user: run.user },
    request: {
      workflow,
      workflowId: run.workflowId,
      inputs: null,
      inputsHash: "",
      openInputs: null,
      secretPaths: [],
      displayName: run.displayName,
      asksFor: null,
      isTrusted: false,
      startsSession: isSession(run),
    },
    key: null,
    ownSlug: null,
    marker: "",
    intendedAtMs: nowMs,
    updatedAtMs: nowMs,
    dueAtMs: nowMs,
    handle: handleOf(run, workflow),
    run,
    startedAtMs: Number.isFinite(createdAtMs) ? Math.min(createdAtMs, nowMs) : nowMs,
    seenAtMs: nowMs,
    lostSinceMs: null,
    missingSinceMs: null,
    missingLooks: 0,
    failingSinceMs: null,
    isLeft: false,
  };
}
