import { hasOpenRun } from "../../batch.ts";
import { failureGroups } from "../../batches/failure_groups.ts";
import { loadResults, loadRows } from "../../batches/load_results.ts";
import { readRows } from "../../batches/read_rows.ts";
import { countsOf } from "../../batches/results.ts";
import { didYouMean } from "../../did_you_mean.ts";
import { counted } from "../../text.ts";
import { fallbackTo, NotFound, RunnerError, UsageError } from "../../errors.ts";
import { recordSeen } from "../../runs/advance_result.ts";
import { cancelRun } from "../../runs/cancel.ts";
import type { Deps } from "../../runs/deps.ts";
import { redactingReads } from "../../runs/redacting.ts";
import { isBeingCancelled, type RunId } from "../../run.ts";
import { isOwnedBy, type Owner } from "../../account.ts";
import type { RunStore } from "../../store/run_store.ts";
import { argument, type ArgValues, flag, option } from "../argv.ts";
import { answerRows, endOfRows } from "../batch/answer.ts";
import { BATCH_OPTIONS, REPEAT_OPTION } from "../batch/options.ts";
import { cancellableRun } from "../batch/row_states.ts";
import { defineCommand, type Invocation, refuseOptions } from "../command.ts";
import { COMPLETED, mostSevereEnd } from "../exit_codes.ts";
import { failureDocument, renderFailure, reportOf } from "../failure_report.ts";
import { readInputs } from "../input_options.ts";
import { openDeps, openRunStore } from "../open.ts";
import { checkReplaceableFiles, refuseReadFile } from "../output_file.ts";

const ARGS = {
  files: argument("FILE…", {
    multiple: true,
    completes: "file",
    hint: "A YAML, JSON, JSON Lines or CSV file with a row per run, or - for stdin",
  }),
  workflow: option("WORKFLOW", "The workflow of rows that name none", { completes: "workflow" }),
  input: option("INPUTS", "Inputs of all rows, as with run -i", { short: "i", multiple: true, completes: "input" }),
  ...REPEAT_OPTION,
  exitStatus: flag("With status: exit with the exit code of the batch; 8 while rows wait or run and none has failed"),
  ...BATCH_OPTIONS,
} as const;

type BatchCommandCall = Invocation<ArgValues<typeof ARGS>>;

export const command = defineCommand({
  examples: {
    "pw-workflow-runner batch sweep.csv --workflow hello-world --jobs 16": "Run a workflow once per line of a file",
    "pw-workflow-runner batch sweep.yaml --rerun failed": "Run only the rows that have failed, again",
    "pw-workflow-runner batch results sweep --csv results.csv": "Write what is known so far, without a request",
  },
  forms: {
    "list": "list the batches in the local history",
    "status BATCH": "show counts and failures, without a request",
    "results BATCH": "show the results so far, also with --csv, --jsonl and --report",
    "cancel BATCH": "cancel the runs that are still running",
    "set BATCH --jobs N": "change how many run at once, also while it runs",
  },
  optionsOf: { list: [], status: ["exitStatus"], results: ["csv", "jsonl", "report"], cancel: [], set: ["jobs"] },
  notes: [
    "The same command again continues the batch: runs that are still running are tracked, rows that have ended are skipped, and the",
    "rest is submitted. Nothing is submitted twice, even after kill -9.",
  ].join("\n"),
  args: ARGS,
  async run(call) {
    const { values } = call;
    const [name = "", ...names] = values.files;
    if (name === "list") return await list(call, names);
    const action = ACTIONS.get(name);
    if (action !== undefined) return await action(call, onlyName(name, names));
    refuseOptions(values, ["exitStatus"], { reason: "without batch status" });
    return await runFiles(call);
  },
});

const ACTIONS = new Map(Object.entries({ status, results, cancel, set }));

async function runFiles(call: BatchCommandCall): Promise<number> {
  const { context, values } = call;
  const { csv, jsonl, log, report } = values;
  const outputs = [csv, jsonl, log, report];
  const { runBatch } = await import("../batch/run_batch.ts");
  const overrides = await readInputs(context, values.input);
  await refuseReadFile(context, outputs, values.files);
  const sources = { files: values.files, workflow: values.workflow ?? null, overrides, repeat: values.repeat ?? 1 };
  const { readTextFile, listFiles } = context;
  const readStdin = () => context.stdin.readText();
  const [name = ""] = values.files;
  const hint = await context.realPath(name) === null ? didYouMean(name, ["list", ...ACTIONS.keys()]) : undefined;
  return await runBatch(call, async (deps) => {
    const rows = await readRows(sources, { ...deps, readTextFile, readStdin, listFiles });
    await refuseReadFile(context, outputs);
    return { hint, ...rows };
  });
}

function onlyName(action: string, [name, ...others]: readonly string[]): string {
  if (name !== undefined && others.length === 0) return name;
  throw new UsageError(`batch ${action}: expected the name of one batch`, {
    hint: "`pw-workflow-runner batch list` lists them",
  });
}

/**
 * @param owner Whose it is; default: of those with this name, the one that ran last.
 * @throws NotFound
 */
async function findBatch(
  { output }: BatchCommandCall,
  { batches: { list } }: RunStore,
  { name, owner }: { readonly name: string; readonly owner?: Owner },
) {
  const all = await list();
  const batches = all.filter((batch) => owner === undefined || isOwnedBy(batch, owner));
  const [found, ...others] = batches.filter((batch) => batch.batchId === name || batch.name === name);
  if (found === undefined) {
    const where = batches.length === all.length ? "in the local history" : `of ${owner?.user} on ${owner?.host}`;
    throw new NotFound(`Cannot find batch "${name}" ${where}`, {
      hint: didYouMean(name, batches.map((batch) => batch.name)) ?? "`pw-workflow-runner batch list` lists batches",
    });
  }
  if (others.length > 0) {
    const { user, host } = found.owner;
    const ids = others.map((other) => `${other.batchId} (${other.owner.host}, ${other.owner.user})`).join(", ");
    output.log("WARNING", `This is the batch "${name}" of ${user} on ${host}, which ran last. Others: ${ids}`);
  }
  return found;
}

async function list(call: BatchCommandCall, names: readonly string[]): Promise<number> {
  if (names.length > 0) throw new UsageError(`batch list: unexpected argument "${names[0]}"`);
  await using store = openRunStore(call, "optional");
  const batches = await store.batches.list();
  const { output } = call;
  const { renderTable } = await import("../terminal/table.ts");
  if (batches.length === 0) output.log("INFO", "No batches in the local history");
  const rows = batches.map(({ name, rowCount, owner }) => [name, counted(rowCount, "row"), owner.host, owner.user]);
  return output.result({ batches, ...COMPLETED }, () => renderTable(rows, { ...output.layout(), shortened: 0 }));
}

async function status(call: BatchCommandCall, name: string): Promise<number> {
  const { output, values } = call;
  await using store = openRunStore(call, "optional");
  const batch = await findBatch(call, store, { name });
  const rows = await loadRows(store, batch);
  const end = values.exitStatus === true ? endOfRows(rows) : COMPLETED;
  const { batchId, name: batchName, rowCount } = batch;
  const groups = failureGroups(rows);
  const [{ renderFailureGroups }, { statusSummary }] = await Promise.all([
    import("../render/batch_lines.ts"),
    import("../render/cells.ts"),
  ]);
  const document = { batchId, name: batchName, rowCount, counts: countsOf(rows), failureGroups: groups };
  return output.result(
    { ...document, ...end, submitted: "no" },
    () => [`${batchName}: ${statusSummary("row", rows)}`, ...renderFailureGroups(groups, output.layout())].join("\n"),
  );
}

async function results(call: BatchCommandCall, name: string): Promise<number> {
  const { csv, jsonl, report } = call.values;
  await checkReplaceableFiles(call.context, [csv, jsonl, report]);
  await using store = openRunStore(call, "optional");
  const batch = await findBatch(call, store, { name });
  return await answerRows(call, { batch, rows: await loadResults(store, batch) });
}

async function cancel(call: BatchCommandCall, name: string): Promise<number> {
  const { output, signal } = call;
  await using deps = await openDeps(call);
  const { user } = await deps.client.whoAmI({ signal });
  const batch = await findBatch(call, deps.store, { name, owner: { host: deps.client.host, user } });
  const all = await loadRows(deps.store, batch);
  // What is being submitted has a run, or gets one.
  const rows = all.filter(({ status }) => hasOpenRun(status));
  const waiting = all.filter(({ status }) => status === "waiting").length;
  const cancelled: string[] = [];
  const others: { row: number; run: string | null; status: string }[] = [];
  const failed: ({ row: number; run: string | null } & ReturnType<typeof failureDocument>)[] = [];
  for (const { row, run } of rows) {
    try {
      const runId = cancellableRun({ row, run });
      const status = await cancelIfRunning(deps, runId, signal).catch(fallbackTo("not found", "not_found"));
      if (status === null) cancelled.push(runId.slug);
      else others.push({ row, run, status });
      if (output.mode === "text") {
        output.answer(`Row ${row}: ${status === null ? `cancelling ${run}` : `${run} is left alone: ${status}`}`);
      }
    } catch (error) {
      if (!(error instanceof RunnerError)) throw error;
      const failure = reportOf(error);
      failed.push({ row, run, ...failureDocument(failure) });
      output.log("ERROR", await renderFailure(failure, output.style));
    }
  }
  if (output.mode === "text") output.log("INFO", `${counted(cancelled.length, "run")} cancelled`);
  if (waiting > 0 && output.mode === "text") {
    const rest = `${counted(waiting, "row")} not submitted yet`;
    output.log("INFO", `${rest}: if a process still runs this batch, stop it with Ctrl-C, or it submits them`);
  }
  const { batchId } = batch;
  return output.result({ batchId, cancelled, others, failed, ...COMPLETED, ...mostSevereEnd(failed) }, () => "");
}

/** @returns `null` for a run that was cancelled; why it is left alone for another one. */
async function cancelIfRunning(all: Deps, runId: RunId, signal: AbortSignal): Promise<string | null> {
  const deps = { ...all, client: await redactingReads(all, runId) };
  const before = await deps.client.getRun(runId, { signal });
  if (before.status !== "running") return before.status;
  const isCanceling = isBeingCancelled(before);
  const run = isCanceling ? before : await cancelRun(deps, runId, { signal });
  if (run.status !== "running" && run.status !== "cancelled") return run.status;
  await recordSeen(deps, run);
  return isCanceling ? before.platformStatus : null;
}

async function set(call: BatchCommandCall, name: string): Promise<number> {
  const { jobs } = call.values;
  if (jobs === undefined) throw new UsageError("batch set: nothing to change", { hint: "Use --jobs N" });
  await using store = openRunStore(call, "required");
  const { batchId } = await findBatch(call, store, { name });
  await store.batches.setWantedJobs(batchId, jobs);
  if (call.output.mode === "text") call.output.log("INFO", `Up to ${counted(jobs, "run")} at once from now on`);
  else call.output.document({ batchId, jobs, ...COMPLETED });
  return 0;
}
