import { trackRun } from "../../runs/track_run.ts";
import { findRun } from "../../runs/find.ts";
import type { RunResult } from "../../result.ts";
import { formatRunId, type RunId } from "../../run.ts";
import { defineCommand } from "../command.ts";
import { exitCodeOf, mostSevere } from "../exit_codes.ts";
import { openDeps } from "../open.ts";
import type { Output } from "../output.ts";
import { renderResult, runName } from "../tracking/run_lines.ts";
import { oneLine } from "../../escape.ts";
import { resultDocument } from "../tracking/run_view.ts";
import { checkCanPick, pickRun } from "../tracking/pick_run.ts";
import { MANY_RUNS, parseManyRuns } from "../tracking/run_ref.ts";
import { TRACK_OPTIONS, trackToEnd } from "../tracking/track_to_end.ts";
import { waitOptions } from "../tracking/wait_options.ts";
import { printResult } from "./run.ts";

export const watchCommand = defineCommand({
  examples: [
    { line: "pw-workflow-runner watch hello-world-00046", does: "Track one run and exit with its exit code" },
    {
      line: "pw-workflow-runner watch hello-world#46 data-processor#3",
      does: "Track two runs; the most severe exit code wins",
    },
  ],
  notes: "Without RUN, at a terminal, you select one of the running runs.",
  args: {
    runs: { ...MANY_RUNS.runs, required: false },
    ...TRACK_OPTIONS,
  },
  async run(call) {
    const { context, output, signal, values } = call;
    if (values.runs === undefined) checkCanPick(context, "watch");
    const refs = parseManyRuns(values.runs ?? []);
    const options = waitOptions(values, call);
    await using deps = await openDeps(call);
    const runIds: RunId[] = [];
    for (const ref of refs) runIds.push(await findRun(deps, ref, { signal }));
    if (refs.length === 0) {
      const { client } = deps;
      runIds.push(await pickRun({ context, client, signal }, { isRunning: true, mayColor: values.noColor !== true }));
    }
    const results = await Promise.all(
      runIds.map((runId) =>
        trackToEnd({ ...call, deps }, trackRun(deps, runId, options), {
          label: runIds.length > 1 ? formatRunId(runId) : undefined,
          // Never prompt: several runs can be tracked at once, and watching a run is no reason to cancel it.
          defaultOnInterrupt: "keep",
        })
      ),
    );
    const [only, second] = results;
    if (only !== undefined && second === undefined) return printResult(output, only);
    return answerResults(output, results);
  },
});

function answerResults(output: Output, results: readonly RunResult[]): number {
  const exitCode = mostSevere(results.map(({ kind }) => exitCodeOf(kind)));
  const mostSevereResult = results.find(({ kind }) => exitCodeOf(kind) === exitCode);
  if (output.mode === "json") {
    const kind = mostSevereResult?.kind ?? "completed";
    output.document({ runs: results.map(resultDocument), exitCode, kind, submitted: "no" });
  }
  if (output.mode === "text") {
    for (const result of results) printNamedResults(output, result);
  }
  return exitCode;
}

/** Prints the result of one of several runs. */
export function printNamedResults(output: Output, result: RunResult): void {
  output.answer(`${oneLine(runName(result))}: ${renderResult(result, output.answerStyle)}`);
}
