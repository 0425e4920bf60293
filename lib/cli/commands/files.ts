import { NotFound } from "../../errors.ts";
import { formatRunId } from "../../run.ts";
import { findRun } from "../../runs/find.ts";
import { argument, option } from "../argv.ts";
import { defineCommand } from "../command.ts";
import { openDeps } from "../open.ts";
import { writeOutputFile } from "../output_file.ts";
import { historyFor, parseOneRun, RUN_HINT } from "../tracking/run_ref.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner files hello-world-00046 logs/hello/step_0/logs.out": "Print a file from the run's folder",
    "pw-workflow-runner files hello-world#46 logs/hello/step_1/logs.out -o mpi.log":
      "Save it to a file that does not exist yet",
  },
  notes:
    "PATH is relative to the run's folder. Files are read as UTF-8 text. Each step of `status RUN --json` names its " +
    "log as logPath.",
  args: {
    run: argument("RUN", { completes: "run", hint: RUN_HINT }),
    path: argument("PATH", {}),
    output: option("FILE", "Write to this file, which must not exist yet", { short: "o", completes: "file" }),
  },
  async run({ context, output, signal, values }) {
    const { path } = values;
    const ref = parseOneRun([values.run]);
    await using deps = await openDeps({ context, output, signal, values }, historyFor([ref]));
    const runId = await findRun(deps, ref, { signal });
    const text = await deps.client.readRunFile(runId, path, { signal });
    if (text === null) {
      throw new NotFound(`Cannot read ${path} of run ${formatRunId(runId)}: the server has no such file of this run`, {
        hint: "PATH is relative to the run's folder, and a log exists once its step has written something",
      });
    }
    if (values.output !== undefined) return await writeOutputFile(context, values.output, text);
    for await (const piece of text) {
      if (context.stdout.isTerminal) output.raw(piece);
      else context.stdout.write(piece);
    }
  },
});
