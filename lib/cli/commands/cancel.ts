import { RunnerError } from "../../errors.ts";
import { recordSeen } from "../../runs/advance_result.ts";
import { cancelRun } from "../../runs/cancel.ts";
import { findRuns } from "../../runs/find.ts";
import { toRunView } from "../../runs/view.ts";
import { formatRunId, type RunDetail } from "../../run.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { EXIT_CODES, mostSevereEnd } from "../exit_codes.ts";
import { failureDocument, type FailureReport, renderFailure, reportOf } from "../failure_report.ts";
import { openDeps } from "../open.ts";
import { historyFor, MANY_RUNS, parseManyRuns } from "../tracking/run_ref.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner cancel hello-world-00046": "Cancel one run",
    "pw-workflow-runner cancel hello-world#45 hello-world#46": "Cancel several runs",
  },
  notes: "Safe to repeat: a run that has already ended is left unchanged, and that is not an error.",
  args: { runs: { ...MANY_RUNS.runs, completes: "running-run" }, ...JSON_OPTION },
  async run({ context, output, signal, values }) {
    const refs = parseManyRuns(values.runs);
    await using deps = await openDeps({ context, output, signal, values }, historyFor(refs));
    // Find all runs before cancelling any: a typo in the third name must not leave the first two cancelled.
    const runIds = await findRuns(deps, refs, { signal }).catch((error) => {
      if (refs.length > 1) output.log("WARNING", "No run was cancelled: all of them have to be found first");
      throw error;
    });
    const answers: object[] = [];
    const failures: FailureReport[] = [];
    for (const runId of runIds) {
      try {
        const run = await cancelRun(deps, runId, { signal });
        await recordSeen(deps, run);
        answers.push(toRunView(run));
        if (output.mode === "text") {
          output.answer(`${output.answerStyle.green("✓")} ${formatRunId(runId)} ${outcome(run)}`);
        }
      } catch (error) {
        // A run that cannot be cancelled must not keep the others running.
        if (runIds.length === 1 || !(error instanceof RunnerError)) throw error;
        const failure = reportOf(error);
        failures.push(failure);
        answers.push({ slug: formatRunId(runId), ...failureDocument(failure) });
        output.log("ERROR", await renderFailure(failure, output.style));
      }
    }
    const end = mostSevereEnd([{ exitCode: EXIT_CODES.completed, kind: "cancelled" }, ...failures]);
    return output.result({ runs: answers, ...end, submitted: "no" }, () => "");
  },
});

function outcome({ status }: RunDetail): string {
  if (status === "running") return "is being cancelled";
  return status === "cancelled" ? "is cancelled" : `had already ended: ${status}`;
}
