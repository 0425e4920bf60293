/** The results of a batch: files, the answer on stdout, and the exit code. */

import { isOpenStatus, type RowResult } from "../../batch.ts";
import type { RunnerError } from "../../errors.ts";
import { failureGroups } from "../../batches/failure_groups.ts";
import { type LoadedRow, loadResults, loadRows } from "../../batches/load_results.ts";
import type { BatchFacts } from "../../batches/report.ts";
import { countsOf, resultDocument, resultsCsv, resultsJsonLines } from "../../batches/results.ts";
import type { BatchOutcome } from "../../runs/batch_task.ts";
import type { StoredBatch, StoredRow } from "../../store/batch_store.ts";
import { programCommand } from "../../shell_command.ts";
import type { Submitted } from "../../result.ts";
import type { Stopped } from "../context.ts";
import { COMPLETED, type End, EXIT_CODES, EXIT_CODES_OF_SIGNALS, type ExitCode, mostSevereEnd } from "../exit_codes.ts";
import { failureDocument, renderFailure, reportOf } from "../failure_report.ts";
import type { Invocation, OpenedCall } from "../command.ts";
import { replaceOutputFile, writeOutputFiles } from "../output_file.ts";
import type { BatchValues } from "./options.ts";
import type { RowStates } from "./row_states.ts";

type ResultFiles = Partial<Pick<BatchValues, "csv" | "jsonl" | "log" | "report">>;

/** A batch that ran in this process, and how that ended. */
export interface RanBatch {
  readonly batch: StoredBatch;
  /** Another process may store others meanwhile. */
  readonly rows: readonly StoredRow[];
  readonly states: RowStates;
  /** Numbers of the rows that were asked for; `null` for all. */
  readonly onlyRows: ReadonlySet<number> | null;
  readonly outcome: BatchOutcome | null;
  readonly stopped: Stopped | null;
  readonly hasLogFailed: boolean;
}

/**
 * Prints what has become of a batch that ran in this process.
 *
 * @throws LocalFailure when stdout cannot be written.
 */
export async function finishBatch(
  call: OpenedCall<ResultFiles & Pick<BatchValues, "rerun">>,
  { batch, rows: ownRows, outcome, stopped, hasLogFailed, states, onlyRows }: RanBatch,
): Promise<number> {
  const { deps: { store }, output, values } = call;
  // The text shows no outputs, which take a read per row.
  const hasBodies = output.mode !== "text" ||
    [values.csv, values.jsonl, values.report].some((file) => file !== undefined);
  const stored = await (hasBodies ? loadResults : loadRows)(store, batch, ownRows);
  const byRow = new Map(states.all().map((state) => [state.row, state]));
  // What ended without a record: a limit of this process, or a row that could not be prepared.
  const rows = stored.map((loaded): LoadedRow => {
    const state = byRow.get(loaded.row);
    const submitted = states.submitted(state?.key ?? "");
    const row = loaded.result === null ? loaded : { ...loaded, result: { ...loaded.result, submitted } };
    const isNewer = state !== undefined && state.kind !== null && row.kind === null;
    return isNewer ? { ...row, ...state } : row;
  });
  const wanted = rows.filter(({ row }) => onlyRows?.has(row) !== false);
  const end = endOfBatch(wanted, { outcome, stopped });
  const submitted = states.submitted();
  const exitCode = await answerRows(call, { batch, rows, wanted, end, outcome, submitted, hasLogFailed });
  const reason = outcome?.stopped;
  const isComplete = outcome?.ends.every(({ type }) => type === "result" || type === "error") &&
    wanted.every(({ status }) => status !== "waiting");
  if (reason && !isComplete && reason.reason !== "interrupted" && output.mode === "text") {
    const detail = reason.detail === null ? "" : ` (${reason.detail})`;
    const usual = reason.reason === "any"
      ? "The same command without --until any submits the rest"
      : "Continue with the same command";
    output.log("WARNING", `Stopped early: ${reason.reason}${detail}. ${howToContinue(values, usual)}`);
  }
  if (outcome?.error) output.log("ERROR", await renderFailure(reportOf(outcome.error), output.style));
  if (wanted.some(({ status }) => status === "running" || status === "submitting")) {
    output.log("INFO", `Runs continue. ${howToContinue(values, "The same command tracks them and submits the rest")}`);
  }
  return exitCode;
}

/** How a batch that stopped early continues: `usual`, except where the same command would run rows again. */
export function howToContinue({ rerun = [] }: Pick<BatchValues, "rerun">, usual: string): string {
  if (!rerun.includes("all")) return usual;
  return "With --rerun all, the same command also runs again what has just ended: leave it out with --rows";
}

interface Answer extends Pick<RanBatch, "batch"> {
  readonly rows: readonly LoadedRow[];
  /** The rows that the text shows (default: all); the others were not asked for. */
  readonly wanted?: readonly LoadedRow[];
  /** The defaults are those of a batch that did not run in this process. */
  readonly outcome?: RanBatch["outcome"];
  readonly end?: End;
  readonly submitted?: Submitted;
  readonly hasLogFailed?: boolean;
}

/**
 * Writes the files, then the table or the document.
 *
 * @returns The exit code, also of a file that cannot be written: it is reported, and the answer is complete.
 * @throws LocalFailure when stdout cannot be written.
 */
export async function answerRows(call: Invocation<ResultFiles>, answer: Answer): Promise<ExitCode> {
  const { context, output, values } = call;
  const { batch: { batchId, name, owner }, rows, wanted = rows } = answer;
  const { outcome, submitted = "no", hasLogFailed = false } = answer;
  const again = programCommand("batch", ["results", name]);
  const file = (option: string, path: string | undefined, render: () => string | Promise<string>) =>
    path === undefined ? [] : [{
      hint: `Write it again: ${again} ${option}`,
      write: async () => await replaceOutputFile(context, path, await render()),
    }];
  const facts = { name, platformUrl: `https://${owner.host}`, exitCode: answer.end?.exitCode ?? null };
  const areWritten = await writeOutputFiles(output, [
    ...file("--csv FILE", values.csv, () => resultsCsv(rows)),
    ...file("--jsonl FILE", values.jsonl, () => resultsJsonLines(rows)),
    ...file("--report html=FILE", values.report, () => batchPage(rows, facts)),
  ]);
  // This machine failed while runs exist.
  const failed = areWritten && !hasLogFailed ? [] : [MACHINE_FAILED];
  const end = mostSevereEnd([answer.end ?? COMPLETED, ...failed]);
  const { renderBatchResults } = await import("../render/batch_lines.ts");
  const document = {
    batchId,
    name,
    rows: rows.map((row) => ({ ...row.result, ...resultDocument(row), kind: row.kind })),
    counts: countsOf(rows),
    failureGroups: failureGroups(rows),
    ...(outcome?.stopped ? { stopped: outcome.stopped } : {}),
    ...(outcome?.error ? { error: failureDocument(reportOf(outcome.error)).error } : {}),
    ...end,
    submitted,
  };
  const runs = { hint: `Show them again: ${again}`, submitted };
  const layout = () => ({ ...output.layout(), leftCount: rows.length - wanted.length });
  const render = () => renderBatchResults(wanted, failureGroups(wanted), layout());
  return output.result(document, render, runs);
}

async function batchPage(rows: readonly LoadedRow[], facts: BatchFacts): Promise<string> {
  const [{ reportBatch }, { renderHtml }, { cleanReport }] = await Promise.all([
    import("../../batches/report.ts"),
    import("../../reports/html.ts"),
    import("../reporter.ts"),
  ]);
  // Rows are stored without the values of secrets.
  return await renderHtml(cleanReport(reportBatch(facts, rows), []));
}

/** The most severe of the rows that were asked for, and of how the batch ended. */
function endOfBatch(rows: readonly LoadedRow[], { outcome, stopped }: Pick<RanBatch, "outcome" | "stopped">): End {
  const reason = outcome?.stopped?.reason;
  if (reason === "any") return COMPLETED;
  const ends: End[] = [];
  if (stopped !== null) ends.push({ exitCode: EXIT_CODES_OF_SIGNALS[stopped.signal], kind: "stopped" });
  if (outcome?.error) {
    const isOpen = outcome.ends.some(({ type }) => type === "open");
    ends.push(isOpen ? lossOf(outcome.error) : endOf(outcome.error.kind));
  }
  if (reason === "canary" || reason === "max-failures" || reason === "fail-fast") ends.push(endOf("failed"));
  if (reason === "deadline") ends.push(endOf("timeout"));
  return endOfRows(rows, ends);
}

/** Of an error after which runs continue. */
function lossOf({ kind }: RunnerError): End {
  if (kind === "storage") return MACHINE_FAILED;
  return endOf(EXIT_CODES[kind] === EXIT_CODES.credential_refused ? "credential_expired" : "connection_lost");
}

const MACHINE_FAILED: End = { exitCode: EXIT_CODES.connection_lost, kind: "machine_failed" };

/** Completed only if all rows are. @param others Other ends of the batch. */
export function endOfRows(rows: readonly RowResult[], others: readonly End[] = []): End {
  // One whose run was searched for in vain is stored without a kind.
  const ends = rows.map(({ kind, status }) => endOf(kind ?? (status === "unknown" ? "submit_unknown" : "completed")));
  const end = mostSevereEnd([COMPLETED, ...ends, ...others]);
  if (end.exitCode !== 0 || !rows.some(({ status }) => isOpenStatus(status))) return end;
  const isWaiting = rows.some(({ status }) => status === "waiting");
  return { exitCode: EXIT_CODES.not_submitted, kind: isWaiting ? "not_submitted" : "running" };
}

function endOf(kind: string): End {
  const [, exitCode = EXIT_CODES.failed] = Object.entries(EXIT_CODES).find(([name]) => name === kind) ?? [];
  return { exitCode, kind };
}
