import { DEFAULT_TAIL_LINES, digestFailure } from "../../runs/failure.ts";
import { redactingReads } from "../../runs/redacting.ts";
import { findRun } from "../../runs/find.ts";
import { integer, option } from "../argv.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { openDeps } from "../open.ts";
import { renderFailureDigest } from "../tracking/run_lines.ts";
import { runExitCode } from "./status.ts";
import { historyFor, ONE_RUN, parseOneRun } from "../tracking/run_ref.ts";
import { oneLine } from "../../escape.ts";

const lineCount = integer({ min: 0 });

export const command = defineCommand({
  examples: {
    "pw-workflow-runner errors failing-step-00001": "Show failed jobs and steps with the end of their logs",
    "pw-workflow-runner errors failing-step#1 --json": "Print the same as JSON",
  },
  notes: "The exit code is 0 if the run completed or is still running, 1 if it failed, 3 if it was cancelled.",
  args: {
    ...ONE_RUN,
    tail: option("N", `Last lines of each log (default ${DEFAULT_TAIL_LINES}), at most 64 KiB`, { parse: lineCount }),
    ...JSON_OPTION,
  },
  async run({ context, output, signal, values }) {
    const ref = parseOneRun(values.run);
    await using deps = await openDeps({ context, output, signal, values }, historyFor([ref]));
    const runId = await findRun(deps, ref, { signal });
    const client = await redactingReads(deps, runId);
    const run = await client.getRun(runId, { signal });
    const failure = await digestFailure({ ...deps, client }, run, { signal, tailLines: values.tail });
    const exitCode = runExitCode(run);
    const summary = failure?.summary ?? run.statusReason;
    if (output.mode === "json") {
      const { slug, status } = run;
      const failedJobs = failure?.failedJobs ?? [];
      output.document({ slug, status, summary, failedJobs, exitCode, kind: status, submitted: "no" });
    } else if (failure === undefined) {
      const reason = summary === null ? "" : ` (${oneLine(summary)})`;
      output.answer(`No job or step failed: the run is ${run.status}${reason}`);
    } else {
      const { answerStyle } = output;
      output.answer(`${answerStyle.red("✗")} ${oneLine(failure.summary)}`);
      output.answer(renderFailureDigest(failure, answerStyle));
    }
    return exitCode;
  },
});
