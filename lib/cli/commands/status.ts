import { redactingReads } from "../../runs/redacting.ts";
import { findRun } from "../../runs/find.ts";
import { findSessions } from "../../runs/track_result.ts";
import { stepPositionOf, toRunView } from "../../runs/view.ts";
import type { RunView } from "../../run.ts";
import { flag } from "../argv.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { openDeps } from "../open.ts";
import { renderRun } from "../render/runs.ts";
import { historyFor, ONE_RUN, parseOneRun } from "../tracking/run_ref.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner status hello-world-00046": "Find the run by its slug",
    "pw-workflow-runner status hello-world 46 --json": "Find it by workflow and number, and print JSON",
  },
  notes:
    "Exits with 0 if the status could be read. With --exit-status, the exit code is that of the run, or 0 while it is " +
    "running.",
  args: {
    ...ONE_RUN,
    exitStatus: flag("Exit with the exit code of the run"),
    web: flag("Open its page in the browser, like open"),
    ...JSON_OPTION,
  },
  async run({ context, output, signal, values }) {
    const ref = parseOneRun(values.run);
    await using deps = await openDeps({ context, output, signal, values }, historyFor([ref]));
    const runId = await findRun(deps, ref, { signal });
    const client = await redactingReads(deps, runId);
    const run = await client.getRun(runId, { signal });
    if (values.web === true) {
      const { openRunPage, runPageTemplate, runPageUrl } = await import("../run_page.ts");
      const { host } = deps.client;
      return await openRunPage(
        { context, output },
        runPageUrl(runPageTemplate(context.env("PW_RUN_URL") ?? "", host), host, run),
      );
    }
    // Sessions end with their run.
    const mayHaveSession = run.status === "running" || run.redirect?.kind === "session";
    const sessions = mayHaveSession ? await findSessions({ client }, run, { signal }) : [];
    const view = toRunView(run);
    const exitCode = values.exitStatus === true ? runExitCode(view) : EXIT_CODES.completed;
    if (output.mode === "json") output.document({ ...view, sessions, exitCode, kind: view.status, submitted: "no" });
    else {
      const position = run.status === "running" ? stepPositionOf(run.jobs) : null;
      output.answer(renderRun(view, { style: output.answerStyle, nowMs: context.clock.now(), position, sessions }));
    }
    return exitCode;
  },
});

/** The exit code of a run, or 0 while it is running. */
export function runExitCode({ status }: Pick<RunView, "status">): number {
  return status === "running" ? EXIT_CODES.completed : EXIT_CODES[status];
}
