/** Runs a batch from its rows to its results. */

import { cachingClient, type CheckOptions, checkRows, distinctWarnings, prepareRow } from "../../batches/check_rows.ts";
import { parseRowNumbers } from "../../batches/row_numbers.ts";
import { planBatch, storedRows } from "../../batches/plan_batch.ts";
import type { RowDeps, RowsRead } from "../../batches/read_rows.ts";
import { readForm } from "../../inputs/read_form.ts";
import { findWorkflow, ownerOf } from "../../runs/find.ts";
import { expected, InvalidInputs, messageWithHint, orError, UsageError } from "../../errors.ts";
import { counted } from "../../text.ts";
import { batch } from "../../runs/batch.ts";
import type { BatchOutcome, BatchTask } from "../../runs/batch_task.ts";
import { recordSeen } from "../../runs/advance_result.ts";
import { cancelRun } from "../../runs/cancel.ts";
import { toEnd } from "../../runs/execute.ts";
import { DEFAULT_EXECUTE, type TrackOptions } from "../../runs/options.ts";
import { DEFAULT_RETRY_DELAY_MS, type RetryPolicy } from "../../runs/retry_policy.ts";
import { programCommand } from "../../shell_command.ts";
import type { StoredBatch } from "../../store/batch_store.ts";
import { searchText } from "../../suites/search.ts";
import { inputChecking, showWarnings } from "../input_options.ts";
import { type OpenedCall, refuseOptions } from "../command.ts";
import { Stopped } from "../context.ts";
import { openDeps } from "../open.ts";
import { checkReplaceableFiles, refuseSameFile, writing } from "../output_file.ts";
import { waitOptions } from "../tracking/wait_options.ts";
import { finishBatch, howToContinue, type RanBatch } from "./answer.ts";
import { openJobs } from "./jobs.ts";
import { type BatchCall, type BatchValues, CANARY, DEFAULT_REQUESTS_PER_MINUTE, maxFailuresOf } from "./options.ts";
import { cancellableRun, createRowStates, type RowState } from "./row_states.ts";
import { answerPlan, confirmMany, reportPlan } from "./show_plan.ts";
import { viewBatch } from "./view_batch.ts";

/**
 * Reads, checks and plans the rows, submits what is to be submitted, tracks it, and prints the results.
 *
 * @param readRows Called once there is a client to read forms with.
 * @returns The exit code.
 */
export async function runBatch(call: BatchCall, readRows: ReadRows): Promise<number> {
  const retry = retryPolicyOf(call);
  const wait = waitOptions(call.values, call, null);
  if (call.values.rerun === undefined) refuseOptions(call.values, ["cancelRunning"], { reason: "without --rerun" });
  const { csv, jsonl, log, report } = call.values;
  refuseSameFile([csv, jsonl, log, report], "outputs");
  await checkReplaceableFiles(call.context, [csv, jsonl, report]);
  if (log !== undefined) await writing(log, async () => call.context.appendFile(log, ""));
  await using opened = await openDeps(call, "required");
  const own = { ...call, deps: { ...opened, client: cachingClient(opened.client) } };
  const ready = await prepareBatch(own, readRows, { retry, timeoutMs: wait.timeoutMs });
  if (typeof ready === "number") return ready;
  const ran = await track(own, { ...ready, retry, wait });
  reportFoundRuns(call, ready, ran.outcome);
  return await finishBatch(own, { ...ready, ...ran });
}

/** @throws UsageError for a pattern that is not valid, and for one without retries. */
function retryPolicyOf({ output, values }: BatchCall): RetryPolicy {
  const { retries = 0, retryOn = "infra" } = values;
  if (retries === 0) refuseOptions(values, ["retryOn"], { reason: "without --retries" });
  const policy = { maxRetries: retries, delayMs: DEFAULT_RETRY_DELAY_MS };
  if (retryOn === "infra" || retryOn === "any") return { ...policy, on: retryOn };
  const regex = orError(SyntaxError, () => new RegExp(retryOn, "i"));
  if (regex instanceof Error) {
    throw new UsageError(`Cannot use --retry-on ${retryOn}: not a valid regular expression`, { cause: regex });
  }
  const test = (error: string) => {
    const match = searchText(regex, error);
    if (match === undefined) {
      output.log("WARNING", `--retry-on ${retryOn} takes too long for an error: not retried. Simplify the pattern`);
    }
    return Array.isArray(match);
  };
  return { ...policy, on: { test } };
}

/** The hint is for rows with problems. */
type ReadRows = (deps: Pick<RowDeps, "formOf">) => Promise<RowsRead & { readonly hint?: string | undefined }>;

/** What is kept while the runs run: of thousands of rows, their plan is not. */
interface ReadyBatch extends Pick<RanBatch, "batch" | "rows" | "states" | "onlyRows"> {
  readonly tasks: readonly BatchTask[];
  /** A row has succeeded, and no more are wanted: runs are only tracked. */
  readonly hasEnough: boolean;
}

/** @returns The exit code when nothing is to be submitted. */
async function prepareBatch(
  call: OpenedCall<BatchValues>,
  readRows: ReadRows,
  { retry, timeoutMs }: Pick<TrackOptions, "timeoutMs"> & { readonly retry: RetryPolicy },
): Promise<ReadyBatch | number> {
  const { deps, output, values, signal } = call;
  const read = await readRows({
    formOf: async (workflow) => readForm((await findWorkflow(deps, workflow, { signal })).yaml),
  });
  if (read.problems.length > 0) {
    const problems = counted(read.problems.length, "problem");
    const { hint } = read;
    throw new InvalidInputs(`Cannot run the batch: ${problems}, nothing was submitted`, read.problems, { hint });
  }
  const name = values.name ?? read.name;
  if (name === null) {
    throw new UsageError("Cannot name this batch: its rows do not come from a file", { hint: "Name it: --name TEXT" });
  }
  if (read.rows.length === 0) throw new UsageError(`Cannot run ${name}: it has no rows`);
  const onlyRows = values.rows === undefined ? null : parseRowNumbers(values.rows);
  if (onlyRows !== null && [...onlyRows].some((row) => row > read.rows.length)) {
    throw new UsageError(`Cannot use --rows ${values.rows}: ${name} has ${counted(read.rows.length, "row")}`);
  }
  const check: CheckOptions = {
    checking: inputChecking(values),
    isTrusted: values.trust === true,
    sendsDefaults: values.noDefaults !== true,
    signal,
  };
  const checked = await checkRows(deps, name, read.rows, check);
  output.redact([...new Set(checked.flatMap(({ secrets }) => secrets))]);
  await showWarnings(output, distinctWarnings(checked, "row"));
  const owner = await ownerOf(deps, signal);
  const plan = await planBatch(deps.store, { name, owner, rows: checked }, {
    rerun: values.rerun ?? [],
    rows: onlyRows,
    cancelsRunning: values.cancelRunning === true,
    retry,
    isOneEnough: values.until === "any",
  });
  reportPlan(call, plan);
  if (values.dryRun === true) return answerPlan(call, plan);
  await confirmMany(call, plan);
  // Before the rows are stored: from then on, nothing leads from a changed row to its earlier run.
  for (const { cancel, row } of plan.rows) {
    if (cancel?.state !== "active") continue;
    const run = await cancelRun(deps, cancel.runId, { signal });
    await recordSeen(deps, run);
    const isCancelled = run.status === "cancelled" || run.status === "running";
    output.log("INFO", `Row ${row.row}: ${isCancelled ? "cancelled" : `already ${run.status}:`} ${run.slug ?? ""}`);
  }
  const { batchId, earlier } = plan;
  const nowMs = deps.clock.now();
  const rows = storedRows(plan, earlier === null ? [] : await deps.store.batches.rows(earlier));
  const updated = { batchId, name, owner, createdAtMs: earlier?.createdAtMs ?? nowMs, updatedAtMs: nowMs };
  const batch = await deps.store.batches.put(updated, rows);
  const tracked = plan.rows.filter(({ action }) => action !== "leave" && action !== "keep");
  const tasks = tracked.map(({ row, key, previous }): BatchTask => {
    const { cluster, locks, workflow, layers, displayName, label, workflowHash } = row;
    const prepare = async () => (await prepareRow(deps, { workflow, layers, displayName, label }, check)).request;
    // A run with its earlier inputs: another attempt would have the new ones.
    const own = key === row.key ? {} : { retry: { ...retry, maxRetries: 0 } };
    return { key, locks, cluster, workflowHash, previous, timeoutMs, prepare, ...own };
  });
  // Rows that have never run and are left alone wait for nothing.
  const shown = plan.rows.filter(({ action, attempt }) => action !== "leave" || attempt !== null);
  const labels = new Map(rows.map(({ key, label }) => [key, label]));
  const states = createRowStates(shown.map(({ row: { row }, key, previous, attempt: last }) => {
    const label = labels.get(key) ?? "";
    const { status = "waiting", slug: run = null, startedAtMs = null, seconds = null, error = null } = last ?? {};
    return { key, row, label, attempt: previous.attempt, status, run, startedAtMs, seconds, error };
  }));
  return { batch, rows, tasks, states, onlyRows, hasEnough: plan.hasEnough };
}

/** Their names, made of the batch's name and the rows' inputs, were taken by runs that the history did not have. */
function reportFoundRuns({ output }: BatchCall, { tasks, states }: ReadyBatch, outcome: BatchOutcome | null): void {
  const found = tasks.filter(({ key, previous }, index) =>
    previous.last === null && outcome?.ends[index]?.type === "result" && states.submitted(key) === "no"
  );
  if (found.length === 0) return;
  output.log(
    "WARNING",
    `Nothing was submitted for ${counted(found.length, "row")}: another process or machine had already started this ` +
      "batch, or its history was removed. To run all rows again, repeat the command with --rerun all, or give the batch another --name",
  );
}

/** The rows, their progress, and the user's interrupts. */
async function track(
  call: OpenedCall<BatchValues>,
  { batch: stored, tasks, states, onlyRows, hasEnough, retry, wait: { pollInterval, unreachableTimeoutMs } }:
    & ReadyBatch
    & { readonly retry: RetryPolicy; readonly wait: TrackOptions },
): Promise<Pick<RanBatch, "outcome" | "stopped" | "hasLogFailed">> {
  const { deps, values, signal } = call;
  const jobs = await openJobs(call, stored.batchId);
  const { control } = jobs;
  if (hasEnough) control.stop("any");
  const detaching = new AbortController();
  const tracked = new Set(tasks.map(({ key }) => key));
  let stopped: Stopped | null = null;
  const onAbort = () => {
    stopped = signal.reason instanceof Stopped ? signal.reason : null;
    if (stopped?.signal !== "SIGINT") return detaching.abort(signal.reason);
    control.stop("interrupted");
    // Rows that this call leaves alone may be running as well.
    const running = states.all().filter(({ key, status }) => status === "running" && tracked.has(key));
    if (values.onInterrupt === "cancel") void cancelRunning(call, running);
    reportInterrupt(call, stored, running.length);
  };
  // It may have been stopped while the store was read, which does not end with it.
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort, { once: true });
  const events = batch(deps, tasks, {
    signal: detaching.signal,
    batchId: stored.batchId,
    originType: "batch",
    keyPrefix: `batch ${stored.name} `,
    control,
    maxPerCluster: values.perCluster ?? null,
    until: values.until ?? "all",
    maxFailures: maxFailuresOf(values, onlyRows?.size ?? stored.rowCount),
    canary: values.noCanary === true ? null : CANARY,
    retry,
    deadlineMs: values.deadline ?? null,
    onTimeout: values.onTimeout ?? "keep",
    requestsPerMinute: values.requestsPerMinute ?? DEFAULT_REQUESTS_PER_MINUTE,
    pollInterval,
    submitTimeoutMs: DEFAULT_EXECUTE.submitTimeoutMs,
    unreachableTimeoutMs,
  });
  using viewer = await viewBatch(call, {
    batch: stored,
    states,
    control,
    onJobsKey: jobs.store,
    detach: () => detaching.abort(new Stopped("SIGINT")),
  });
  try {
    const outcome = await toEnd(events, async (event) => {
      states.apply(event, deps.clock.now());
      // It was being submitted when Ctrl-C arrived.
      const started = stopped !== null && event.type === "run" && event.event.type === "started" &&
        states.get(event.key);
      if (started && values.onInterrupt === "cancel") void cancelRunning(call, [started]);
      viewer.show(event);
      await jobs.update();
    }).catch(expected(Stopped));
    const ended = outcome instanceof Stopped ? { outcome: null, stopped: outcome } : { outcome, stopped };
    return { ...ended, hasLogFailed: viewer.hasLogFailed() };
  } finally {
    signal.removeEventListener("abort", onAbort);
    await jobs.settled();
  }
}

async function cancelRunning({ deps, output }: OpenedCall, running: readonly RowState[]): Promise<void> {
  for (const state of running) {
    await Promise.try(() => cancelRun(deps, cancellableRun(state))).catch((error) => {
      output.log("WARNING", `Row ${state.row}: ${messageWithHint(error)}`);
    });
  }
}

function reportInterrupt({ output, values }: BatchCall, { name }: StoredBatch, running: number): void {
  const canContinue = howToContinue(values, "The same command continues the batch");
  const cancelling = `Cancel: ${programCommand("batch", ["cancel", name])}`;
  const runs = counted(running, "run");
  const lines = running === 0
    ? [`No more submissions. ${canContinue}`]
    : values.onInterrupt === "cancel"
    ? [`No more submissions. ${runs} ${running === 1 ? "is" : "are"} being cancelled.`, "Ctrl-C again to leave"]
    : [
      `No more submissions. ${runs} ${running === 1 ? "continues" : "continue"}. ${cancelling}`,
      `Ctrl-C again to leave. ${canContinue}`,
    ];
  output.log("WARNING", lines.join("\n"));
}
