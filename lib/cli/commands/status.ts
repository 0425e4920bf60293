import { findSessions } from "../../runs/track_result.ts";
import { stepPositionOf, toRunView } from "../../runs/view.ts";
import type { RunView } from "../../run.ts";
import { flag } from "../argv.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { EXIT_CODES, type ExitCode } from "../exit_codes.ts";
import { renderRun } from "../render/runs.ts";
import { ONE_OR_PICKED_RUN, openRun } from "../tracking/run_ref.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner status hello-world-00046": "Find the run by its slug",
    "pw-workflow-runner status hello-world 46 --json": "Find it by workflow and number, and print JSON",
  },
  notes:
    "Without RUN, at a terminal, you select one of the latest runs. Exits with 0 if the status could be read. With " +
    "--exit-status, the exit code is that of the run, or 0 while it is running.",
  args: {
    ...ONE_OR_PICKED_RUN,
    exitStatus: flag("Exit with the exit code of the run"),
    web: flag("Open its page in the browser, like open"),
    ...JSON_OPTION,
  },
  async run(call) {
    const { context, output, signal, values } = call;
    await using opened = await openRun(call, "status");
    const { deps, run } = opened;
    if (values.web === true) {
      const { openRunPage } = await import("../run_page.ts");
      return await openRunPage(call, deps.client.host, run);
    }
    // Sessions end with their run.
    const mayHaveSession = run.status === "running" || run.redirect?.kind === "session";
    const sessions = mayHaveSession ? await findSessions(deps, run, { signal }) : [];
    const view = toRunView(run);
    const exitCode = values.exitStatus === true ? runExitCode(view) : EXIT_CODES.completed;
    const position = run.status === "running" ? stepPositionOf(run.jobs) : null;
    const layout = { style: output.answerStyle, nowMs: context.clock.now(), position, sessions };
    const document = { ...view, sessions, exitCode, kind: view.status, submitted: "no" };
    return output.result(document, () => renderRun(view, layout));
  },
});

/** The exit code of a run, or 0 while it is running. */
export function runExitCode({ status }: Pick<RunView, "status">): ExitCode {
  return status === "running" ? EXIT_CODES.completed : EXIT_CODES[status];
}
