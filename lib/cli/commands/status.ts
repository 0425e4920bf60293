import { findRun } from "../../runs/find.ts";
import { KIND_OF_STATUS, positionOf, viewOf } from "../../runs/view.ts";
import type { RunDetail, RunView } from "../../run.ts";
import { defineCommand, JSON_ARG } from "../command.ts";
import { EXIT_CODES, exitCodeOf } from "../exit_codes.ts";
import { openDeps } from "../open.ts";
import { renderRun } from "../render/runs.ts";
import { parseOneRun } from "../tracking/run_ref.ts";

export const status = defineCommand({
  name: "status",
  summary: "how a run is doing",
  usage: "RUN [options]",
  examples: [
    { line: "pw-workflow-runner status hello-world-00047", does: "by its slug" },
    { line: "pw-workflow-runner status hello-world 47 --json", does: "by workflow and number, for a program" },
  ],
  notes:
    "Ends with 0 whenever it could answer; with --exit-status it ends as the run does, and with 0 while it goes on.",
  args: {
    run: { type: "positional", multiple: true, required: false },
    exitStatus: { type: "boolean", description: "End with the run's own outcome" },
    ...JSON_ARG,
  },
  async run({ context, output, signal, values }) {
    const ref = parseOneRun(values.run ?? []);
    await using deps = await openDeps({ context, output, values });
    const run = await deps.client.getRun(await findRun(deps, ref, { signal }), { signal });
    const view = viewOf(run);
    const exitCode = values.exitStatus === true ? outcomeOf(view) : EXIT_CODES.completed;
    if (output.mode === "json") output.document({ ...view, exitCode, kind: view.status, submitted: "no" });
    else {output.answer(
        renderRun(view, { style: output.answerStyle, nowMs: context.clock.now(), position: positionIn(run) }),
      );}
    return exitCode;
  },
});

function outcomeOf({ status }: RunView): number {
  return status === "running" ? EXIT_CODES.completed : exitCodeOf(KIND_OF_STATUS[status]);
}

function positionIn(run: RunDetail) {
  return run.status === "running" ? positionOf(run.jobs) : null;
}
