import { DEFAULT_TAIL_LINES, digestFailure } from "../../runs/failure.ts";
import { integer, option } from "../argv.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { renderFailureDigest } from "../tracking/run_lines.ts";
import { runExitCode } from "./status.ts";
import { ONE_OR_PICKED_RUN, openRun } from "../tracking/run_ref.ts";
import { oneLine } from "../../escape.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner errors failing-step-00001": "Show failed jobs and steps with the end of their logs",
    "pw-workflow-runner errors failing-step#1 --json": "Print the same as JSON",
  },
  notes:
    "Without RUN, at a terminal, you select one of the latest runs. The exit code is 0 if the run completed or is still " +
    "running, 1 if it failed, 3 if it was cancelled.",
  args: {
    ...ONE_OR_PICKED_RUN,
    tail: option("N", `Last lines of each log (default ${DEFAULT_TAIL_LINES}), at most 64 KiB`, integer({ min: 0 })),
    ...JSON_OPTION,
  },
  async run(call) {
    const { output, output: { answerStyle: style }, signal, values } = call;
    await using opened = await openRun(call, "errors");
    const { deps, run } = opened;
    const failure = await digestFailure(deps, run, { signal, tailLines: values.tail });
    const { slug, status } = run;
    const summary = failure?.summary ?? run.statusReason;
    const failedJobs = failure?.failedJobs ?? [];
    const end = { exitCode: runExitCode(run), kind: status, submitted: "no" };
    return output.result({ slug, status, summary, failedJobs, ...end }, () => {
      const reason = summary === null ? "" : ` (${oneLine(summary)})`;
      return failure === undefined
        ? `No job or step reported a failure: the run has the status ${status}${reason}`
        : `${style.red("✗")} ${oneLine(failure.summary)}\n${renderFailureDigest(failure, style)}`;
    });
  },
});
