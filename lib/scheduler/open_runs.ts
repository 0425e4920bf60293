/** The runs of the service that are open: moves each on by one step, and cancels some. */

import { isOwnedBy, type Owner } from "../account.ts";
import { chunksOf } from "../chunks.ts";
import { expected, messageWithHint, RunnerError } from "../errors.ts";
import { canonicalJson } from "../json.ts";
import type { Client } from "../platform/client.ts";
import { advance, isDue } from "../runs/advance.ts";
import { inParallel } from "../in_parallel.ts";
import { cancelUnsent } from "../runs/cancel.ts";
import { redactingDeps } from "../runs/redacting.ts";
import { sharingPages } from "../runs/sharing_lists.ts";
import { openRowOf } from "../store/submission_rows.ts";
import type { ListedOpenRow } from "../store/run_store.ts";
import { isAbandoned, isOpen, type Submission } from "../submission.ts";
import { sha256 } from "../text.ts";
import { advanceOptions, POLL_INTERVAL, type TickContext } from "./service.ts";
import { jitterFractionOf } from "./occurrences.ts";
import { isOverdue, reportForeign } from "./report_occurrences.ts";
import { listReplaced, removeReplaced } from "./scheduler_store.ts";
import { prepareSchedule } from "./submit_occurrence.ts";

const MINUTE_MS = 60_000;
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;
const BATCH_SIZE = 250;
const BATCHES_AT_ONCE = 4;
/** Where schedules have more runs than a tick polls, so many of its polls are left for runs started over HTTP. */
const HTTP_SHARE = 0.2;

/**
 * Where there are more than a tick may poll, or than the signal leaves time for, the next ticks continue. Those of another
 * account, whose runs the API key can't read, are reported.
 *
 * @returns What is open now, without those of another account; the ids of those whose state is known as of now; how many
 * were polled.
 */
export async function pollOpen(
  context: TickContext,
  rows: readonly ListedOpenRow[],
  { owner, maxPolls }: { readonly owner: Owner; readonly maxPolls: number },
) {
  const { service: { deps }, signal } = context;
  const nowMs = deps.clock.now();
  const chosen = new Set(choose(rows, maxPolls, nowMs).map(({ id }) => id));
  const submissions = await deps.store.getMany([...chosen]);
  const own = submissions.filter((submission) => isOwnedBy(submission, owner));
  const due = own.filter((submission) => isDue(submission, nowMs));
  const latest = new Map(own.map((submission) => [submission.submissionId, submission]));
  // Each that lacks its inputs on its own, and last: preparing them may take as long as the tick.
  const batches = [
    ...chunksOf(due.filter((submission) => !lacksInputs(submission)), BATCH_SIZE),
    ...chunksOf(due.filter(lacksInputs), 1),
  ];
  let count = 0;
  const clientOf = sharingPages(deps.client);
  const advanceOnce = async (client: Client, batch: readonly Submission[]) => {
    if (signal.aborted) return [];
    const results = await advance({ ...deps, client }, batch, advanceOptions(signal)).catch((error: unknown) => {
      if (!signal.aborted || error !== signal.reason) throw error;
      return [];
    });
    for (const { submission } of results) latest.set(submission.submissionId, submission);
    return results;
  };
  await inParallel(batches, BATCHES_AT_ONCE, async (batch) => {
    const client = clientOf();
    const [first] = batch;
    let left = first !== undefined && lacksInputs(first) ? await withSecrets(context, first) : batch;
    for (let step = 0; step < MAX_STEPS && left.length > 0; step++) {
      const results = await advanceOnce(client, left);
      if (step === 0) count += results.length;
      left = results.flatMap(({ submission, error }, index) =>
        error === undefined && left[index]?.state === "unconfirmed" ? nextStep(submission, deps.clock.now()) : []
      );
    }
  });
  const open = rows.flatMap((row): ListedOpenRow[] => {
    if (!chosen.has(row.id)) return [row];
    const submission = latest.get(row.id);
    return submission === undefined || !isOpen(submission) ? [] : [{ ...row, ...openRowOf(submission) }];
  }).filter(({ state }) => state !== "abandoned");
  for (const submission of submissions) {
    if (!isOwnedBy(submission, owner)) await reportForeign(context, submission);
  }
  // Not where the search for a run goes on, where a poll failed, and where the platform asks not to be polled.
  const known = [...latest.values()].filter((one) =>
    one.state === "active" && one.lastPolledAtMs >= nowMs - POLL_INTERVAL.maxPollIntervalMs
  );
  return { open, known: known.map(({ submissionId }) => submissionId), count };
}

/** Inputs with secrets are not stored. */
function lacksInputs({ state, request }: Submission): boolean {
  return state === "pending" && request.inputs === null;
}

/**
 * Those of a schedule are prepared again. Without its inputs a submission would be rejected: it waits for the platform, for
 * a process whose schedule has the same ones, or for the request that is about to send it.
 */
async function withSecrets({ service, schedules, signal }: TickContext, submission: Submission) {
  const { request, origin, createdAtMs } = submission;
  const schedule = origin.type === "schedule" ? schedules.get(origin.schedule) : undefined;
  const prepared = schedule && await prepareSchedule(service, schedule, signal).catch((error: unknown) => {
    if (!signal.aborted || error !== signal.reason) expected(RunnerError)(error);
    return undefined;
  });
  if (prepared !== undefined && await sha256(canonicalJson(prepared.inputs)) === request.inputsHash) {
    return [{ ...submission, request: { ...request, inputs: prepared.inputs } }];
  }
  const waitMs = origin.type === "schedule" ? advanceOptions(signal).submitTimeoutMs : MINUTE_MS;
  return service.deps.clock.now() - createdAtMs < waitMs ? [] : [submission];
}

/** Of a submission that a process left when it ended: the search begins, finds its run, and shows that the run has ended. */
const MAX_STEPS = 3;

/** What else can be done at once for a submission that was unconfirmed; nothing for most. */
function nextStep(submission: Submission, nowMs: number): readonly Submission[] {
  if (submission.state === "active" && submission.run.status !== "running") {
    return [{ ...submission, nextPollAtMs: nowMs }];
  }
  // One that was given up would be searched for anew.
  return submission.state === "unconfirmed" && !isAbandoned(submission) && isDue(submission, nowMs) ? [submission] : [];
}

/** Those of schedules first, and of each kind what may not run yet. */
function choose(open: readonly ListedOpenRow[], maxPolls: number, nowMs: number): readonly ListedOpenRow[] {
  const inOrder = (rows: readonly ListedOpenRow[]) =>
    byPollTime(rows, nowMs).toSorted((a, b) => Number(b.state === "starting") - Number(a.state === "starting"));
  const ofSchedules = inOrder(open.filter(({ occurrence }) => occurrence !== null));
  const ofHttp = inOrder(open.filter(({ occurrence }) => occurrence === null));
  const reserved = Math.min(ofHttp.length, Math.floor(maxPolls * HTTP_SHARE));
  return [...ofSchedules.slice(0, maxPolls - reserved), ...ofHttp].slice(0, maxPolls);
}

/**
 * Every row has its place on a circle, and each minute begins at another place: multiples of the golden ratio leave no gap
 * open for long. Nothing is stored for it, since a poll that shows nothing new isn't either, and it does not depend on how
 * many rows there are. Another one is first each time, so that a poll without a response does not always delay the same.
 */
function byPollTime(rows: readonly ListedOpenRow[], nowMs: number): readonly ListedOpenRow[] {
  const start = Math.floor(nowMs / MINUTE_MS) * GOLDEN_RATIO % 1;
  return rows.map((row) => ({ row, distance: (jitterFractionOf(row.id) - start + 1) % 1 }))
    .sort((one, other) => one.distance - other.distance).map(({ row }) => row);
}

const CANCELS_AT_ONCE = 8;
/** Of all cancels in a tick: a request without a response must not keep notifications from being sent. */
const CANCEL_TIMEOUT_MS = 5_000;

/**
 * Cancels runs of schedules: past their deadline, or replaced by a later occurrence. Requested again by each tick until the
 * run shows that it is canceling, or has ended. What has not been sent is never sent.
 */
export async function cancelRuns(
  { service: { deps, kv }, schedules, lock, signal }: TickContext,
  open: readonly ListedOpenRow[],
): Promise<void> {
  const replaced = new Set(await listReplaced(kv));
  const nowMs = deps.clock.now();
  const ids = open.filter(({ id, state, occurrence, createdAtMs }) => {
    // A suite cancels the runs of its cases itself.
    if (state === "canceling" || occurrence?.isSuite) return false;
    const schedule = schedules.get(occurrence?.schedule ?? "");
    return replaced.has(id) || (schedule?.onDeadline === "cancel" && isOverdue(schedule, createdAtMs, nowMs));
  }).map(({ id }) => id);
  for (const { id } of open) replaced.delete(id);
  await removeReplaced(kv, lock, replaced);
  if (ids.length === 0) return;
  using deadline = deps.clock.timeout(CANCEL_TIMEOUT_MS);
  const either = AbortSignal.any([signal, deadline.signal]);
  await inParallel(await deps.store.getMany(ids), CANCELS_AT_ONCE, async (found) => {
    if (either.aborted) return;
    try {
      const submission = await cancelUnsent(deps, found);
      if (submission.state !== "active") return;
      await redactingDeps(deps, submission).client.cancelRun(submission.runId, { signal: either });
    } catch (error) {
      if (!(error instanceof RunnerError) && (!either.aborted || error !== either.reason)) throw error;
      deps.log("WARNING", messageWithHint(error));
    }
  });
}
