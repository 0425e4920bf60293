import { cancelRun } from "../../runs/cancel.ts";
import { redactingReads } from "../../runs/redacting.ts";
import { findRun } from "../../runs/find.ts";
import { toRunView } from "../../runs/view.ts";
import { formatRunId, type RunDetail } from "../../run.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { openDeps } from "../open.ts";
import { MANY_RUNS, parseManyRuns } from "../tracking/run_ref.ts";

export const command = defineCommand({
  examples: [
    { line: "pw-workflow-runner cancel hello-world-00046", does: "Cancel one run" },
    { line: "pw-workflow-runner cancel hello-world#45 hello-world#46", does: "Cancel several runs" },
  ],
  notes: "Safe to repeat: a run that has already ended is left unchanged, and that is not an error.",
  args: { runs: { ...MANY_RUNS.runs, completes: "running-run" }, ...JSON_OPTION },
  async run({ context, output, signal, values }) {
    const refs = parseManyRuns(values.runs);
    await using deps = await openDeps({ context, output, values });
    // Find all runs before cancelling any: a typo in the third name must not leave the first two cancelled.
    const runIds = await Array.fromAsync(refs, (ref) => findRun(deps, ref, { signal }));
    const cancelled: RunDetail[] = [];
    for (const runId of runIds) {
      const run = await cancelRun({ ...deps, client: await redactingReads(deps, runId) }, runId, { signal });
      cancelled.push(run);
      if (output.mode === "text") {
        output.answer(`${output.answerStyle.green("✓")} ${formatRunId(runId)} ${outcome(run)}`);
      }
    }
    if (output.mode === "json") {
      const kind = "cancelled";
      output.document({ runs: cancelled.map(toRunView), exitCode: EXIT_CODES.completed, kind, submitted: "no" });
    }
  },
});

function outcome({ status }: RunDetail): string {
  if (status === "running") return "is being cancelled";
  return status === "cancelled" ? "is cancelled" : `had already ended: ${status}`;
}
